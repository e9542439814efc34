// Records over time, by uPlot; each line has its name and its shape, not only its colour.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { byId, h, setAttribute, setStyle } from "../dom";
import * as format from "../format";
import { laneNames } from "../headline";
import { cornersOf, laneClass, shapeOf } from "../lane-symbols";
import type { RaceSite } from "../messages";
import type { Model, View } from "../model";
import { beganMs, elapsedMs, type Race, recordsOf } from "../race";
import { isDark } from "../theme";

const MIN_SECONDS = 5;
/** Each line has this number of marks, at equal numbers of records. */
const MARKS = 10;
/** All sizes are for this size of text, and grow with it. */
const TEXT_PX = 13;
const RADIUS = 4.5;

interface Look {
  lanes: string[];
  text: string;
  grid: string;
  background: string;
  font: string;
  scale: number;
}

export function chart(): View {
  const root = byId("chart");
  let drawn: { plot: uPlot; key: string } | null = null;
  let shown = "";
  let latest: Model | null = null;
  const size = (): { width: number; height: number } => ({
    width: Math.max(200, root.clientWidth),
    height: Math.round(Math.min(420, Math.max(220, root.clientWidth * 0.36))),
  });
  new ResizeObserver(() => drawn?.plot.setSize(size())).observe(root);
  return (model) => {
    latest = model;
    const { site, race } = model;
    const key = JSON.stringify([site.lanes, site.records, isDark()]);
    if (drawn?.key !== key) {
      drawn?.plot.destroy();
      const settings = options(site, lookOf(root, site), size(), () => latest);
      drawn = { plot: new uPlot(settings, [[0]], root), key };
      shown = "";
    }
    const now = JSON.stringify([race?.id, pointCounts(model), Math.floor(endSeconds(model))]);
    if (now === shown) return;
    shown = now;
    const { plot } = drawn;
    plot.setData(dataOf(model), false);
    plot.batch(() => {
      plot.setScale("x", { min: 0, max: endSeconds(model) });
      plot.setScale("y", { min: 0, max: site.records });
    });
    setAttribute(root, "aria-label", description(model));
  };
}

const pointCounts = ({ race, site }: Model): number[] =>
  laneNames(site).map((name) => race?.lanes[name]?.points.length ?? 0);

function description({ site, race }: Model): string {
  const lanes = site.lanes.map(
    ({ name, title }) => `${title} ${format.records(recordsOf(race?.lanes[name]))}`,
  );
  return `Records written over time. Now: ${lanes.join(", ")}`;
}

/** The end of the time axis, a little later than now, so that it does not move all the time. */
function endSeconds({ race, site, now_ms }: Model): number {
  const elapsed = race ? laneNames(site).map((name) => elapsedMs(race, name, now_ms) ?? 0) : [];
  return Math.max(MIN_SECONDS, ...elapsed.map((ms) => Math.ceil((ms * 1.08) / 1_000)));
}

function lineOf(race: Race | null, name: string): { seconds: number[]; records: number[] } {
  const lane = race?.lanes[name];
  if (!race || !lane) return { seconds: [], records: [] };
  const writing = lane.phases.find(({ phase }) => phase === "write");
  const start = writing ? [{ at_ms: writing.at_ms, records: 0 }] : [];
  const points = [...start, ...lane.points];
  const began_ms = beganMs(race);
  return {
    seconds: points.map(({ at_ms }) => (at_ms - began_ms) / 1_000),
    records: points.map(({ records }) => records),
  };
}

const dataOf = ({ site, race }: Model): uPlot.AlignedData =>
  uPlot.join(
    laneNames(site).map((name): uPlot.AlignedData => {
      const { seconds, records } = lineOf(race, name);
      return [seconds, records];
    }),
  );

/** A canvas needs computed colours, as an element's `color` has them, and computed sizes. */
function lookOf(root: HTMLElement, site: RaceSite): Look {
  const colour = (variable: string, className: string | false = false): string => {
    const probe = h("i", { class: className });
    setStyle(probe, "color", `var(${variable})`);
    root.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const { fontFamily, fontSize } = getComputedStyle(root);
  // On a screen with a scale, uPlot multiplies only the last digits of a size such as 12.8px.
  const size_px = Math.round(Number.parseFloat(fontSize));
  return {
    lanes: site.lanes.map(({ name }, index) => colour("--lane", laneClass(name, index))),
    text: colour("--muted"),
    grid: colour("--line"),
    background: colour("--card"),
    font: `${size_px}px ${fontFamily}`,
    scale: size_px / TEXT_PX,
  };
}

function options(
  site: RaceSite,
  look: Look,
  size: { width: number; height: number },
  model: () => Model | null,
): uPlot.Options {
  const axis = { stroke: look.text, font: look.font, ticks: { show: false } };
  const grid = { stroke: look.grid, width: 1 };
  const lines = look.lanes.map((stroke) => ({
    stroke,
    width: 2.5 * look.scale,
    spanGaps: true,
    points: { show: false },
  }));
  const drawMarks = (plot: uPlot): void => {
    site.lanes.forEach((_, index) => {
      drawLaneMarks(plot, index, look, model());
    });
  };
  return {
    ...size,
    legend: { show: false },
    cursor: { show: false },
    padding: [16 * look.scale, 72 * look.scale, 0, 0],
    scales: { x: { time: false, auto: false }, y: { auto: false } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 36 * look.scale,
        values: (_, at) => at.map((s) => `${s} s`),
      },
      { ...axis, grid, size: 64 * look.scale, values: (_, at) => at.map((n) => format.records(n)) },
    ],
    series: [{}, ...lines],
    hooks: { draw: [drawMarks] },
  };
}

/** A shape at every tenth of the records, and the lane's name at the end of its line. */
function drawLaneMarks(plot: uPlot, index: number, look: Look, model: Model | null): void {
  const lane = model?.site.lanes[index];
  if (!model || !lane) return;
  const { seconds, records } = lineOf(model.race, lane.name);
  const every = model.site.records / MARKS;
  const { ctx } = plot;
  const positionOf = (position: number): [number, number] => [
    plot.valToPos(seconds[position] ?? 0, "x", true),
    plot.valToPos(records[position] ?? 0, "y", true),
  ];
  ctx.save();
  ctx.fillStyle = look.lanes[index] ?? look.text;
  ctx.strokeStyle = look.background;
  ctx.lineWidth = uPlot.pxRatio;
  const last = records.length - 1;
  records.forEach((value, position) => {
    const isMarked = (value > 0 && value % every === 0) || position === last;
    if (isMarked) drawShape(ctx, index, look.scale, ...positionOf(position));
  });
  if (last >= 0) {
    const [x, y] = positionOf(last);
    ctx.font = look.font.replace(
      /(\d+)px/,
      (_, px: string) => `600 ${Number(px) * uPlot.pxRatio}px`,
    );
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = look.text;
    ctx.fillText(lane.title, x + 10 * look.scale * uPlot.pxRatio, y);
  }
  ctx.restore();
}

function drawShape(
  ctx: CanvasRenderingContext2D,
  index: number,
  scale: number,
  x: number,
  y: number,
): void {
  const radius = RADIUS * scale * uPlot.pxRatio;
  const corners = cornersOf(shapeOf(index));
  ctx.beginPath();
  if (corners) for (const [dx, dy] of corners) ctx.lineTo(x + dx * radius, y + dy * radius);
  else ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}
