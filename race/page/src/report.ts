// Lambda's REPORT line, and what the local Lambda adds to it in a header.

export interface ReportLine {
  duration_ms: number;
  billed_ms: number;
  memory_mb: number;
  init_ms: number | null;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html; null if it is another line. */
export function parseReport(line: string): ReportLine | null {
  const figure = (name: string): number | null => {
    const field = new RegExp(`(?:^|\\t)${name}: ([^\\t\\n]+)`).exec(line)?.[1];
    const value = Number.parseFloat(field ?? "");
    return Number.isFinite(value) ? value : null;
  };
  const duration_ms = figure("Duration");
  const billed_ms = figure("Billed Duration");
  const memory_mb = figure("Memory Size");
  if (!line.startsWith("REPORT ")) return null;
  if (duration_ms === null || billed_ms === null || memory_mb === null) return null;
  return { duration_ms, billed_ms, memory_mb, init_ms: figure("Init Duration") };
}

/** How long the latency model delayed at least one of the function's requests. */
export function modelledMs(headers: Record<string, string>): number | null {
  try {
    const service: unknown = JSON.parse(headers["x-lambdameter-service"] ?? "null");
    const modelled = (service as { modelled_ms?: unknown } | null)?.modelled_ms;
    return typeof modelled === "number" ? modelled : null;
  } catch {
    return null;
  }
}
