// Which races may be compared with each other, and a list that holds them. Pure.

import type { Course, RaceSummary } from "./protocol";
import type { Race } from "./race";

/** Mixed: some lanes began in a new environment, and others did not. */
export type Start = "cold" | "warm" | "mixed";
export interface Kind {
  format: string;
  memory_mb: number;
  start: Start;
  conditions: string;
}

/** As asked for; else by what REPORT says: the first race after a change of tier is cold, too. */
export function startOf({ cold, lanes }: Pick<RaceSummary, "cold" | "lanes">): Start {
  return start(
    cold,
    Object.values(lanes).map(({ init_ms }) => init_ms !== null),
  );
}

/** Of a race that may be on: until REPORT is there, the handler's own word counts. */
export function startOfRace(race: Race, asked: boolean): Start {
  const begun = Object.values(race.lanes).filter(
    ({ running, report }) => running || report?.parsed,
  );
  return start(
    asked,
    begun.map(({ running, report }) =>
      report?.parsed ? report.parsed.init_ms !== null : running?.cold === true,
    ),
  );
}

function start(asked: boolean, cold: readonly boolean[]): Start {
  if (asked || (cold.length > 0 && cold.every(Boolean))) return "cold";
  return cold.some(Boolean) ? "mixed" : "warm";
}

export const alike = (race: RaceSummary, kind: Kind): boolean =>
  sameCourse(race, kind) && race.conditions === kind.conditions;

export const sameCourse = (race: RaceSummary, kind: Kind): boolean =>
  race.format === kind.format && race.memory_mb === kind.memory_mb && startOf(race) === kind.start;

/** Whether such a race is found where that was chosen. */
export const isCold = (race: RaceSummary): boolean => startOf(race) === "cold";

/**
 * The newest finished race of this tier and of these conditions, and as far as there is one of this
 * input and start.
 */
export function nearest(
  history: readonly RaceSummary[],
  wanted: Course,
  conditions: string,
): RaceSummary | null {
  const likeness = (race: RaceSummary): number =>
    (race.format === wanted.format ? 2 : 0) + (isCold(race) === wanted.cold ? 1 : 0);
  return (
    history
      .filter((race) => race.over && race.memory_mb === wanted.memory_mb)
      .filter((race) => race.conditions === conditions)
      .toSorted((a, b) => likeness(b) - likeness(a))[0] ?? null
  );
}

/** The list with a race that this page saw end: the page server hears of it a moment later. */
export function withOwn(
  history: readonly RaceSummary[],
  own: RaceSummary | null,
): readonly RaceSummary[] {
  if (!own) return history;
  const told = history.find(({ race }) => race === own.race);
  const mine = { ...own, identical: own.identical ?? told?.identical ?? null };
  const others = history.filter(({ race }) => race !== own.race);
  return [mine, ...others].toSorted((a, b) => b.began_ms - a.began_ms);
}
