// Race after race: a dot for each race in each lane, of one tier, input and kind of start, and
// under the same conditions.

import { find, h, renew, svg } from "../dom";
import * as format from "../format";
import { alike, type Kind, sameCourse, startOfRace } from "../likeness";
import { laneClass, mark, shapeOf } from "../marks";
import type { Model, View } from "../model";
import type { RaceSummary, Site } from "../protocol";
import { median, stack, ticks } from "../statistics";

const NARROWEST = 260;
const WIDEST = 900;
const ROW = 84;
/** What a lane's dots may take of its row, in height. */
const PILE = 50;
const LEFT = 12;
const RIGHT = 24;
const DOT = 5;

export function distribution(): View {
  const root = find("distribution");
  return (model) => {
    const { site, history } = model;
    const kind = kindOf(model);
    // Drawn at its true size, so that its words are as large as the others.
    const width = Math.min(WIDEST, Math.max(NARROWEST, Math.floor(root.clientWidth / 10) * 10));
    renew(root, [site, history, width, ...Object.values(kind)], () => {
      const course = history.filter((race) => race.over && sameCourse(race, kind));
      const races = course.filter((race) => alike(race, kind));
      return draw(site, kind, races, course.length - races.length, width);
    });
  };
}

function kindOf({ race, choice, site }: Model): Kind {
  const course = race?.course ?? choice;
  const asked = course.cold ? "cold" : "warm";
  return {
    format: course.format,
    memory_mb: course.memory_mb,
    start: race?.course ? startOfRace(race, course.cold) : asked,
    conditions: site.conditions,
  };
}

const STARTS = { cold: ", cold", mixed: ", one lane cold", warm: "" };

function draw(
  site: Site,
  course: Kind,
  races: readonly RaceSummary[],
  elsewhere: number,
  width: number,
): HTMLElement[] {
  const kind = `${course.format.toUpperCase()} at ${format.memory(course.memory_mb)}${STARTS[course.start]}`;
  const compared = races.filter(({ identical }) => identical !== false);
  const left = races.length - compared.length;
  const lanes = site.lanes.map(({ name, title }) => ({
    name,
    title,
    dots: compared.flatMap((race) => {
      const ms = race.lanes[name]?.total_ms ?? null;
      return ms === null ? [] : [{ ms, verified: race.identical === true }];
    }),
  }));
  const out = [
    left > 0 ? ` ${left} left out: what was written differed.` : "",
    elsewhere > 0 ? ` ${elsewhere} left out: held under other conditions.` : "",
  ].join("");
  if (lanes.every(({ dots }) => dots.length === 0)) {
    return [h("p", { class: "quiet-text" }, `No finished race to show yet: ${kind}.${out}`)];
  }
  const medians = lanes.flatMap(({ title, dots }) => {
    const middle = median(dots.map(({ ms }) => ms));
    return middle === null ? [] : [`${title} ${format.duration(middle)} (${dots.length})`];
  });
  const sentence = `${kind}, medians (and how many races): ${medians.join(", ")}.`;
  return [
    h("p", {}, sentence + out),
    picture(lanes, sentence, width),
    h(
      "p",
      { class: "quiet-text" },
      "A mark for each race: filled where it was verified, hollow where not. The bar is the median.",
    ),
  ];
}

interface LaneDots {
  name: string;
  title: string;
  dots: { ms: number; verified: boolean }[];
}

function picture(lanes: LaneDots[], label: string, width: number): HTMLElement {
  const largest = Math.max(...lanes.flatMap(({ dots }) => dots.map(({ ms }) => ms)));
  const axis = ticks(largest / 1000, 5);
  const end = (axis.at(-1) ?? 1) * 1000;
  const x = (ms: number): number => LEFT + (ms / end) * (width - LEFT - RIGHT);
  const height = lanes.length * ROW + 26;
  const drawn = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": label,
    class: "dots",
  });
  for (const second of axis) {
    const at = String(x(second * 1000));
    drawn.append(svg("line", { x1: at, x2: at, y1: "4", y2: String(height - 22), class: "grid" }));
    drawn.append(words(at, height - 5, "middle", `${Number(second.toPrecision(6))} s`, "tick"));
  }
  lanes.forEach(({ name, title, dots }, index) => {
    const floor = (index + 1) * ROW - 10;
    const group = svg("g", { class: laneClass(name, index) });
    group.append(words(String(LEFT + 4), floor - ROW + 24, "start", title, "who"));
    const levels = stack(
      dots.map(({ ms }) => x(ms)),
      2 * DOT + 1,
    );
    const step = Math.min(2 * DOT + 1, PILE / Math.max(1, ...levels));
    const middle = median(dots.map(({ ms }) => ms));
    if (middle !== null) {
      const at = String(x(middle));
      group.append(
        svg("line", {
          x1: at,
          x2: at,
          y1: String(floor - PILE),
          y2: String(floor + 9),
          class: "median",
        }),
      );
    }
    dots.forEach(({ ms, verified }, place) => {
      const y = floor - (levels[place] ?? 0) * step;
      group.append(mark(shapeOf(index), x(ms), y, DOT, verified ? "full" : "hollow"));
    });
    drawn.append(group);
  });
  return h("div", {}, drawn);
}

function words(x: string, y: number, anchor: string, said: string, className: string): SVGElement {
  const element = svg("text", { x, y: String(y), "text-anchor": anchor, class: className });
  element.append(said);
  return element;
}
