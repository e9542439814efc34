// Messages -> the state of a race. Pure; in any order, and however often a message comes.

import type {
  Answer,
  Course,
  Failure,
  RaceMessage,
  RaceSummary,
  RecordedRace,
  Site,
  WorkPhase,
} from "./protocol";
import { modelledMs, parseReport, type Report } from "./report";

export interface Point {
  at_ms: number;
  records: number;
}
export interface Lane {
  name: string;
  /** When the handler began, and whether it was the first call of its environment. */
  running: { at_ms: number; cold: boolean } | null;
  phases: { phase: WorkPhase; at_ms: number }[];
  /** By records, ascending. */
  points: Point[];
  finished: { at_ms: number; answer: Answer; telling_ms: number } | null;
  failed: { at_ms: number; error: Failure } | null;
  /** `line` is null where Lambda said nothing of an invocation that is over. */
  report: {
    at_ms: number;
    line: string | null;
    parsed: Report | null;
    modelled_ms: number | null;
  } | null;
}
export type Verified = Extract<RaceMessage, { type: "verified" }>;
export interface Race {
  id: string;
  course: Course | null;
  clearing_ms: number | null;
  started: { at_ms: number; order: string[] } | null;
  lanes: Record<string, Lane>;
  verified: Verified | null;
  /** The first and the last thing that was heard, by the senders' clocks. */
  first_ms: number;
  last_ms: number;
}
export type Phase = "waiting" | "start" | WorkPhase | "done" | "failed";

const PHASES: readonly WorkPhase[] = ["download", "parse", "write"];

function empty(told: RaceMessage): Race {
  return {
    id: told.race,
    course: null,
    clearing_ms: null,
    started: null,
    lanes: {},
    verified: null,
    first_ms: told.at_ms,
    last_ms: told.at_ms,
  };
}

const emptyLane = (name: string): Lane => ({
  name,
  running: null,
  phases: [],
  points: [],
  finished: null,
  failed: null,
  report: null,
});

/** The race with this told as well; the same object where that was known already. */
export function reduce(race: Race | null, told: RaceMessage): Race {
  const before = race ?? empty(told);
  if (before.id !== told.race) return before;
  const after = "lane" in told ? withLane(before, told) : withRace(before, told);
  if (after === before && race !== null) return before;
  return {
    ...after,
    first_ms: Math.min(after.first_ms, told.at_ms),
    // A verification is not part of the race's time.
    last_ms: told.type === "verified" ? after.last_ms : Math.max(after.last_ms, told.at_ms),
  };
}

type OfLane = Extract<RaceMessage, { lane: string }>;

function withRace(race: Race, told: Exclude<RaceMessage, OfLane>): Race {
  switch (told.type) {
    case "clearing":
      if (race.clearing_ms !== null) return race;
      return { ...race, course: courseOf(told), clearing_ms: told.at_ms };
    case "started":
      if (race.started !== null) return race;
      return {
        ...race,
        course: courseOf(told),
        started: { at_ms: told.at_ms, order: told.order },
      };
    case "verified":
      // It can be asked for again: the last word counts.
      if (race.verified !== null && race.verified.at_ms >= told.at_ms) return race;
      return { ...race, verified: told };
  }
}

const courseOf = ({ format, memory_mb, cold }: Course): Course => ({ format, memory_mb, cold });

function withLane(race: Race, told: OfLane): Race {
  const before = race.lanes[told.lane] ?? emptyLane(told.lane);
  const after = lane(before, told);
  return after === before ? race : { ...race, lanes: { ...race.lanes, [told.lane]: after } };
}

function lane(known: Lane, told: OfLane): Lane {
  const { at_ms } = told;
  switch (told.type) {
    case "running":
      return known.running ? known : { ...known, running: { at_ms, cold: told.cold } };
    case "phase":
      if (known.phases.some(({ phase }) => phase === told.phase)) return known;
      return {
        ...known,
        phases: [...known.phases, { phase: told.phase, at_ms }].toSorted(
          (a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase),
        ),
      };
    case "progress":
      if (known.points.some(({ records }) => records === told.records)) return known;
      return {
        ...known,
        points: [...known.points, { at_ms, records: told.records }].toSorted(
          (a, b) => a.records - b.records,
        ),
      };
    case "finished":
      if (known.finished) return known;
      return {
        ...known,
        finished: { at_ms, answer: told.answer, telling_ms: told.telling_ms },
      };
    case "failed":
      // The handler's own words come first; the runner's are of the invocation that they ended.
      if (known.failed && known.failed.at_ms <= at_ms) return known;
      return { ...known, failed: { at_ms, error: told.error } };
    case "report": {
      if (known.report) return known;
      const parsed = told.report === null ? null : parseReport(told.report);
      const modelled_ms = modelledMs(told.headers);
      return { ...known, report: { at_ms, line: told.report, parsed, modelled_ms } };
    }
  }
}

/** All of a race's messages at once; null where there are none of this race. */
export function fold(messages: Iterable<RaceMessage>): Race | null {
  let race: Race | null = null;
  for (const told of messages) race = reduce(race, told);
  return race;
}

export function phaseOf(race: Race, name: string): Phase {
  const known = race.lanes[name];
  if (known?.failed) return "failed";
  if (known?.finished) return "done";
  const phase = known?.phases.at(-1)?.phase;
  if (phase) return phase;
  return race.started || known?.running ? "start" : "waiting";
}

/** Every lane has its REPORT, or failed: then there may be none. */
export function isOver(race: Race, names: readonly string[]): boolean {
  return names.every((name) => race.lanes[name]?.report || race.lanes[name]?.failed);
}

