// Where each lane's time went: bars on one scale, and the figures.

import {
  byId,
  h,
  renderOnChange,
  scrollable,
  setAttribute,
  setStyle,
  setText,
  table,
} from "../dom";
import * as format from "../format";
import { laneClass, symbol } from "../lane-symbols";
import type { RaceLane, RaceSite } from "../messages";
import type { Model, View } from "../model";
import { modelledShare, type TimeSpan, timeSpans } from "../race";

const COLUMNS = ["cold", "download", "parse", "write"] as const;
const TITLES = { cold: "cold start", download: "download", parse: "parse", write: "write" };
const TOTALS = ["total", "messages", "modelled"];
const LEGEND =
  "Sending messages is a part of the total. Modelled is the part of Duration that comes from the latency model.";

type Column = (typeof COLUMNS)[number];
interface Row {
  name: string;
  segments: Record<Column, HTMLElement>;
  cells: HTMLElement[];
}

export function timeBreakdown(): View {
  const root = byId("time-breakdown");
  let rows: Row[] = [];
  return (model) => {
    const { race, site, now_ms } = model;
    renderOnChange(root, JSON.stringify(site.lanes), () => {
      rows = site.lanes.map(({ name }) => emptyRow(name));
      return content(site, rows);
    });
    const spans = rows.map(({ name }) => (race ? timeSpans(race, name, now_ms) : []));
    const longest = Math.max(1, ...spans.map(sum));
    rows.forEach((row, index) => {
      updateColumns(row, spans[index] ?? [], longest);
      updateTotals(row, model, spans[index] ?? []);
    });
  };
}

const sum = (spans: TimeSpan[]): number => spans.reduce((total, { ms }) => total + ms, 0);

function emptyRow(name: string): Row {
  const segment = (): HTMLElement => h("span");
  return {
    name,
    segments: { cold: segment(), download: segment(), parse: segment(), write: segment() },
    cells: [...COLUMNS, ...TOTALS].map(() => h("td", {}, "–")),
  };
}

function content(site: RaceSite, rows: Row[]): HTMLElement[] {
  const who = ({ title }: RaceLane, index: number): (Node | string)[] => [symbol(index), title];
  const bars = site.lanes.map((lane, index) =>
    h(
      "div",
      { class: `time-bar ${laneClass(lane.name, index)}` },
      h("span", { class: "lane-name" }, ...who(lane, index)),
      h("span", { class: "segments" }, ...Object.values(rows[index]?.segments ?? {})),
    ),
  );
  const heads = COLUMNS.map((column) =>
    h("span", {}, h("i", { class: `swatch ${column}`, "aria-hidden": "true" }), TITLES[column]),
  );
  const figures = table(
    ["ms", ...heads, ...TOTALS],
    site.lanes.map((lane, index) => ({
      class: laneClass(lane.name, index),
      cells: [h("th", { scope: "row" }, ...who(lane, index)), ...(rows[index]?.cells ?? [])],
    })),
  );
  return [
    h("div", { class: "bars", "aria-hidden": "true" }, ...bars),
    scrollable("Where the time went, in milliseconds", figures),
    h("p", { class: "quiet-text" }, LEGEND),
  ];
}

function updateColumns({ segments, cells }: Row, spans: TimeSpan[], longest: number): void {
  COLUMNS.forEach((column, position) => {
    const span = spans.find(
      ({ kind }) => kind === column || (kind === "start" && column === "cold"),
    );
    // Before the REPORT line, it is not known how much of the start is Init Duration.
    setAttribute(segments[column], "class", `segment ${span?.kind ?? column}`);
    setStyle(segments[column], "width", `${((span?.ms ?? 0) / longest) * 100}%`);
    const cell = cells[position];
    if (cell) setText(cell, span ? format.records(span.ms) : "–");
  });
}

function updateTotals({ name, cells }: Row, { race }: Model, spans: TimeSpan[]): void {
  const [total, sending, modelled] = cells.slice(COLUMNS.length);
  if (!total || !sending || !modelled) return;
  const lane = race?.lanes[name];
  const working = spans.filter(({ kind }) => kind !== "cold" && kind !== "start");
  const soFar = working.length > 0 ? sum(working) : null;
  const total_ms = lane?.finished?.answer.total_ms ?? soFar;
  const share = modelledShare(lane);
  setText(total, total_ms === null ? "–" : format.records(total_ms));
  setText(sending, lane?.finished ? format.records(lane.finished.telling_ms) : "–");
  setText(modelled, share === null ? "–" : `≈${format.percent(share)}`);
  setAttribute(modelled, "class", share === null ? false : "modelled");
}
