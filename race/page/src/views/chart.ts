// Records over time, by uPlot; each line has its name and its shape, not its colour alone.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { attribute, find, h, style } from "../dom";
import * as format from "../format";
import { laneClass, outline, shapeOf } from "../marks";
import type { Model, View } from "../model";
import type { Site } from "../protocol";
import { beganMs, elapsedMs, type Race, recordsOf } from "../race";
import { namesOf } from "../story";
import { isDark } from "../theme";

const SHORTEST_S = 5;
const MARKS = 10;
const RADIUS = 4.5;

interface Look {
  lanes: string[];
  ink: string;
  line: string;
  font: string;
  paper: string;
}

export function chart(): View {
  const root = find("chart");
  let drawn: { plot: uPlot; key: string } | null = null;
  let look: Look | null = null;
  let shown = "";
  let latest: Model | null = null;
  const size = (): { width: number; height: number } => ({
    width: Math.max(200, root.clientWidth),
    height: Math.round(Math.min(420, Math.max(220, root.clientWidth * 0.36))),
  });
  new ResizeObserver(() => drawn?.plot.setSize(size())).observe(root);
  return (model) => {
    latest = model;
    const key = JSON.stringify([model.site.lanes, model.site.records, isDark()]);
    if (drawn?.key !== key) {
      drawn?.plot.destroy();
      look = lookOf(root, model.site);
      const plot = new uPlot(
        options(model.site, look, size(), () => latest),
        [[0]],
        root,
      );
      drawn = { plot, key };
      shown = "";
    }
    const now = JSON.stringify([model.race?.id, pointsOf(model), Math.floor(furthestS(model))]);
    if (now === shown) return;
    shown = now;
    const { plot } = drawn;
    plot.setData(dataOf(model), false);
    plot.batch(() => {
      plot.setScale("x", { min: 0, max: furthestS(model) });
      plot.setScale("y", { min: 0, max: model.site.records });
    });
    attribute(root, "aria-label", told(model));
  };
}

const pointsOf = ({ race, site }: Model): number[] =>
  namesOf(site).map((name) => race?.lanes[name]?.points.length ?? 0);

function told({ site, race }: Model): string {
  const lanes = site.lanes.map(
    ({ name, title }) => `${title} ${format.records(recordsOf(race?.lanes[name]))}`,
  );
  return `Records written over the seconds since the start: ${lanes.join(", ")}`;
}

/** The end of the time axis: it holds still for a while, then makes room. */
function furthestS({ race, site, now_ms }: Model): number {
  const elapsed = race ? namesOf(site).map((name) => elapsedMs(race, name, now_ms) ?? 0) : [];
  return Math.max(SHORTEST_S, ...elapsed.map((ms) => Math.ceil((ms * 1.08) / 1000)));
}

function series(race: Race | null, name: string): uPlot.AlignedData {
  const known = race?.lanes[name];
  if (!race || !known) return [[], []];
  const from = known.phases.find(({ phase }) => phase === "write")?.at_ms;
  const start = from === undefined ? [] : [{ at_ms: from, records: 0 }];
  const points = [...start, ...known.points];
  const began = beganMs(race);
  return [points.map(({ at_ms }) => (at_ms - began) / 1000), points.map(({ records }) => records)];
}

const dataOf = ({ site, race }: Model): uPlot.AlignedData =>
  uPlot.join(namesOf(site).map((name) => series(race, name)));

function lookOf(root: HTMLElement, site: Site): Look {
  // A canvas needs colours that are worked out, as an element's `color` is.
  const colour = (name: string, className = ""): string => {
    const probe = h("i", { class: className });
    style(probe, "color", `var(${name})`);
    root.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const lanes = site.lanes.map(({ name }, index) => colour("--lane", laneClass(name, index)));
  const { fontFamily, fontSize } = getComputedStyle(root);
  const font = `${fontSize} ${fontFamily}`;
  return { lanes, ink: colour("--muted"), line: colour("--line"), paper: colour("--card"), font };
}

function options(
  site: Site,
  look: Look,
  size: { width: number; height: number },
  model: () => Model | null,
): uPlot.Options {
  const axis = { stroke: look.ink, font: look.font, ticks: { show: false } };
  const grid = { stroke: look.line, width: 1 };
  return {
    ...size,
    legend: { show: false },
    cursor: { show: false },
    padding: [16, 72, 0, 0],
    scales: { x: { time: false, auto: false }, y: { auto: false } },
    axes: [
      { ...axis, grid: { show: false }, size: 36, values: (_, at) => at.map((s) => `${s} s`) },
      { ...axis, grid, size: 64, values: (_, at) => at.map((n) => format.records(n)) },
    ],
    series: [
      {},
      ...look.lanes.map((stroke) => ({
        stroke,
        width: 2.5,
        spanGaps: true,
        points: { show: false },
      })),
    ],
    hooks: {
      draw: [(plot) => site.lanes.forEach((_, index) => marks(plot, index, look, model()))],
    },
  };
}

/** A shape at every tenth of the records, and the lane's name where it has got to. */
function marks(plot: uPlot, index: number, look: Look, model: Model | null): void {
  const lane = model?.site.lanes[index];
  if (!model || !lane) return;
  const [seconds, records] = series(model.race, lane.name) as [number[], number[]];
  const every = model.site.records / MARKS;
  const { ctx } = plot;
  const at = (place: number): [number, number] => [
    plot.valToPos(seconds[place] ?? 0, "x", true),
    plot.valToPos(records[place] ?? 0, "y", true),
  ];
  ctx.save();
  ctx.fillStyle = look.lanes[index] ?? look.ink;
  ctx.strokeStyle = look.paper;
  ctx.lineWidth = uPlot.pxRatio;
  const last = records.length - 1;
  records.forEach((value, place) => {
    if ((value > 0 && value % every === 0) || place === last) shape(ctx, index, ...at(place));
  });
  if (last >= 0) {
    const [x, y] = at(last);
    ctx.font = look.font.replace(
      /([\d.]+)px/,
      (_, px: string) => `600 ${Number(px) * uPlot.pxRatio}px`,
    );
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = look.ink;
    ctx.fillText(lane.title, x + 10 * uPlot.pxRatio, y);
  }
  ctx.restore();
}

function shape(ctx: CanvasRenderingContext2D, index: number, x: number, y: number): void {
  const radius = RADIUS * uPlot.pxRatio;
  const corners = outline(shapeOf(index));
  ctx.beginPath();
  if (corners) for (const [dx, dy] of corners) ctx.lineTo(x + dx * radius, y + dy * radius);
  else ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}
