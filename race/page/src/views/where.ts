// Where each lane's time went: bars on one scale, and their figures.

import { attribute, find, h, renew, style, text } from "../dom";
import * as format from "../format";
import { emblem, laneClass, shapeOf } from "../marks";
import type { Model, View } from "../model";
import type { LaneOfSite, Site } from "../protocol";
import { modelledShare, type Stretch, stretches } from "../race";

const COLUMNS = ["cold", "download", "parse", "write"] as const;
const TITLES = { cold: "cold start", download: "download", parse: "parse", write: "write" };
const FURTHER = ["total", "of it telling the pages", "of it modelled ≈"];

type Column = (typeof COLUMNS)[number];
interface Row {
  name: string;
  segments: Record<Column, HTMLElement>;
  cells: HTMLElement[];
}

export function where(): View {
  const root = find("where");
  let rows: Row[] = [];
  return (model) => {
    renew(root, JSON.stringify(model.site.lanes), () => {
      const made = build(model.site);
      rows = made.rows;
      return made.nodes;
    });
    const { race, now_ms } = model;
    const all = rows.map(({ name }) => (race ? stretches(race, name, now_ms) : []));
    const longest = Math.max(1, ...all.map((one) => one.reduce((sum, { ms }) => sum + ms, 0)));
    rows.forEach((row, index) => {
      times(row, all[index] ?? [], longest);
      totals(row, model, all[index] ?? []);
    });
  };
}

function build(site: Site): { nodes: HTMLElement[]; rows: Row[] } {
  const made = site.lanes.map(rowOf);
  const heads = COLUMNS.map((column) =>
    h(
      "th",
      { scope: "col" },
      h("i", { class: `swatch ${column}`, "aria-hidden": "true" }),
      TITLES[column],
    ),
  );
  const further = FURTHER.map((title) => h("th", { scope: "col" }, title));
  const table = h(
    "table",
    {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "ms"), ...heads, ...further)),
    h("tbody", {}, ...made.map(({ line }) => line)),
  );
  const bars = h("div", { class: "bars", "aria-hidden": "true" }, ...made.map(({ bar }) => bar));
  const about = {
    class: "scroll",
    tabindex: "0",
    role: "region",
    "aria-label": "Where the time went, in milliseconds",
  };
  return { nodes: [bars, h("div", about, table)], rows: made.map(({ row }) => row) };
}

function rowOf(lane: LaneOfSite, index: number): { row: Row; bar: HTMLElement; line: HTMLElement } {
  const segment = (): HTMLElement => h("span");
  const segments = { cold: segment(), download: segment(), parse: segment(), write: segment() };
  const who = (): (Node | string)[] => [emblem(shapeOf(index)), lane.title];
  const cells = [...COLUMNS, ...FURTHER].map(() => h("td", {}, "–"));
  const colour = laneClass(lane.name, index);
  const line = h("span", { class: "line" }, ...Object.values(segments));
  return {
    row: { name: lane.name, segments, cells },
    bar: h("div", { class: `where-bar ${colour}` }, h("span", { class: "who" }, ...who()), line),
    line: h("tr", { class: colour }, h("th", { scope: "row" }, ...who()), ...cells),
  };
}

function times({ segments, cells }: Row, known: Stretch[], longest: number): void {
  COLUMNS.forEach((column, place) => {
    const stretch = known.find(
      ({ kind }) => kind === column || (kind === "start" && column === "cold"),
    );
    // What was not yet called a cold start by REPORT looks as open as it is.
    attribute(segments[column], "class", `segment ${stretch?.kind ?? column}`);
    style(segments[column], "width", `${((stretch?.ms ?? 0) / longest) * 100}%`);
    const cell = cells[place];
    if (cell) text(cell, stretch ? format.records(stretch.ms) : "–");
  });
}

function totals({ name, cells }: Row, { race }: Model, soFar: Stretch[]): void {
  const [total, telling, modelled] = cells.slice(COLUMNS.length);
  const known = race?.lanes[name];
  const working = soFar.filter(({ kind }) => kind !== "cold" && kind !== "start");
  const sum = working.length > 0 ? working.reduce((all, { ms }) => all + ms, 0) : null;
  const ms = known?.finished?.answer.total_ms ?? sum;
  const share = modelledShare(known);
  if (total) text(total, ms === null ? "–" : format.records(ms));
  if (telling) text(telling, known?.finished ? format.records(known.finished.telling_ms) : "–");
  if (!modelled) return;
  text(modelled, share === null ? "–" : `≈${format.percent(share)}`);
  attribute(modelled, "class", share === null ? false : "modelled");
}
