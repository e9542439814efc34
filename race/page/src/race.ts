// Messages -> the state of a race. Pure; messages may come in any order, and more than once.

import type {
  Answer,
  LambdaError,
  Phase,
  RaceMessage,
  RaceSite,
  RaceSummary,
  RecordedRace,
  Verified,
} from "./messages";
import type { RaceParameters } from "./model";
import { modelledMs, parseReport, type ReportLine } from "./report";

export interface Point {
  at_ms: number;
  records: number;
}
export interface Lane {
  name: string;
  /** When the handler began, and whether it was the environment's first invocation. */
  running: { at_ms: number; cold: boolean } | null;
  phases: { phase: Phase; at_ms: number }[];
  /** Ascending by records. */
  points: Point[];
  finished: { at_ms: number; answer: Answer; telling_ms: number } | null;
  failed: { at_ms: number; error: LambdaError } | null;
  /** `line` is null if the invocation is over and Lambda returned no REPORT line. */
  report: {
    at_ms: number;
    line: string | null;
    parsed: ReportLine | null;
    modelled_ms: number | null;
  } | null;
}
export interface Race {
  id: string;
  parameters: RaceParameters | null;
  clearing_ms: number | null;
  started: { at_ms: number; order: string[] } | null;
  lanes: Record<string, Lane>;
  verified: Verified | null;
  /** The first and the last message, by the senders' clocks. */
  first_ms: number;
  last_ms: number;
}
export type LanePhase = "waiting" | "start" | Phase | "done" | "failed";

const PHASES: readonly Phase[] = ["download", "parse", "write"];

const emptyRace = ({ race, at_ms }: RaceMessage): Race => ({
  id: race,
  parameters: null,
  clearing_ms: null,
  started: null,
  lanes: {},
  verified: null,
  first_ms: at_ms,
  last_ms: at_ms,
});

const emptyLane = (name: string): Lane => ({
  name,
  running: null,
  phases: [],
  points: [],
  finished: null,
  failed: null,
  report: null,
});

/** The race with this message; the same object if the message says nothing new. */
export function reduce(race: Race | null, message: RaceMessage): Race {
  const before = race ?? emptyRace(message);
  if (before.id !== message.race) return before;
  const after = "lane" in message ? withLane(before, message) : withRace(before, message);
  if (after === before && race !== null) return before;
  return {
    ...after,
    first_ms: Math.min(after.first_ms, message.at_ms),
    // The verification is not part of the race's time.
    last_ms: message.type === "verified" ? after.last_ms : Math.max(after.last_ms, message.at_ms),
  };
}

type LaneMessage = Extract<RaceMessage, { lane: string }>;

function withRace(race: Race, message: Exclude<RaceMessage, LaneMessage>): Race {
  const { at_ms } = message;
  switch (message.type) {
    case "clearing":
      if (race.clearing_ms !== null) return race;
      return { ...race, parameters: parametersOf(message), clearing_ms: at_ms };
    case "started":
      if (race.started !== null) return race;
      return {
        ...race,
        parameters: parametersOf(message),
        started: { at_ms, order: message.order },
      };
    case "verified":
      // A race may be verified again: the last verdict counts.
      if (race.verified !== null && race.verified.at_ms >= at_ms) return race;
      return { ...race, verified: message };
  }
}

const parametersOf = ({ format, memory_mb, cold }: RaceParameters): RaceParameters => ({
  format,
  memory_mb,
  cold,
});

function withLane(race: Race, message: LaneMessage): Race {
  const before = race.lanes[message.lane] ?? emptyLane(message.lane);
  const after = reduceLane(before, message);
  return after === before ? race : { ...race, lanes: { ...race.lanes, [message.lane]: after } };
}

