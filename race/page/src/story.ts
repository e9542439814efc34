// The sentence that decides, what stands under it, and what a screen reader is told. Pure.

import * as format from "./format";
import type { LaneOfSite, Site } from "./protocol";
import { beganMs, gap, isOver, type Lane, type Race, recordsOf } from "./race";

/** "Python", "Python and Rust", "Python, Go and Rust". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export const namesOf = (site: Site): string[] => site.lanes.map(({ name }) => name);

const titleOf = (site: Site, name: string): string =>
  site.lanes.find((lane) => lane.name === name)?.title ?? name;

type Done = Lane & { finished: NonNullable<Lane["finished"]> };
const isDone = (lane: Lane | undefined): lane is Done => !!lane?.finished && !lane.failed;
const totalOf = (lane: Done): number => lane.finished.answer.total_ms;

/** The lanes that finished, fastest first, by the total that each one answered. */
export function ranking(site: Site, race: Race): Done[] {
  return namesOf(site)
    .map((name) => race.lanes[name])
    .filter(isDone)
    .toSorted((a, b) => totalOf(a) - totalOf(b));
}

const failedLanes = (site: Site, race: Race): LaneOfSite[] =>
  site.lanes.filter(({ name }) => race.lanes[name]?.failed);

export function headline(site: Site, race: Race | null): string {
  const titles = site.lanes.map(({ title }) => title);
  if (race?.verified?.identical === false) {
    return "No speed is compared: what was written is not what must be there";
  }
  if (!race)
    return `${titles.join(" against ")}: who writes ${format.records(site.records)} records first?`;
  if (failedLanes(site, race).length > 0) return withFailure(site, race);
  const done = ranking(site, race);
  if (done.length === site.lanes.length) return outcome(site, race, done);
  if (done[0]) return firstFinished(site, race, done[0]);
  const ahead = gap(race, namesOf(site));
  if (ahead && ahead.records > 0) return leading(site, ahead.leader, ahead.records, ahead.ms);
  if (site.lanes.some(({ name }) => recordsOf(race.lanes[name]) > 0)) return "Level so far";
  if (race.started) return `${listed(titles)} are off`;
  return "Emptying the tables first, so that nothing left over can pass";
}

function leading(site: Site, leader: string, records: number, ms: number | null): string {
  const time = ms === null ? "" : `, ${format.duration(ms)} ahead`;
  return `${titleOf(site, leader)} leads by ${format.records(records)} records${time}`;
}

function firstFinished(site: Site, race: Race, first: Done): string {
  const others = site.lanes
    .filter(({ name }) => !race.lanes[name]?.finished)
    .map(({ name, title }) => `${title} has ${format.records(recordsOf(race.lanes[name]))}`);
  return `${titleOf(site, first.name)} is done in ${format.duration(totalOf(first))}; ${listed(others)} of ${format.records(site.records)} records`;
}

function withFailure(site: Site, race: Race): string {
  const failed = failedLanes(site, race).map(
    ({ name, title }) => `${title} failed: ${race.lanes[name]?.failed?.error.errorType}`,
  );
  const done = ranking(site, race).map(
    (lane) => `${titleOf(site, lane.name)} did it in ${format.duration(totalOf(lane))}`,
  );
  return [...failed, ...done].join("; ");
}

function outcome(site: Site, race: Race, done: Done[]): string {
  const [first, last] = [done[0], done.at(-1)];
  if (!first || !last) return "";
  const proof = race.verified ? "verified identical" : "unverified";
  const factor = format.ratio(totalOf(last) / totalOf(first));
  const times = done.map((lane) => format.duration(totalOf(lane)));
  if (factor === "1.0") {
    const titles = done.map(({ name }) => titleOf(site, name));
    return `${listed(titles)} are level here: ${listed(times)}, ${proof}`;
  }
  const than = done.length > 2 ? ` than ${titleOf(site, last.name)}` : "";
  return `${titleOf(site, first.name)} is ${factor}x faster${than} here: ${times[0]} against ${times.at(-1)}, ${proof}`;
}

export function vcpu(site: Site, memory_mb: number): string {
  const share = site.tiers.find((tier) => tier.memory_mb === memory_mb)?.vcpu;
  return share === undefined ? "" : `${Number(share.toPrecision(2))} vCPU`;
}

/** What was raced: input, tier, warm or cold, who was asked first, when. */
export function facts(site: Site, race: Race | null): string[] {
  if (!race?.course) return [];
  const { format: input, memory_mb, cold } = race.course;
  const first = race.started?.order[0];
  return [
    `${format.records(site.records)} records as ${input.toUpperCase()}`,
    [format.memory(memory_mb), vcpu(site, memory_mb)].filter(Boolean).join(", "),
    ...warmth(site, race, cold),
    ...(first === undefined ? [] : [`${titleOf(site, first)} was asked first`]),
    format.moment(beganMs(race)),
  ];
}

/** Which lanes began in a new environment: as asked for, or because there was none. */
function warmth(site: Site, race: Race, asked: boolean): string[] {
  const began = site.lanes.filter(({ name }) => race.lanes[name]?.running);
  const cold = began.filter(({ name }) => race.lanes[name]?.running?.cold);
  if (asked || (cold.length > 0 && cold.length === site.lanes.length)) return ["cold starts"];
  if (cold.length > 0) return [`a cold start of ${listed(cold.map(({ title }) => title))}`];
  return began.length > 0 ? ["warm environments"] : [];
}

/** What to do about a lane that failed. */
function remedy(race: Race, failed: readonly LaneOfSite[]): string {
  const kinds = failed.map(({ name }) => race.lanes[name]?.failed?.error.errorType ?? "");
  if (kinds.some((kind) => /OutOfMemory/.test(kind))) return "Choose a larger memory size.";
  if (kinds.some((kind) => /Timed?out/i.test(kind))) {
    return "Choose a larger memory size: a larger share of the CPU comes with it.";
  }
  return "Its lane says why; more of it is in what lambdameter live prints, on AWS in the function's logs.";
}

/** What to think of the sentence: one race is one race. */
export function reservation(site: Site, race: Race | null): string {
  if (!race || !isOver(race, namesOf(site))) return "";
  const failed = failedLanes(site, race);
  if (failed.length > 0) return remedy(race, failed);
  const one = "One race: no interval, and chance is in it. Repeat it to see how much.";
  if (race.verified?.identical === false) return "The differences stand below.";
  if (race.verified) {
    return `Every record of every table was compared with the ${format.records(race.verified.expected.count)} that must be there. ${one}`;
  }
  return `Unverified until Verify has compared every record of every table. ${one}`;
}

/** What a screen reader is told: few things, each once. Empty: nothing to say. */
export function announcement(site: Site, race: Race | null): string {
  if (!race) return "";
  const ended = site.lanes.filter(
    ({ name }) => race.lanes[name]?.finished || race.lanes[name]?.failed,
  );
  if (ended.length === 0) {
    return race.started
      ? `The race has started: ${listed(site.lanes.map(({ title }) => title))}.`
      : "";
  }
  if (ended.length === site.lanes.length) return `${headline(site, race)}.`;
  const [first] = ended;
  const why = first && race.lanes[first.name]?.failed?.error.errorType;
  const time = first && ranking(site, race)[0];
  if (why) return `${first.title} failed: ${why}.`;
  return first && time
    ? `${first.title} finished first, in ${format.duration(totalOf(time))}.`
    : "";
}
