// What the gateway and the page server say. Anything else is not a message, and is let lie.

export type Format = "csv" | "json";
export type WorkPhase = "download" | "parse" | "write";

export interface Answer {
  records: number;
  written: number;
  total_ms: number;
  phases: { s3_ms: number; parse_ms: number; write_ms: number };
}
export interface Failure {
  errorType: string;
  errorMessage?: string;
}
export interface Content {
  count: number;
  digest: string;
}
export interface Difference {
  key: string;
  fields: { field: string; expected: unknown; actual: unknown }[];
}
export interface LaneContent extends Content {
  missing: number;
  extra: number;
  changed: number;
  first: Difference[];
}
export interface Course {
  format: Format;
  memory_mb: number;
  cold: boolean;
}
interface OfRace {
  race: string;
  at_ms: number;
}
interface OfLane extends OfRace {
  lane: string;
}

export type RaceMessage =
  | ({ type: "clearing" } & OfRace & Course)
  | ({ type: "started"; order: string[] } & OfRace & Course)
  | ({ type: "running"; cold: boolean } & OfLane)
  | ({ type: "phase"; phase: WorkPhase } & OfLane)
  | ({ type: "progress"; records: number } & OfLane)
  | ({ type: "finished"; answer: Answer; telling_ms: number } & OfLane)
  | ({ type: "failed"; error: Failure } & OfLane)
  | ({ type: "report"; report: string | null; headers: Record<string, string> } & OfLane)
  | ({
      type: "verified";
      identical: boolean;
      expected: Content;
      lanes: Record<string, LaneContent>;
    } & OfRace);
export interface Warmed {
  type: "warmed";
  at_ms: number;
  lane: string;
  memory_mb: number;
  report: string | null;
  error: string | null;
}
export type Action = "warmup" | "run" | "verify";
export interface Accepted {
  type: "accepted";
  action: string;
}
export interface Refused {
  type: "refused";
  action: string;
  reason: string;
}
export type Message = RaceMessage | Warmed | Accepted | Refused;

export type Request =
  | { action: "warmup"; token: string; memory_mb: number }
  | ({ action: "run"; token: string } & Course)
  | { action: "verify" };

