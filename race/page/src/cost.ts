// What one race of one lane costs, at list prices, and so many of them in a month.

import type { Prices } from "./protocol";
import type { Report } from "./report";

export interface Cost {
  /** Billed Duration times memory, and one request: https://aws.amazon.com/lambda/pricing/ */
  lambda_usd: number;
  /** What the services that the function calls cost, alike in every lane that does the same. */
  services_usd: number;
  total_usd: number;
}

const MS_PER_S = 1000;
const MB_PER_GB = 1024;

/** Of one invocation; null where no price of this lane's services is known. */
export function costOf(report: Report, lane: string, prices: Prices): Cost | null {
  const services_usd = prices.services_usd_per_race[lane];
  if (services_usd === undefined) return null;
  const gb_seconds = (report.billed_ms / MS_PER_S) * (report.memory_mb / MB_PER_GB);
  const lambda_usd = gb_seconds * prices.gb_second_usd + prices.per_request_usd;
  return { lambda_usd, services_usd, total_usd: lambda_usd + services_usd };
}

/** The slider's stops: 1, 2, 5, 10, ... up to a hundred million invocations a month. */
export const VOLUMES: readonly number[] = Array.from({ length: 25 }, (_, step) => {
  const lead = [1, 2, 5][step % 3] ?? 1;
  return lead * 10 ** Math.floor(step / 3);
});
