// What this race cost, lane by lane, and what so many in a month would.

import { type Cost, costOf, VOLUMES } from "../cost";
import { attribute, find, h, renew, text } from "../dom";
import * as format from "../format";
import { emblem, laneClass, shapeOf } from "../marks";
import type { Model, View } from "../model";

export function cost(chosen: (volume: number) => void): View {
  const root = find("cost");
  const slider = h("input", {
    type: "range",
    id: "volume",
    min: "0",
    max: String(VOLUMES.length - 1),
    step: "1",
  });
  slider.addEventListener("input", () => chosen(VOLUMES[slider.valueAsNumber] ?? 1));
  // No <output>: that would be a live region, and speak at every step besides the slider.
  const volume = h("b");
  const sentence = h("p");
  const table = h("div", {
    class: "scroll",
    tabindex: "0",
    role: "region",
    "aria-label": "Costs, in US dollars",
  });
  const prices = h("p", { class: "quiet-text" });
  const label = h("label", { for: "volume" }, "Invocations a month");
  root.append(sentence, table, h("p", { class: "slider" }, label, slider, volume), prices);
  return (model) => {
    const step = String(VOLUMES.indexOf(model.volume));
    if (slider.value !== step) slider.value = step;
    attribute(slider, "aria-valuetext", `${format.records(model.volume)} a month`);
    text(volume, format.records(model.volume));
    const { as_of, region } = model.site.prices;
    text(
      prices,
      `AWS's list prices of ${as_of} for ${region}, ${model.site.architecture}; first volume tier, without the free tier. Services are the requests to S3 and DynamoDB.`,
    );
    const bills = billsOf(model);
    text(sentence, told(model, bills));
    renew(table, JSON.stringify([model.site.lanes, bills, model.volume]), () => [
      rows(model, bills),
    ]);
  };
}

type Bills = Record<string, Cost | null>;

function billsOf({ site, race }: Model): Bills {
  return Object.fromEntries(
    site.lanes.map(({ name }) => {
      const known = race?.lanes[name];
      // What a failed lane cost is no price of the work.
      const report = known?.failed ? null : (known?.report?.parsed ?? null);
      return [name, report && costOf(report, name, site.prices)];
    }),
  );
}

function told({ site, race, volume }: Model, bills: Bills): string {
  if (race && site.lanes.some(({ name }) => race.lanes[name]?.failed)) {
    return "A lane failed: what it cost is no price of the work.";
  }
  if (race?.verified?.identical === false) return "What was written differs: no bill is compared.";
  const known = site.lanes.flatMap(({ name, title }) => {
    const bill = bills[name];
    return bill ? [{ title, total: bill.total_usd }] : [];
  });
  const sorted = known.toSorted((a, b) => a.total - b.total);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || known.length < site.lanes.length) {
    return "The costs come with Lambda's REPORT lines.";
  }
  const saved = most.total - least.total;
  return `${least.title} saves ${format.usd(saved * volume)} of ${format.usd(most.total * volume)} a month, ${format.percent(saved / most.total)} of the whole bill.`;
}

function rows({ site, volume }: Model, bills: Bills): HTMLElement {
  const heads = ["US dollars", "Lambda", "services", "this race", "a month"];
  const figures = (bill: Cost | null): string[] =>
    bill
      ? [bill.lambda_usd, bill.services_usd, bill.total_usd, bill.total_usd * volume].map(
          format.usd,
        )
      : ["–", "–", "–", "–"];
  return h(
    "table",
    {},
    h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
    h(
      "tbody",
      {},
      ...site.lanes.map(({ name, title }, index) =>
        h(
          "tr",
          { class: laneClass(name, index) },
          h("th", { scope: "row" }, emblem(shapeOf(index)), title),
          ...figures(bills[name] ?? null).map((figure) => h("td", {}, figure)),
        ),
      ),
    ),
  );
}
