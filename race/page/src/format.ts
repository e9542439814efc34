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

export const records = (value: number): string => grouped.format(value);
export const milliseconds = (value: number): string =>
  `${value >= 100 || value === 0 ? grouped.format(value) : significant(value, 3)} ms`;

/** Three significant digits: 12.3 s, 211 s; below one second in milliseconds. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${significant(ms, 3)} ms`;
  return `${three.format(ms / 1000)} s`;
}

/** Tenths of a second, for a running clock. */
export const clock = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const ratio = (value: number): string =>
  value < 9.95 ? value.toPrecision(2) : significant(value, 3);

export const percent = (part: number): string => `${significant(part * 100, 2)} %`;

/** Dollars with three significant digits. */
export function usd(value: number): string {
  const sign = value < 0 ? "−" : "";
  return value === 0 ? "$0" : `${sign}$${three.format(Math.abs(value))}`;
}

export const memory = (mb: number): string => `${grouped.format(mb)} MB`;

export function bytes(value: number): string {
  const unit = value >= 1_000_000 ? ([1_000_000, "MB"] as const) : ([1000, "KB"] as const);
  return `${significant(value / unit[0], 3)} ${unit[1]}`;
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