/** When both racers were asked; where that was missed, the first thing that is known. */
export const beganMs = (race: Race): number => race.started?.at_ms ?? race.first_ms;

/** When a lane ended, by its own word. */
export function endedMs(known: Lane | undefined): number | null {
  return known?.finished?.at_ms ?? known?.failed?.at_ms ?? known?.report?.at_ms ?? null;
}

/** Milliseconds since the racers were asked; stands still at the lane's end. Null before. */
export function elapsedMs(race: Race, name: string, now_ms: number): number | null {
  if (!race.started && !race.lanes[name]?.running) return null;
  return Math.max(0, (endedMs(race.lanes[name]) ?? now_ms) - beganMs(race));
}

export function recordsOf(known: Lane | undefined): number {
  return known?.finished?.answer.written ?? known?.points.at(-1)?.records ?? 0;
}

/** Records per second of writing: so far by the messages' times, at the end by the answer's. */
export function rate(known: Lane | undefined): number | null {
  if (!known) return null;
  if (known.finished) {
    const { written, phases } = known.finished.answer;
    return phases.write_ms > 0 ? (written / phases.write_ms) * 1000 : null;
  }
  const from = known.phases.find(({ phase }) => phase === "write");
  const last = known.points.at(-1);
  if (!from || !last || last.at_ms <= from.at_ms) return null;
  return (last.records / (last.at_ms - from.at_ms)) * 1000;
}

export interface Stretch {
  kind: "start" | "cold" | WorkPhase;
  ms: number;
}

/**
 * Where a lane's time went, in true milliseconds. While it runs, by the times of its messages;
 * at the end by its answer, and the cold start is REPORT's Init Duration. Until then it is "start":
 * from the runner's asking to the handler's beginning.
 */
export function stretches(race: Race, name: string, now_ms: number): Stretch[] {
  const known = race.lanes[name];
  const result: Stretch[] = [];
  const init_ms = known?.report?.parsed?.init_ms ?? null;
  if (known?.report?.parsed) {
    if (init_ms !== null) result.push({ kind: "cold", ms: init_ms });
  } else if (race.started && known?.running?.cold !== false) {
    const until = known?.running?.at_ms ?? endedMs(known) ?? now_ms;
    result.push({ kind: "start", ms: Math.max(0, until - race.started.at_ms) });
  }
  if (known?.finished) {
    const { s3_ms, parse_ms, write_ms } = known.finished.answer.phases;
    result.push({ kind: "download", ms: s3_ms });
    result.push({ kind: "parse", ms: parse_ms }, { kind: "write", ms: write_ms });
    return result;
  }
  known?.phases.forEach(({ phase, at_ms }, index) => {
    const until = known.phases[index + 1]?.at_ms ?? endedMs(known) ?? now_ms;
    result.push({ kind: phase, ms: Math.max(0, until - at_ms) });
  });
  return result;
}

/** When a lane had written so many records, between two messages by proportion; null: not yet. */
export function reachedMs(known: Lane | undefined, records: number): number | null {
  if (!known) return null;
  const start = known.phases.find(({ phase }) => phase === "write") ?? known.running;
  let before: Point | null = start ? { at_ms: start.at_ms, records: 0 } : null;
  for (const point of known.points) {
    if (point.records >= records) {
      if (!before) return point.at_ms;
      const part = (records - before.records) / (point.records - before.records);
      return before.at_ms + part * (point.at_ms - before.at_ms);
    }
    before = point;
  }
  const { finished } = known;
  return finished && finished.answer.written >= records ? finished.at_ms : null;
}

export interface Gap {
  leader: string;
  behind: string;
  records: number;
  /** How much earlier the leader had as many records as the other has now; null: it has none. */
  ms: number | null;
}

/** How far the last lane is behind the first; null where there is nothing to tell yet. */
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
  const between = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.max(0, to - from);
  const ms =
    first.finished && last.finished
      ? between(first.finished.at_ms, last.finished.at_ms)
      : records > 0
        ? between(reachedMs(first, records), reachedMs(last, records))
        : null;
  return { leader: first.name, behind: last.name, records: recordsOf(first) - records, ms };
}

/** Which part of a lane's Duration the latency model held, 0 to 1; null where nobody said. */
export function modelledShare(known: Lane | undefined): number | null {
  const held = known?.report?.modelled_ms ?? null;
  const duration = known?.report?.parsed?.duration_ms;
  return held !== null && duration ? Math.min(1, held / duration) : null;
}

/** What /races.json says of a race, from its messages; null where its course is not known. */
export function summarise({ site, messages }: RecordedRace): RaceSummary | null {
  const race = fold(messages);
  return race && summaryOf(race, site);
}

/** The same of a race that was held at this site. */
export function summaryOf(race: Race, site: Site): RaceSummary | null {
  if (!race.course) return null;
  const names = site.lanes.map(({ name }) => name);
  const lanes: RaceSummary["lanes"] = {};
  for (const name of names) {
    const known = race.lanes[name];
    lanes[name] = {
      total_ms: known?.finished?.answer.total_ms ?? null,
      init_ms: known?.report?.parsed?.init_ms ?? null,
      failed: known?.failed?.error.errorType ?? null,
    };
  }
  return {
    race: race.id,
    target: site.target,
    conditions: site.conditions,
    ...race.course,
    began_ms: race.clearing_ms ?? beganMs(race),
    over: isOver(race, names),
    identical: race.verified?.identical ?? null,
    lanes,
  };
}
