// One card for each lane: progress, phase, speed, and Lambda's REPORT line.

import { byId, h, renderOnChange, setAttribute, setShown, setStyle, setText } from "../dom";
import * as format from "../format";
import { laneNames } from "../headline";
import { laneClass, symbol } from "../lane-symbols";
import type { RaceLane } from "../messages";
import type { Model, View } from "../model";
import {
  elapsedMs,
  type Gap,
  gap,
  isOver,
  type Lane,
  type LanePhase,
  phaseOf,
  type Race,
  recordsOf,
  recordsPerSecond,
} from "../race";

const STEPS: readonly LanePhase[] = ["start", "download", "parse", "write", "done"];
const FIGURES = ["records", "phase", "elapsed with start", "records/s of writing", "cold start"];

export function lanes(): View {
  const [container, gapText] = [byId("lanes"), byId("gap")];
  let key = "";
  let cards: View[] = [];
  return (model) => {
    const { site, race } = model;
    const wanted = JSON.stringify(site.lanes);
    if (wanted !== key) {
      key = wanted;
      container.replaceChildren();
      cards = site.lanes.map((lane, index) => card(container, lane, index));
    }
    for (const update of cards) update(model);
    // Lanes with different records are not compared.
    const current = race && race.verified?.identical !== false ? gap(race, laneNames(site)) : null;
    setText(gapText, current ? gapSentence(model, current) : "");
    setShown(gapText, current !== null || (race !== null && !isOver(race, laneNames(site))));
  };
}

function gapSentence({ site }: Model, { leader, records, ms }: Gap): string {
  const title = site.lanes.find(({ name }) => name === leader)?.title ?? leader;
  const time = ms === null ? "" : format.duration(ms);
  if (records === 0) return time && `Gap: ${title} finished ${time} earlier`;
  return `Gap: ${title} is ${format.records(records)} records${time && ` (${time})`} ahead`;
}

/** A lane's card; returns the view that updates it. */
function card(container: HTMLElement, lane: RaceLane, index: number): View {
  const status = h("p", { class: "status" });
  const steps = STEPS.map((step) => h("li", {}, step));
  const values = FIGURES.map(() => h("dd"));
  const progress = progressBar(lane.title);
  const report = h("p", { class: "report" });
  const failure = h("p", { class: "failure" });
  const figures = FIGURES.map((name, position) =>
    h("div", {}, h("dt", {}, name), values[position] ?? ""),
  );
  container.append(
    h(
      "article",
      { class: `card lane ${laneClass(lane.name, index)}`, "aria-label": lane.title },
      h(
        "header",
        {},
        h("h3", {}, symbol(index), lane.title),
        h("p", { class: "about" }, `${lane.runtime}, ${format.bytes(lane.zip_bytes)} zip`),
        status,
      ),
      progress.element,
      h("dl", { class: "figures" }, ...figures),
      h("ol", { class: "steps", "aria-hidden": "true" }, ...steps),
      failure,
      report,
    ),
  );
  return (model) => {
    const { race } = model;
    const state = race?.lanes[lane.name];
    progress.update(model, recordsOf(state));
    const texts = figureTexts(model, lane.name);
    values.forEach((value, position) => {
      setText(value, texts[position] ?? "");
    });
    const phase = race ? phaseOf(race, lane.name) : "waiting";
    steps.forEach((step, position) => {
      setAttribute(step, "class", stepClass(position, phase, state));
    });
    updateStatus(status, race, lane.name);
    const error = state?.failed?.error;
    setText(failure, [error?.errorType, error?.errorMessage].filter(Boolean).join(": "));
    setShown(failure, error !== undefined);
    updateReport(report, state);
  };
}

/** A bar of the records written, and how far the lane is behind the first. */
function progressBar(title: string): {
  element: HTMLElement;
  update(model: Model, records: number): void;
} {
  const bar = h("div", { class: "bar" });
  const behind = h("div", { class: "behind" });
  const label = `${title}: records written`;
  const element = h(
    "div",
    { class: "track", role: "progressbar", "aria-label": label, "aria-valuemin": "0" },
    bar,
    behind,
  );
  return {
    element,
    update({ site, race }, records) {
      const most = Math.max(0, ...Object.values(race?.lanes ?? {}).map(recordsOf));
      const part = (of: number): string => String(Math.min(1, of / site.records));
      setAttribute(element, "aria-valuemax", String(site.records));
      setAttribute(element, "aria-valuenow", String(records));
      setStyle(bar, "--part", part(records));
      setStyle(behind, "--from", part(records));
      setStyle(behind, "--to", part(most));
    },
  };
}

function figureTexts({ race, now_ms }: Model, name: string): string[] {
  const lane = race?.lanes[name];
  const elapsed = race && elapsedMs(race, name, now_ms);
  const speed = recordsPerSecond(lane);
  return [
    format.records(recordsOf(lane)),
    race ? phaseOf(race, name) : "waiting",
    elapsed === null ? "–" : format.clock(elapsed),
    speed === null ? "–" : format.records(speed),
    coldStart(lane),
  ];
}

/** Init Duration; before the REPORT line, what the handler said. */
export function coldStart(lane: Lane | undefined): string {
  const init_ms = lane?.report?.parsed?.init_ms ?? null;
  if (init_ms !== null) return format.milliseconds(init_ms);
  if (!lane?.running) return "–";
  return lane.running.cold ? "yes" : "no";
}

function stepClass(position: number, phase: LanePhase, lane: Lane | undefined): string {
  const failed = phase === "failed";
  const reached = STEPS.indexOf(failed ? (lane?.phases.at(-1)?.phase ?? "start") : phase);
  if (position === reached) return failed ? "broken" : "now";
  return position < reached ? "past" : "";
}

function updateStatus(status: HTMLElement, race: Race | null, name: string): void {
  const content = race?.verified?.lanes[name];
  if (!content) {
    setAttribute(status, "class", "status open");
    setText(status, recordsOf(race?.lanes[name]) > 0 ? "unverified" : "");
    return;
  }
  const differs = content.missing + content.extra + content.changed > 0;
  setAttribute(status, "class", differs ? "status wrong" : "status right");
  const digest = `${format.records(content.count)} records, SHA-256 ${content.digest.slice(0, 12)}`;
  setText(status, differs ? `✗ differs: ${digest}` : `✓ verified: ${digest}`);
}

function updateReport(element: HTMLElement, lane: Lane | undefined): void {
  const line = lane?.report?.line?.trim();
  // Tabs separate the fields; a line may break only between two fields.
  renderOnChange(element, line ?? "", () =>
    line ? line.split("\t").flatMap((field) => [h("span", {}, field), " "]) : [],
  );
  setShown(element, line !== undefined);
}
