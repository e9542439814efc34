// How the written records differ from the expected records: counts, and the first ones by field.

import { byId, h, renderOnChange, scrollable, setShown, table } from "../dom";
import * as format from "../format";
import { laneClass } from "../lane-symbols";
import type { RaceSite, RecordDifference, Verified } from "../messages";
import type { View } from "../model";

export function differences(): View {
  const root = byId("differences");
  return ({ site, race }) => {
    const verified = race?.verified ?? null;
    const differs = verified?.identical === false;
    setShown(root, differs);
    if (differs) renderOnChange(root, [site, verified], () => content(site, verified));
  };
}

function content(site: RaceSite, { expected, lanes }: Verified): HTMLElement[] {
  return [
    h("h2", { id: "differences-title" }, "Differences"),
    h(
      "p",
      {},
      `Expected: ${format.records(expected.count)} records, SHA-256 ${expected.digest.slice(0, 12)}.`,
    ),
    ...site.lanes.flatMap(({ name, title }, index) => {
      const lane = lanes[name];
      if (!lane) return [];
      const counts = `${format.records(lane.missing)} missing, ${format.records(lane.extra)} extra, ${format.records(lane.changed)} changed`;
      const text = `${title}: ${format.records(lane.count)} records; ${counts}.`;
      const heading = h("h3", { class: laneClass(name, index) }, text);
      return lane.first.length > 0 ? [heading, fieldTable(title, lane.first)] : [heading];
    }),
  ];
}

function fieldTable(title: string, records: RecordDifference[]): HTMLElement {
  const text = (value: unknown): string => (value === null ? "–" : JSON.stringify(value));
  const rows = records.flatMap(({ key, fields }) =>
    fields.map(({ field, expected, actual }) => ({
      cells: [key, field, text(expected), text(actual)],
    })),
  );
  const element = scrollable(
    `First differences of ${title}`,
    table(["record", "field", "expected", "actual"], rows),
  );
  element.classList.add("words");
  return element;
}
