// Repeated races: a mark for each comparable race in each lane.

import { currentStartKind, type Group, hasParameters, isComparable } from "../comparable";
import { byId, h, renderOnChange, svg } from "../dom";
import * as format from "../format";
import { laneClass, mark, shapeOf } from "../lane-symbols";
import type { RaceSite, RaceSummary } from "../messages";
import type { Model, View } from "../model";
import { median, stack, ticks } from "../statistics";

const MIN_WIDTH = 260;
const MAX_WIDTH = 900;
const ROW_HEIGHT = 84;
/** How much of its row a lane's marks may fill, in height. */
const STACK_HEIGHT = 50;
const LEFT = 12;
const RIGHT = 24;
const RADIUS = 5;

export function distribution(): View {
  const root = byId("distribution");
  return (model) => {
    const { site, history } = model;
    const group = groupOf(model);
    // The text is as large as other text: the picture's unit grows with the page's font.
    const unit_px = Number.parseFloat(getComputedStyle(root).fontSize) / 16;
    const available = Math.floor(root.clientWidth / unit_px / 10) * 10;
    const width = Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, available));
    renderOnChange(root, [site, history, width, ...Object.values(group)], () => {
      const races = history.filter((race) => race.over && hasParameters(race, group));
      return content(site, group, races, width);
    });
  };
}

function groupOf({ race, choice, site }: Model): Group {
  const { format: input, memory_mb, cold } = race?.parameters ?? choice;
  const chosen = cold ? "cold" : "warm";
  const start = race?.parameters ? currentStartKind(race, cold) : chosen;
  return { format: input, memory_mb, start, conditions: site.conditions };
}

const STARTS = { cold: "cold starts", mixed: "one cold start", warm: "warm invocations" };
const count = (races: number): string => `${races} ${races === 1 ? "race" : "races"}`;

function content(
  site: RaceSite,
  group: Group,
  races: readonly RaceSummary[],
  width: number,
): HTMLElement[] {
  const comparable = races.filter((race) => isComparable(race, group));
  const shown = comparable.filter(({ identical }) => identical !== false);
  const lanes = site.lanes.map(({ name, title }) => ({
    name,
    title,
    dots: shown.flatMap((race) => {
      const ms = race.lanes[name]?.total_ms ?? null;
      return ms === null ? [] : [{ ms, verified: race.identical === true }];
    }),
  }));
  const omitted = [
    omission(comparable.length - shown.length, "the written records differed"),
    omission(races.length - comparable.length, "other conditions"),
  ].join("");
  const parameters = `${group.format.toUpperCase()}, ${format.memory(group.memory_mb)}, ${STARTS[group.start]}`;
  const medians = lanes.flatMap(({ title, dots }) => {
    const middle = median(dots.map(({ ms }) => ms));
    return middle === null ? [] : [`${title} ${format.duration(middle)} (${count(dots.length)})`];
  });
  if (medians.length === 0) {
    return [h("p", { class: "quiet-text" }, `No finished race yet: ${parameters}.${omitted}`)];
  }
  const sentence = `Medians for ${parameters}: ${medians.join(", ")}.`;
  const legend =
    "One mark for each race: filled if verified, hollow if not. The vertical line is the median.";
  return [
    h("p", {}, sentence + omitted),
    h("div", {}, picture(lanes, sentence, width)),
    h("p", { class: "quiet-text" }, legend),
  ];
}

const omission = (races: number, reason: string): string =>
  races > 0 ? ` Not shown: ${count(races)} (${reason}).` : "";

interface LaneDots {
  name: string;
  title: string;
  dots: { ms: number; verified: boolean }[];
}

function picture(lanes: LaneDots[], label: string, width: number): SVGElement {
  const largest = Math.max(...lanes.flatMap(({ dots }) => dots.map(({ ms }) => ms)));
  const seconds = ticks(largest / 1_000, 5);
  const end_ms = (seconds.at(-1) ?? 1) * 1_000;
  const x = (ms: number): number => LEFT + (ms / end_ms) * (width - LEFT - RIGHT);
  const height = lanes.length * ROW_HEIGHT + 26;
  const axis = seconds.flatMap((second) => {
    const at = String(x(second * 1_000));
    return [
      svg("line", { x1: at, x2: at, y1: "4", y2: String(height - 22), class: "grid" }),
      textAt(at, height - 5, "middle", `${Number(second.toPrecision(6))} s`, "tick"),
    ];
  });
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label, class: "dots" },
    ...axis,
    ...lanes.map((lane, index) => laneMarks(lane, index, x)),
  );
}

function laneMarks(
  { name, title, dots }: LaneDots,
  index: number,
  x: (ms: number) => number,
): SVGElement {
  const floor = (index + 1) * ROW_HEIGHT - 10;
  const levels = stack(
    dots.map(({ ms }) => x(ms)),
    2 * RADIUS + 1,
  );
  const step = Math.min(2 * RADIUS + 1, STACK_HEIGHT / Math.max(1, ...levels));
  const middle = median(dots.map(({ ms }) => ms));
  const at = String(x(middle ?? 0));
  const line = { x1: at, x2: at, y1: String(floor - STACK_HEIGHT), y2: String(floor + 9) };
  return svg(
    "g",
    { class: laneClass(name, index) },
    textAt(String(LEFT + 4), floor - ROW_HEIGHT + 24, "start", title, "lane-name"),
    ...(middle === null ? [] : [svg("line", { ...line, class: "median" })]),
    ...dots.map(({ ms, verified }, position) => {
      const y = floor - (levels[position] ?? 0) * step;
      return mark(shapeOf(index), x(ms), y, RADIUS, verified ? "filled" : "hollow");
    }),
  );
}

const textAt = (x: string, y: number, anchor: string, text: string, name: string): SVGElement =>
  svg("text", { x, y: String(y), "text-anchor": anchor, class: name }, text);
