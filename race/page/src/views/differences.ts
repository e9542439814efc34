// Where what was written is not what must be there: how much, and the first records, field by field.

import { find, h, renew, show } from "../dom";
import * as format from "../format";
import { laneClass } from "../marks";
import type { View } from "../model";
import type { Difference, Site } from "../protocol";
import type { Verified } from "../race";

export function differences(): View {
  const root = find("differences");
  return ({ site, race }) => {
    const verified = race?.verified ?? null;
    const wrong = verified?.identical === false;
    show(root, wrong);
    if (verified && wrong) renew(root, JSON.stringify(verified), () => draw(site, verified));
  };
}

function draw(site: Site, verified: Verified): HTMLElement[] {
  const { count, digest } = verified.expected;
  return [
    h("h2", { id: "differences-title" }, "What differs"),
    h("p", {}, `There must be ${format.records(count)} records, sha256 ${digest.slice(0, 12)}.`),
    ...site.lanes.flatMap(({ name, title }, index) => {
      const lane = verified.lanes[name];
      if (!lane) return [];
      const found = `${title}: ${format.records(lane.count)} records; ${format.records(lane.missing)} missing, ${format.records(lane.extra)} too many, ${format.records(lane.changed)} changed.`;
      const head = h("h3", { class: laneClass(name, index) }, found);
      return lane.first.length > 0 ? [head, table(title, lane.first)] : [head];
    }),
  ];
}

function table(title: string, first: Difference[]): HTMLElement {
  const value = (one: unknown): string =>
    one === undefined || one === null ? "–" : JSON.stringify(one);
  const lines = first.flatMap(({ key, fields }) =>
    fields.map(({ field, expected, actual }) =>
      h("tr", {}, ...[key, field, value(expected), value(actual)].map((cell) => h("td", {}, cell))),
    ),
  );
  const heads = ["record", "field", "must be", "is"].map((head) => h("th", { scope: "col" }, head));
  const about = {
    class: "scroll words",
    tabindex: "0",
    role: "region",
    "aria-label": `First differences of ${title}`,
  };
  return h(
    "div",
    about,
    h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...lines)),
  );
}
