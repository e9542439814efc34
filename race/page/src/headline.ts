// The headline, the facts and the caveat below it, and what a screen reader announces. Pure.

import * as format from "./format";
import type { RaceLane, RaceSite } from "./messages";
import { beganMs, gap, isOver, type Lane, type Race, recordsOf } from "./race";

/** "Python", "Python and Rust", "Python, Go and Rust". */
function listed(names: readonly string[], conjunction = "and"): string {
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} ${conjunction} ${names.at(-1)}`;
}

export const laneNames = (site: RaceSite): string[] => site.lanes.map(({ name }) => name);

const titleOf = (site: RaceSite, name: string): string =>
  site.lanes.find((lane) => lane.name === name)?.title ?? name;

type FinishedLane = Lane & { finished: NonNullable<Lane["finished"]> };
const hasFinished = (lane: Lane | undefined): lane is FinishedLane =>
  Boolean(lane?.finished && !lane.failed);
const totalOf = (lane: FinishedLane): number => lane.finished.answer.total_ms;

/** The lanes that finished, fastest first, by the total time of their answers. */
function ranking(site: RaceSite, race: Race): FinishedLane[] {
  return laneNames(site)
    .map((name) => race.lanes[name])
    .filter(hasFinished)
    .toSorted((a, b) => totalOf(a) - totalOf(b));
}

const failedLanes = (site: RaceSite, race: Race): RaceLane[] =>
  site.lanes.filter(({ name }) => race.lanes[name]?.failed);

export function headline(site: RaceSite, race: Race | null): string {
  const titles = site.lanes.map(({ title }) => title);
  if (!race) {
    return `${listed(titles, "or")}: which writes ${format.records(site.records)} records first?`;
  }
  if (race.verified?.identical === false) {
    return "Speeds are not compared: the written records differ from the expected records";
  }
  if (failedLanes(site, race).length > 0) return withFailure(site, race);
  const ranked = ranking(site, race);
  if (ranked.length === site.lanes.length) return result(site, race, ranked);
  if (ranked[0]) return firstFinished(site, race, ranked[0]);
  const current = gap(race, laneNames(site));
  if (current && current.records > 0) {
    const ahead = current.ms === null ? "" : `, ${format.duration(current.ms)} ahead`;
    return `${titleOf(site, current.leader)} leads by ${format.records(current.records)} records${ahead}`;
  }
  if (current) return "No lane is ahead";
  if (race.started) return `${listed(titles)} have started`;
  return "Emptying the tables before the race";
}

function firstFinished(site: RaceSite, race: Race, first: FinishedLane): string {
  const others = site.lanes
    .filter(({ name }) => !race.lanes[name]?.finished)
    .map(
      ({ name, title }) => `${title} has written ${format.records(recordsOf(race.lanes[name]))}`,
    );
  return `${titleOf(site, first.name)} finished in ${format.duration(totalOf(first))}; ${listed(others)} of ${format.records(site.records)} records`;
}

function withFailure(site: RaceSite, race: Race): string {
  const failed = failedLanes(site, race).map(
    ({ name, title }) => `${title} failed: ${race.lanes[name]?.failed?.error.errorType}`,
  );
  const finished = ranking(site, race).map(
    (lane) => `${titleOf(site, lane.name)} finished in ${format.duration(totalOf(lane))}`,
  );
  return [...failed, ...finished].join("; ");
}

function result(site: RaceSite, race: Race, ranked: FinishedLane[]): string {
  const [first, last] = [ranked[0], ranked.at(-1)];
  if (!first || !last) return "";
  const proof = race.verified ? "verified" : "unverified";
  const factor = format.ratio(totalOf(last) / totalOf(first));
  if (factor === "1.0") {
    const titles = ranked.map(({ name }) => titleOf(site, name));
    const times = ranked.map((lane) => format.duration(totalOf(lane)));
    return `${listed(titles)} are equally fast in this race: ${listed(times)}, ${proof}`;
  }
  const [fast, slow] = [titleOf(site, first.name), titleOf(site, last.name)];
  const times = `${format.duration(totalOf(first))} against ${format.duration(totalOf(last))}`;
  return `${fast} is ${factor} times faster than ${slow} in this race: ${times}, ${proof}`;
}

export function vcpu(site: RaceSite, memory_mb: number): string {
  const share = site.tiers.find((size) => size.memory_mb === memory_mb)?.vcpu;
  return share === undefined ? "" : format.vcpus(share);
}

/** The race's parameters: input, memory size, kind of start, order, date. */
export function facts(site: RaceSite, race: Race | null): string[] {
  if (!race?.parameters) return [];
  const { format: input, memory_mb, cold } = race.parameters;
  const first = race.started?.order[0];
  return [
    `${format.records(site.records)} records as ${input.toUpperCase()}`,
    [format.memory(memory_mb), vcpu(site, memory_mb)].filter(Boolean).join(", "),
    ...startFact(site, race, cold),
    ...(first === undefined ? [] : [`${titleOf(site, first)} was invoked first`]),
    format.moment(beganMs(race)),
  ];
}

/** Which lanes had a cold start: because it was requested, or because Lambda needed one. */
function startFact(site: RaceSite, race: Race, requested: boolean): string[] {
  const began = site.lanes.filter(({ name }) => race.lanes[name]?.running);
  const cold = began.filter(({ name }) => race.lanes[name]?.running?.cold);
  if (requested || (cold.length > 0 && cold.length === site.lanes.length)) return ["cold starts"];
  if (cold.length > 0) return [`cold start of ${listed(cold.map(({ title }) => title))} only`];
  return began.length > 0 ? ["warm invocations"] : [];
}

/** What to do about lanes that failed. */
function remedy(race: Race, failed: readonly RaceLane[]): string {
  const kinds = failed.map(({ name }) => race.lanes[name]?.failed?.error.errorType ?? "");
  if (kinds.some((kind) => /OutOfMemory/.test(kind))) return "Choose a larger memory size.";
  if (kinds.some((kind) => /Timed?out/i.test(kind))) {
    return "Choose a larger memory size: a larger CPU share comes with it.";
  }
  return "The lane shows the error. The output of lambdameter live has more; on AWS, the function's log.";
}

/** What limits the headline. */
export function caveat(site: RaceSite, race: Race | null): string {
  if (!race || !isOver(race, laneNames(site))) return "";
  const failed = failedLanes(site, race);
  if (failed.length > 0) return remedy(race, failed);
  if (race.verified?.identical === false) return "The differences are shown below.";
  const proof = race.verified
    ? `Every record of every table was compared with the ${format.records(race.verified.expected.count)} expected records.`
    : "Unverified: the written records have not been compared with the expected records.";
  return `${proof} One race has no confidence interval: repeat the race to see how much the times vary.`;
}

/** What a screen reader announces: few things, each once. Empty if there is nothing to say. */
export function announcement(site: RaceSite, race: Race | null): string {
  if (!race) return "";
  const ended = site.lanes.filter(
    ({ name }) => race.lanes[name]?.finished || race.lanes[name]?.failed,
  );
  const [first] = ended;
  if (!first) {
    const titles = site.lanes.map(({ title }) => title);
    return race.started ? `The race has started: ${listed(titles)}.` : "";
  }
  if (ended.length === site.lanes.length) return `${headline(site, race)}.`;
  const error = race.lanes[first.name]?.failed?.error.errorType;
  if (error !== undefined) return `${first.title} failed: ${error}.`;
  const fastest = ranking(site, race)[0];
  return fastest ? `${first.title} finished first, in ${format.duration(totalOf(fastest))}.` : "";
}