export interface LaneOfSite {
  name: string;
  title: string;
  runtime: string;
  zip_bytes: number;
}
export interface Tier {
  memory_mb: number;
  vcpu: number;
}
export interface Prices {
  per_request_usd: number;
  gb_second_usd: number;
  services_usd_per_race: Record<string, number>;
  as_of: string;
  region: string;
}
export interface Site {
  schema: 2;
  target: "local" | "aws";
  websocket: string | null;
  token: string | null;
  region: string;
  architecture: string;
  records: number;
  lanes: LaneOfSite[];
  formats: Format[];
  tiers: Tier[];
  /** A digest of those of its races: these are compared where it is the same. */
  conditions: string;
  caveats: { label: string; text: string }[];
  modelled: string | null;
  prices: Prices;
}
export interface RecordedRace {
  schema: 2;
  race: string;
  site: Site;
  messages: RaceMessage[];
}
export interface RaceSummary extends Course {
  race: string;
  target: Site["target"];
  /** Its site's. */
  conditions: string;
  began_ms: number;
  over: boolean;
  identical: boolean | null;
  lanes: Record<string, { total_ms: number | null; init_ms: number | null; failed: string | null }>;
}
export interface SourceFile {
  path: string;
  language: string;
  text: string;
}
export type Code = Record<string, SourceFile[]>;
/** What an export holds; `code` is there where the page server put it in. */
export interface Exported {
  site: Site;
  races: RecordedRace[];
  code: Code | null;
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const truth: Check = (value) => typeof value === "boolean";
const number: Check = (value) => typeof value === "number" && Number.isFinite(value);
const count: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const anything: Check = () => true;
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...allowed: unknown[]): Check =>
  (value) =>
    allowed.includes(value);
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const map =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
// More fields than these are let be: a newer sender may say more.
const shape =
  (fields: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const content = { count, digest: text };
const course = { format: oneOf("csv", "json"), memory_mb: count, cold: truth };
const ofRace = { race: text, at_ms: number };
const ofLane = { ...ofRace, lane: text };
const difference = shape({ key: text, fields: list(shape({ field: text, expected: anything })) });
const phases = shape({ s3_ms: number, parse_ms: number, write_ms: number });

const MESSAGES: Record<Message["type"], Check> = {
  accepted: shape({ action: text }),
  refused: shape({ action: text, reason: text }),
  warmed: shape({
    at_ms: number,
    lane: text,
    memory_mb: count,
    report: nullable(text),
    error: nullable(text),
  }),
  clearing: shape({ ...ofRace, ...course }),
  started: shape({ ...ofRace, ...course, order: list(text) }),
  running: shape({ ...ofLane, cold: truth }),
  phase: shape({ ...ofLane, phase: oneOf("download", "parse", "write") }),
  progress: shape({ ...ofLane, records: count }),
  finished: shape({
    ...ofLane,
    answer: shape({ records: count, written: count, total_ms: number, phases }),
    telling_ms: number,
  }),
  failed: shape({ ...ofLane, error: shape({ errorType: text, errorMessage: optional(text) }) }),
  report: shape({ ...ofLane, report: nullable(text), headers: map(text) }),
  verified: shape({
    ...ofRace,
    identical: truth,
    expected: shape(content),
    lanes: map(
      shape({ ...content, missing: count, extra: count, changed: count, first: list(difference) }),
    ),
  }),
};

const site = shape({
  schema: oneOf(2),
  target: oneOf("local", "aws"),
  websocket: nullable(text),
  token: nullable(text),
  region: text,
  architecture: text,
  records: count,
  lanes: list(shape({ name: text, title: text, runtime: text, zip_bytes: count })),
  formats: list(oneOf("csv", "json")),
  tiers: list(shape({ memory_mb: count, vcpu: number })),
  conditions: text,
  caveats: list(shape({ label: text, text })),
  modelled: nullable(text),
  prices: shape({
    per_request_usd: number,
    gb_second_usd: number,
    services_usd_per_race: map(number),
    as_of: text,
    region: text,
  }),
});
const summary = shape({
  race: text,
  target: oneOf("local", "aws"),
  conditions: text,
  ...course,
  began_ms: number,
  over: truth,
  identical: nullable(truth),
  lanes: map(
    shape({ total_ms: nullable(number), init_ms: nullable(number), failed: nullable(text) }),
  ),
});
const code = map(list(shape({ path: text, language: text, text })));

function message(value: unknown): Message | null {
  const type = isObject(value) ? value["type"] : null;
  const check = typeof type === "string" && Object.hasOwn(MESSAGES, type) ? type : null;
  return check && MESSAGES[check as Message["type"]](value) ? (value as Message) : null;
}

export const ofARace = (told: Message): told is RaceMessage => "race" in told;

/** A frame of the WebSocket; null where it is not a message. */
export function parseMessage(frame: unknown): Message | null {
  if (typeof frame !== "string") return null;
  try {
    return message(JSON.parse(frame));
  } catch {
    return null;
  }
}

export const parseSite = (value: unknown): Site | null => (site(value) ? (value as Site) : null);

/** The answer of /code.json, or an export's: each lane's files. */
export const parseCode = (value: unknown): Code | null =>
  isObject(value) && code(value["lanes"]) ? (value["lanes"] as Code) : null;

/** A recorded race; what is not a message of it is left out. */
export function parseRace(value: unknown): RecordedRace | null {
  if (!isObject(value) || !text(value["race"]) || !site(value["site"])) return null;
  if (value["schema"] !== 2 || !Array.isArray(value["messages"])) return null;
  const messages = value["messages"].flatMap((one: unknown) => {
    const told = message(one);
    return told !== null && ofARace(told) ? [told] : [];
  });
  return { ...(value as unknown as RecordedRace), messages };
}

/** The list of races; a row that is none does not hide the others. */
export function parseSummaries(value: unknown): RaceSummary[] | null {
  if (!isObject(value) || !Array.isArray(value["races"])) return null;
  return value["races"].filter((row): row is RaceSummary => summary(row));
}

/** What stands in the page's data element: null where the page is served. */
export function parseExported(value: unknown): Exported | null {
  if (!isObject(value) || value["exported"] !== true || !Array.isArray(value["races"])) return null;
  const known = parseSite(value["site"]);
  // Wherever the file is opened, nobody is asked for anything.
  const about = known && { ...known, websocket: null, token: null };
  const races = value["races"].flatMap((one: unknown) => parseRace(one) ?? []);
  return about && { site: about, races, code: parseCode(value["code"]) };
}