function reduceLane(lane: Lane, message: LaneMessage): Lane {
  const { at_ms } = message;
  switch (message.type) {
    case "running":
      return lane.running ? lane : { ...lane, running: { at_ms, cold: message.cold } };
    case "phase":
      return withPhase(lane, message.phase, at_ms);
    case "progress":
      return withPoint(lane, { at_ms, records: message.records });
    case "finished": {
      const { answer, telling_ms } = message;
      return lane.finished ? lane : { ...lane, finished: { at_ms, answer, telling_ms } };
    }
    case "failed":
      // The racer's own error comes first; the runner's describes the invocation that it ended.
      if (lane.failed && lane.failed.at_ms <= at_ms) return lane;
      return { ...lane, failed: { at_ms, error: message.error } };
    case "report": {
      if (lane.report) return lane;
      const line = message.report;
      const parsed = line === null ? null : parseReport(line);
      const modelled_ms = modelledMs(message.headers);
      return { ...lane, report: { at_ms, line, parsed, modelled_ms } };
    }
  }
}

function withPhase(lane: Lane, phase: Phase, at_ms: number): Lane {
  if (lane.phases.some((known) => known.phase === phase)) return lane;
  const phases = [...lane.phases, { phase, at_ms }].toSorted(
    (a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase),
  );
  return { ...lane, phases };
}

function withPoint(lane: Lane, point: Point): Lane {
  if (lane.points.some(({ records }) => records === point.records)) return lane;
  return { ...lane, points: [...lane.points, point].toSorted((a, b) => a.records - b.records) };
}

/** The race of these messages; null if there are none. */
export function fold(messages: Iterable<RaceMessage>): Race | null {
  let race: Race | null = null;
  for (const message of messages) race = reduce(race, message);
  return race;
}

export function phaseOf(race: Race, name: string): LanePhase {
  const lane = race.lanes[name];
  if (lane?.failed) return "failed";
  if (lane?.finished) return "done";
  const phase = lane?.phases.at(-1)?.phase;
  if (phase) return phase;
  return race.started || lane?.running ? "start" : "waiting";
}

/** Every lane has a REPORT line, or failed: then there may be none. */
export function isOver(race: Race, names: readonly string[]): boolean {
  return names.every((name) => race.lanes[name]?.report || race.lanes[name]?.failed);
}

/** When the racers were invoked; if that message was missed, the first message. */
export const beganMs = (race: Race): number => race.started?.at_ms ?? race.first_ms;

/** When a lane ended, by its racer's clock if possible. */
function endedMs(lane: Lane | undefined): number | null {
  return lane?.finished?.at_ms ?? lane?.failed?.at_ms ?? lane?.report?.at_ms ?? null;
}

/** Time since the racers were invoked, until the lane's end; null before the start. */
export function elapsedMs(race: Race, name: string, now_ms: number): number | null {
  if (!race.started && !race.lanes[name]?.running) return null;
  return Math.max(0, (endedMs(race.lanes[name]) ?? now_ms) - beganMs(race));
}

export function recordsOf(lane: Lane | undefined): number {
  return lane?.finished?.answer.written ?? lane?.points.at(-1)?.records ?? 0;
}

/** Records per second of writing: by the answer, and before that by the messages' times. */
export function recordsPerSecond(lane: Lane | undefined): number | null {
  if (!lane) return null;
  if (lane.finished) {
    const { written, phases } = lane.finished.answer;
    return phases.write_ms > 0 ? (written / phases.write_ms) * 1_000 : null;
  }
  const from = lane.phases.find(({ phase }) => phase === "write");
  const last = lane.points.at(-1);
  if (!from || !last || last.at_ms <= from.at_ms) return null;
  return (last.records / (last.at_ms - from.at_ms)) * 1_000;
}

export interface TimeSpan {
  kind: "start" | "cold" | Phase;
  ms: number;
}

/**
 * Where a lane's time went. While the lane runs, by the times of its messages; at the end by its
 * answer and REPORT's Init Duration. Before the REPORT line, the time from the invocation to the
 * handler's begin is "start".
 */
export function timeSpans(race: Race, name: string, now_ms: number): TimeSpan[] {
  const lane = race.lanes[name];
  return [...startSpan(race, lane, now_ms), ...phaseSpans(lane, now_ms)];
}

function startSpan(race: Race, lane: Lane | undefined, now_ms: number): TimeSpan[] {
  const report = lane?.report?.parsed;
  if (report) return report.init_ms === null ? [] : [{ kind: "cold", ms: report.init_ms }];
  if (!race.started || lane?.running?.cold === false) return [];
  const until = lane?.running?.at_ms ?? endedMs(lane) ?? now_ms;
  return [{ kind: "start", ms: Math.max(0, until - race.started.at_ms) }];
}

