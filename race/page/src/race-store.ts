// Where recorded races come from: the page server, or the page itself if it is an export.

import {
  type DeployedCode,
  type ExportedRaces,
  isDeployedCode,
  isRaceList,
  isRaceSite,
  isRecordedRace,
  type RaceSite,
  type RaceSummary,
  type RecordedRace,
} from "./messages";
import { summarise } from "./race";

export interface RaceStore {
  /** Newest first. */
  summaries(): Promise<readonly RaceSummary[]>;
  race(id: string): Promise<RecordedRace>;
  /** If false, `code` is rejected. */
  readonly hasCode: boolean;
  code(): Promise<DeployedCode>;
}

async function fetchJson(path: string): Promise<unknown> {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function fetchChecked<Kind>(
  path: string,
  isValid: (value: unknown) => value is Kind,
): Promise<Kind> {
  const value = await fetchJson(path);
  if (!isValid(value)) throw new Error(`The page does not understand ${path}`);
  return value;
}

export const fetchSite = (): Promise<RaceSite> => fetchChecked("/site.json", isRaceSite);

/** The race that is running, or ran last; null if there was none. */
export const fetchCurrentRace = (): Promise<unknown> => fetchJson("/races/current.json");

export const serverStore: RaceStore = {
  summaries: async () => (await fetchChecked("/races.json", isRaceList)).races,
  race: (id) => fetchChecked(`/races/${encodeURIComponent(id)}.json`, isRecordedRace),
  hasCode: true,
  code: () => fetchChecked("/code.json", isDeployedCode),
};

/** The races inside an exported page, which sends no request. */
export function exportStore({ races, code }: ExportedRaces): RaceStore {
  const summaries = races
    .flatMap((race) => summarise(race) ?? [])
    .toSorted((a, b) => b.began_ms - a.began_ms);
  const orReject = <Kind>(value: Kind | null | undefined): Promise<Kind> =>
    value ? Promise.resolve(value) : Promise.reject(new Error("The export does not have it"));
  return {
    summaries: () => Promise.resolve(summaries),
    race: (id) => orReject(races.find(({ race }) => race === id)),
    hasCode: code !== null,
    code: () => orReject(code),
  };
}
