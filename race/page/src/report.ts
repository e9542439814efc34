// Lambda's REPORT line, and what only the local Lambda knows beside it.

export interface Report {
  duration_ms: number;
  billed_ms: number;
  memory_mb: number;
  max_memory_mb: number;
  init_ms: number | null;
  /** "error" or "timeout"; null where all went well. */
  status: string | null;
  error_type: string | null;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html; null where it is no REPORT. */
export function parseReport(line: string): Report | null {
  const field = (name: string): string | null =>
    new RegExp(`(?:^|\\t)${name}: ([^\\t\\n]+)`).exec(line)?.[1] ?? null;
  const figure = (name: string): number | null => {
    const value = Number.parseFloat(field(name) ?? "");
    return Number.isFinite(value) ? value : null;
  };
  const duration_ms = figure("Duration");
  const billed_ms = figure("Billed Duration");
  const memory_mb = figure("Memory Size");
  const max_memory_mb = figure("Max Memory Used");
  if (!line.startsWith("REPORT ") || duration_ms === null || billed_ms === null) return null;
  if (memory_mb === null || max_memory_mb === null) return null;
  return {
    duration_ms,
    billed_ms,
    memory_mb,
    max_memory_mb,
    init_ms: figure("Init Duration"),
    status: field("Status"),
    error_type: field("Error Type"),
  };
}

/** How long the latency model held at least one of the function's requests, in milliseconds. */
export function modelledMs(headers: Record<string, string>): number | null {
  try {
    const service: unknown = JSON.parse(headers["x-lambdameter-service"] ?? "null");
    const held = (service as { modelled_ms?: unknown } | null)?.modelled_ms;
    return typeof held === "number" ? held : null;
  } catch {
    return null;
  }
}
