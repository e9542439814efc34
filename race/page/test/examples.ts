// One race as its functions send it, with round figures so that tests are easy to read.

import type { RaceMessage, RaceSite, RecordedRace, Verified } from "../src/messages";

export const SITE: RaceSite = {
  schema: 2,
  target: "local",
  websocket: "ws://127.0.0.1:1/race",
  token: "t",
  region: "us-east-1",
  architecture: "arm64",
  records: 4000,
  lanes: [
    { name: "python", title: "Python", runtime: "python3.12", zip_bytes: 9000 },
    { name: "rust", title: "Rust", runtime: "provided.al2023", zip_bytes: 4_000_000 },
  ],
  formats: ["csv", "json"],
  tiers: [
    { memory_mb: 128, vcpu: 0.0724 },
    { memory_mb: 1024, vcpu: 0.579 },
  ],
  conditions: "c1",
  caveats: [{ label: "CPU", text: "cgroup v1" }],
  modelled: "latency",
  prices: {
    per_request_usd: 2e-7,
    gb_second_usd: 1e-5,
    services_usd_per_race: { python: 0.03, rust: 0.03 },
    as_of: "2026-10-01",
    region: "us-east-1",
  },
};
export const NAMES = ["python", "rust"];
export const START = 1_000_000;
/** Text with ordinary spaces: figures and their units have no-break spaces between them. */
export const spaced = (text: string): string => text.replaceAll("\u00a0", " ");

const RACE = "a1";
const PARAMETERS = { format: "csv", memory_mb: 1024, cold: true } as const;

/** A thousand records every `pace` milliseconds, after 100 ms of start, download and parse each. */
export function lane(name: string, pace: number): RaceMessage[] {
  const of = { race: RACE, lane: name };
  const at = (ms: number): { at_ms: number } => ({ at_ms: START + ms });
  const write_ms = 4 * pace;
  return [
    { type: "running", cold: true, ...at(100), ...of },
    { type: "phase", phase: "download", ...at(100), ...of },
    { type: "phase", phase: "parse", ...at(200), ...of },
    { type: "phase", phase: "write", ...at(300), ...of },
    ...[1, 2, 3, 4].map(
      (n): RaceMessage => ({ type: "progress", records: n * 1000, ...at(300 + n * pace), ...of }),
    ),
    {
      type: "finished",
      answer: {
        records: 4000,
        written: 4000,
        invalid: { count: 0, first: [] },
        retried_items: 0,
        total_ms: 200 + write_ms,
        phases: { s3_ms: 100, parse_ms: 100, write_ms },
      },
      telling_ms: 8,
      ...at(300 + write_ms),
      ...of,
    },
    {
      type: "report",
      report: `REPORT RequestId: r\tDuration: ${210 + write_ms}.00 ms\tBilled Duration: ${300 + write_ms} ms\tMemory Size: 1024 MB\tMax Memory Used: 99 MB\tInit Duration: 90.50 ms\t`,
      headers: { "x-lambdameter-service": `{"requests":{},"modelled_ms":${(210 + write_ms) / 4}}` },
      ...at(310 + write_ms),
      ...of,
    },
  ];
}

const digest = { count: 4000, digest: "d".repeat(64) };
const same = { ...digest, missing: 0, extra: 0, changed: 0, first: [] };
export const VERIFIED: Verified = {
  type: "verified",
  race: RACE,
  at_ms: START + 60_000,
  identical: true,
  expected: digest,
  lanes: { python: same, rust: same },
};
export const BEGIN: RaceMessage[] = [
  { type: "clearing", race: RACE, at_ms: START - 500, ...PARAMETERS },
  { type: "started", race: RACE, at_ms: START, order: ["rust", "python"], ...PARAMETERS },
];
/** Python takes 2,200 ms, Rust 1,400. */
export const WHOLE: RaceMessage[] = [
  ...BEGIN,
  ...lane("python", 500),
  ...lane("rust", 300),
].toSorted((a, b) => a.at_ms - b.at_ms);
export const failed = (name: string, at_ms = START + 900): RaceMessage => ({
  type: "failed",
  race: RACE,
  lane: name,
  at_ms,
  error: { errorType: "Runtime.OutOfMemory" },
});
export const until = (ms: number): RaceMessage[] =>
  WHOLE.filter(({ at_ms }) => at_ms <= START + ms);
export const recorded = (messages: RaceMessage[] = WHOLE): RecordedRace => ({
  schema: 2,
  race: RACE,
  site: SITE,
  messages,
});
