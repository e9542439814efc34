// A lane for each variant: how far it is, in which phase, how fast, and what Lambda said.

import { attribute, find, h, renew, show, style, text } from "../dom";
import * as format from "../format";
import { emblem, laneClass, shapeOf } from "../marks";
import type { Model, View } from "../model";
import type { LaneOfSite } from "../protocol";
import {
  elapsedMs,
  gap,
  isOver,
  type Lane,
  type Phase,
  phaseOf,
  type Race,
  rate,
  recordsOf,
} from "../race";
import { namesOf } from "../story";

const PHASES: readonly Phase[] = ["start", "download", "parse", "write", "done"];

interface Row {
  update(model: Model): void;
}

export function lanes(): View {
  const [container, apart] = [find("lanes"), find("gap")];
  let key = "";
  let rows: Row[] = [];
  return (model) => {
    const { site, race } = model;
    const wanted = JSON.stringify(site.lanes);
    if (wanted !== key) {
      key = wanted;
      container.replaceChildren();
      rows = site.lanes.map((lane, index) => row(container, lane, index));
    }
    for (const one of rows) one.update(model);
    // What is not the same is not compared.
    const between = race && race.verified?.identical !== false ? gap(race, namesOf(site)) : null;
    text(apart, between ? told(model, between.leader, between.records, between.ms) : "");
    show(apart, race !== null && !isOver(race, namesOf(site)) ? true : between !== null);
  };
}

function told({ site }: Model, leader: string, records: number, ms: number | null): string {
  const title = site.lanes.find(({ name }) => name === leader)?.title ?? leader;
  const time = ms === null ? "" : `${format.duration(ms)}`;
  if (records === 0) return time && `The gap at the end: ${title} was ${time} earlier`;
  return `The gap: ${title} has ${format.records(records)} records more${time && `, and was here ${time} earlier`}`;
}

function row(container: HTMLElement, lane: LaneOfSite, index: number): Row {
  const status = h("p", { class: "status" });
  const steps = PHASES.map((phase) => h("li", {}, phase));
  const bar = h("div", { class: "bar" });
  const behind = h("div", { class: "behind" });
  const track = h(
    "div",
    {
      class: "track",
      role: "progressbar",
      "aria-label": `${lane.title}: records written`,
      "aria-valuemin": "0",
    },
    bar,
    behind,
  );
  const figures = [
    "records",
    "phase",
    "elapsed, with start",
    "records/s, writing",
    "cold start",
  ].map((name) => {
    const value = h("dd");
    return { value, term: h("div", {}, h("dt", {}, name), value) };
  });
  const report = h("p", { class: "report" });
  const failure = h("p", { class: "failure" });
  const element = h(
    "article",
    { class: `card lane ${laneClass(lane.name, index)}`, "aria-label": lane.title },
    h(
      "header",
      {},
      h("h3", {}, emblem(shapeOf(index)), lane.title),
      h("p", { class: "about" }, `${lane.runtime}, ${format.bytes(lane.zip_bytes)} zip`),
      status,
    ),
    track,
    h("dl", { class: "figures" }, ...figures.map(({ term }) => term)),
    h("ol", { class: "steps", "aria-hidden": "true" }, ...steps),
    failure,
    report,
  );
  container.append(element);
  const update = (model: Model): void => {
    const { site, race, now_ms } = model;
    const known = race?.lanes[lane.name];
    const phase = race ? phaseOf(race, lane.name) : "waiting";
    const done = recordsOf(known);
    const most = race
      ? Math.max(0, ...namesOf(site).map((name) => recordsOf(race.lanes[name])))
      : 0;
    attribute(track, "aria-valuemax", String(site.records));
    attribute(track, "aria-valuenow", String(done));
    style(bar, "--part", String(Math.min(1, done / site.records)));
    style(behind, "--from", String(Math.min(1, done / site.records)));
    style(behind, "--to", String(Math.min(1, most / site.records)));
    figureTexts(race, known, lane.name, phase, now_ms).forEach((value, place) => {
      const figure = figures[place];
      if (figure) text(figure.value, value);
    });
    PHASES.forEach((step, place) => {
      const element = steps[place];
      if (element) attribute(element, "class", stepClass(step, phase, known));
    });
    verdict(status, race, lane.name, done > 0);
    const why = known?.failed?.error;
    text(failure, why ? [why.errorType, why.errorMessage].filter(Boolean).join(": ") : "");
    show(failure, !!why);
    reportLine(report, known);
  };
  return { update };
}

function figureTexts(
  race: Race | null,
  known: Lane | undefined,
  name: string,
  phase: Phase,
  now_ms: number,
): string[] {
  const elapsed = race && elapsedMs(race, name, now_ms);
  const speed = rate(known);
  return [
    format.records(recordsOf(known)),
    phase,
    elapsed === null ? "–" : format.clock(elapsed),
    speed === null ? "–" : format.records(speed),
    coldStart(known),
  ];
}

/** Init Duration; without it what the handler said, and nothing where it said nothing. */
export function coldStart(known: Lane | undefined): string {
  const init = known?.report?.parsed?.init_ms ?? null;
  if (init !== null) return format.milliseconds(init);
  return known?.running ? (known.running.cold ? "yes" : "none") : "–";
}

function stepClass(step: Phase, now: Phase, known: Lane | undefined): string {
  if (step === now) return "now";
  const reached = now === "failed" ? (known?.phases.at(-1)?.phase ?? "start") : now;
  const [place, at] = [PHASES.indexOf(step), PHASES.indexOf(reached)];
  if (now === "failed" && place === at) return "broken";
  return place < at ? "past" : "";
}

function verdict(status: HTMLElement, race: Race | null, name: string, wrote: boolean): void {
  const verified = race?.verified;
  const content = verified?.lanes[name];
  if (!verified || !content) {
    attribute(status, "class", "status open");
    text(status, wrote ? "unverified" : "");
    return;
  }
  const right = content.missing + content.extra + content.changed === 0;
  attribute(status, "class", right ? "status right" : "status wrong");
  const proof = `${format.records(content.count)} records, sha256 ${content.digest.slice(0, 12)}`;
  text(status, right ? `✓ verified: ${proof}` : `✗ differs: ${proof}`);
}

function reportLine(element: HTMLElement, known: Lane | undefined): void {
  const line = known?.report?.line?.trim();
  // The fields are tabs apart; a line breaks between two of them alone.
  renew(element, line ?? "", () =>
    line ? line.split("\t").flatMap((field) => [h("span", {}, field), " "]) : [],
  );
  show(element, line !== undefined);
}
