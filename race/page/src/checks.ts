// Checks of JSON values; messages.ts combines them.

export type Check = (value: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text: Check = (value) => typeof value === "string";
export const truth: Check = (value) => typeof value === "boolean";
export const number: Check = (value) => typeof value === "number";
export const count: Check = (value) => Number.isInteger(value) && Number(value) >= 0;
export const nothing: Check = (value) => value === null;
export const anything: Check = (value) => value !== undefined;

export const anyOf =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
export const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
/** Other fields than these are ignored: functions on AWS may be newer than the page. */
export const object =
  (fields: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
