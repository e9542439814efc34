// Where recorded races come from: the page server, or the page itself where it is an export.

import {
  type Code,
  type Exported,
  parseCode,
  parseRace,
  parseSite,
  parseSummaries,
  type RaceSummary,
  type RecordedRace,
  type Site,
} from "./protocol";
import { summarise } from "./race";

export interface Library {
  summaries(): Promise<RaceSummary[]>;
  race(id: string): Promise<RecordedRace>;
  /** False: `code` would be rejected. */
  readonly hasCode: boolean;
  code(): Promise<Code>;
}

async function answer(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function checked<Kind>(path: string, parse: (value: unknown) => Kind | null): Promise<Kind> {
  const value = parse(await answer(path));
  if (value === null) throw new Error(`${path} is not what this page understands`);
  return value;
}

export const site = (): Promise<Site> => checked("/site.json", parseSite);

/** The race that is on, or was on last; null where there was none. */
export const currentRace = (): Promise<unknown> => answer("/races/current.json");

export const served: Library = {
  summaries: () => checked("/races.json", parseSummaries),
  race: (id) => checked(`/races/${encodeURIComponent(id)}.json`, parseRace),
  hasCode: true,
  code: () => checked("/code.json", parseCode),
};

/** Everything is in the page: nothing is asked of anybody. */
export function within(exported: Exported): Library {
  const summaries = exported.races
    .flatMap((race) => summarise(race) ?? [])
    .toSorted((a, b) => b.began_ms - a.began_ms);
  return {
    summaries: () => Promise.resolve(summaries),
    race(id) {
      const race = exported.races.find((one) => one.race === id);
      return race ? Promise.resolve(race) : Promise.reject(new Error(`No race ${id}`));
    },
    hasCode: exported.code !== null,
    code: () =>
      exported.code ? Promise.resolve(exported.code) : Promise.reject(new Error("No code")),
  };
}