function phaseSpans(lane: Lane | undefined, now_ms: number): TimeSpan[] {
  if (lane?.finished) {
    const { s3_ms, parse_ms, write_ms } = lane.finished.answer.phases;
    return [
      { kind: "download", ms: s3_ms },
      { kind: "parse", ms: parse_ms },
      { kind: "write", ms: write_ms },
    ];
  }
  return (lane?.phases ?? []).map(({ phase, at_ms }, index, phases) => {
    const until = phases[index + 1]?.at_ms ?? endedMs(lane) ?? now_ms;
    return { kind: phase, ms: Math.max(0, until - at_ms) };
  });
}

/** When a lane had written this many records, interpolated between two messages; null: not yet. */
export function reachedMs(lane: Lane | undefined, records: number): number | null {
  if (!lane) return null;
  const start = lane.phases.find(({ phase }) => phase === "write") ?? lane.running;
  let before: Point | null = start ? { at_ms: start.at_ms, records: 0 } : null;
  for (const point of lane.points) {
    if (point.records >= records) {
      if (!before) return point.at_ms;
      const part = (records - before.records) / (point.records - before.records);
      return before.at_ms + part * (point.at_ms - before.at_ms);
    }
    before = point;
  }
  const { finished } = lane;
  return finished && finished.answer.written >= records ? finished.at_ms : null;
}

export interface Gap {
  leader: string;
  records: number;
  /** How much earlier the leader had as many records as the last lane has now; null: unknown. */
  ms: number | null;
}

/** How far the last lane is behind the first; null until a lane has written records. */
export function gap(race: Race, names: readonly string[]): Gap | null {
  const order = names
    .flatMap((name) => race.lanes[name] ?? [])
    .filter(({ failed }) => !failed)
    .toSorted(
      (a, b) =>
        recordsOf(b) - recordsOf(a) ||
        (endedMs(a) ?? Number.MAX_VALUE) - (endedMs(b) ?? Number.MAX_VALUE),
    );
  const [first, last] = [order[0], order.at(-1)];
  if (!first || !last || first === last || recordsOf(first) === 0) return null;
  const records = recordsOf(last);
  return {
    leader: first.name,
    records: recordsOf(first) - records,
    ms: gapMs(first, last, records),
  };
}

function gapMs(first: Lane, last: Lane, records: number): number | null {
  const finished = first.finished && last.finished;
  if (!finished && records === 0) return null;
  const from = finished ? endedMs(first) : reachedMs(first, records);
  const to = finished ? endedMs(last) : reachedMs(last, records);
  return from === null || to === null ? null : Math.max(0, to - from);
}

/** The part of a lane's Duration that comes from the latency model, 0 to 1; null: unknown. */
export function modelledShare(lane: Lane | undefined): number | null {
  const modelled = lane?.report?.modelled_ms ?? null;
  const duration = lane?.report?.parsed?.duration_ms;
  return modelled !== null && duration ? Math.min(1, modelled / duration) : null;
}

/** The same as the page server's list says; null if the parameters are not known. */
export function summarise({ site, messages }: RecordedRace): RaceSummary | null {
  const race = fold(messages);
  return race && summaryOf(race, site);
}

export function summaryOf(race: Race, site: RaceSite): RaceSummary | null {
  if (!race.parameters) return null;
  const names = site.lanes.map(({ name }) => name);
  const lanes: RaceSummary["lanes"] = {};
  for (const name of names) {
    const lane = race.lanes[name];
    lanes[name] = {
      total_ms: lane?.finished?.answer.total_ms ?? null,
      init_ms: lane?.report?.parsed?.init_ms ?? null,
      failed: lane?.failed?.error.errorType ?? null,
    };
  }
  return {
    race: race.id,
    target: site.target,
    conditions: site.conditions,
    ...race.parameters,
    began_ms: race.clearing_ms ?? beganMs(race),
    over: isOver(race, names),
    identical: race.verified?.identical ?? null,
    lanes,
  };
}
