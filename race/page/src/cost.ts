// What one race costs in a lane, at list prices.

import type { RacePrices } from "./messages";
import type { ReportLine } from "./report";

export interface Cost {
  /** Billed Duration times memory, and one request: https://aws.amazon.com/lambda/pricing/ */
  lambda_usd: number;
  /** The requests to S3 and DynamoDB; the same in every lane that does the same work. */
  services_usd: number;
  total_usd: number;
}

const MS_PER_S = 1000;
const MB_PER_GB = 1024;

/** The cost of one invocation; null if the price of the lane's services is unknown. */
export function costOf(report: ReportLine, lane: string, prices: RacePrices): Cost | null {
  const services_usd = prices.services_usd_per_race[lane];
  if (services_usd === undefined) return null;
  const gb_seconds = (report.billed_ms / MS_PER_S) * (report.memory_mb / MB_PER_GB);
  const lambda_usd = gb_seconds * prices.gb_second_usd + prices.per_request_usd;
  return { lambda_usd, services_usd, total_usd: lambda_usd + services_usd };
}

/** The slider's steps: 1, 2, 5, 10, ... up to 100 million invocations per month. */
export const VOLUMES: readonly number[] = Array.from({ length: 25 }, (_, step) => {
  const lead = [1, 2, 5][step % 3] ?? 1;
  return lead * 10 ** Math.floor(step / 3);
});
