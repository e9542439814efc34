// Which races may be compared with each other, and the list of races. Pure.

import type { RaceSummary } from "./messages";
import type { RaceParameters } from "./model";
import type { Race } from "./race";

/** Mixed: some lanes had a cold start, others had not. */
export type StartKind = "cold" | "warm" | "mixed";
/** Races with the same format, memory size, kind of start and conditions are comparable. */
export interface Group {
  format: string;
  memory_mb: number;
  start: StartKind;
  conditions: string;
}

/** Cold if requested, or if every REPORT line says so: a new memory size causes cold starts, too. */
export function startKind({ cold, lanes }: Pick<RaceSummary, "cold" | "lanes">): StartKind {
  return kindOf(
    cold,
    Object.values(lanes).map(({ init_ms }) => init_ms !== null),
  );
}

/** The same of a race that may be running: without a REPORT line, the handler's word counts. */
export function currentStartKind(race: Race, requested: boolean): StartKind {
  const started = Object.values(race.lanes).filter(
    ({ running, report }) => running || report?.parsed,
  );
  return kindOf(
    requested,
    started.map(({ running, report }) =>
      report?.parsed ? report.parsed.init_ms !== null : running?.cold === true,
    ),
  );
}

function kindOf(requested: boolean, cold: readonly boolean[]): StartKind {
  if (requested || (cold.length > 0 && cold.every(Boolean))) return "cold";
  return cold.some(Boolean) ? "mixed" : "warm";
}

export const isColdStart = (race: RaceSummary): boolean => startKind(race) === "cold";

export const isComparable = (race: RaceSummary, group: Group): boolean =>
  hasParameters(race, group) && race.conditions === group.conditions;

export const hasParameters = (race: RaceSummary, group: Group): boolean =>
  race.format === group.format &&
  race.memory_mb === group.memory_mb &&
  startKind(race) === group.start;

/**
 * The newest finished race with this memory size and these conditions; if possible, with the same
 * format and kind of start.
 */
export function closestRace(
  history: readonly RaceSummary[],
  wanted: RaceParameters,
  conditions: string,
): RaceSummary | null {
  const likeness = (race: RaceSummary): number =>
    (race.format === wanted.format ? 2 : 0) + (isColdStart(race) === wanted.cold ? 1 : 0);
  return (
    history
      .filter((race) => race.over && race.memory_mb === wanted.memory_mb)
      .filter((race) => race.conditions === conditions)
      .toSorted((a, b) => likeness(b) - likeness(a))[0] ?? null
  );
}

/** The server's list, with a race that this page saw and the server may not have recorded yet. */
export function withOwnRace(
  history: readonly RaceSummary[],
  own: RaceSummary | null,
): readonly RaceSummary[] {
  if (!own) return history;
  const recorded = history.find(({ race }) => race === own.race);
  const merged = { ...own, identical: own.identical ?? recorded?.identical ?? null };
  const others = history.filter(({ race }) => race !== own.race);
  return [merged, ...others].toSorted((a, b) => b.began_ms - a.began_ms);
}
