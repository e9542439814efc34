// Figures as text: seconds, milliseconds, records, dollars. No other module formats figures.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const three = new Intl.NumberFormat("en-US", {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

/** With this number of significant digits at most, grouped thousands, and no exponent. */
function significant(value: number, digits: number): string {
  return new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }).format(value);
}

/** No line break separates a figure from its unit. */
const withUnit = (figure: string, unit: string): string => `${figure}\u00a0${unit}`;

export const records = (value: number): string => grouped.format(value);
export const milliseconds = (value: number): string =>
  withUnit(value >= 100 || value === 0 ? grouped.format(value) : significant(value, 3), "ms");

/** Three significant digits: 12.3 s, 211 s; below one second in milliseconds. */
export function duration(ms: number): string {
  if (ms < 999.5) return withUnit(significant(ms, 3), "ms");
  return withUnit(three.format(ms / 1_000), "s");
}

/** Tenths of a second, for a running clock. */
export const clock = (ms: number): string => withUnit((ms / 1_000).toFixed(1), "s");

export const ratio = (value: number): string =>
  value < 9.95 ? value.toPrecision(2) : significant(value, 3);

export const percent = (part: number): string => withUnit(significant(part * 100, 2), "%");

/** Dollars with three significant digits. */
export function usd(value: number): string {
  const sign = value < 0 ? "−" : "";
  return value === 0 ? "$0" : `${sign}$${three.format(Math.abs(value))}`;
}

export const memory = (mb: number): string => withUnit(grouped.format(mb), "MB");
export const vcpus = (share: number): string =>
  withUnit(String(Number(share.toPrecision(2))), "vCPU");

export function bytes(value: number): string {
  return value >= 1_000_000
    ? withUnit(significant(value / 1_000_000, 3), "MB")
    : withUnit(significant(value / 1_000, 3), "KB");
}

/** Date and time in the reader's time zone. */
export function moment(at_ms: number): string {
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).format(at_ms);
}
