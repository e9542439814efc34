// What one race costs in each lane, and the same work many times a month.

import { type Cost, costOf, VOLUMES } from "../cost";
import { byId, h, renderOnChange, scrollable, setAttribute, setText, table } from "../dom";
import * as format from "../format";
import { laneClass, symbol } from "../lane-symbols";
import type { Model, View } from "../model";

export function cost(chosen: (volume: number) => void): View {
  const slider = h("input", {
    type: "range",
    id: "volume",
    min: "0",
    max: String(VOLUMES.length - 1),
    step: "1",
  });
  slider.addEventListener("input", () => chosen(VOLUMES[slider.valueAsNumber] ?? 1));
  // Not <output>: that is a live region, which would speak at every step like the slider itself.
  const volume = h("b");
  const sentence = h("p");
  const figures = scrollable("Cost in US dollars");
  const prices = h("p", { class: "quiet-text" });
  const label = h("label", { for: "volume" }, "Invocations per month");
  byId("cost").append(
    sentence,
    figures,
    h("p", { class: "slider" }, label, slider, volume),
    prices,
  );
  return (model) => {
    const step = String(VOLUMES.indexOf(model.volume));
    if (slider.value !== step) slider.value = step;
    setAttribute(slider, "aria-valuetext", `${format.records(model.volume)} per month`);
    setText(volume, format.records(model.volume));
    const { as_of, region } = model.site.prices;
    setText(
      prices,
      `AWS list prices of ${as_of} for ${region}, ${model.site.architecture}; first volume tier, without the free tier.`,
    );
    const costs = costsOf(model);
    setText(sentence, comparison(model, costs));
    renderOnChange(figures, JSON.stringify([model.site.lanes, costs, model.volume]), () => [
      costTable(model, costs),
    ]);
  };
}

type Costs = Record<string, Cost | null>;

function costsOf({ site, race }: Model): Costs {
  return Object.fromEntries(
    site.lanes.map(({ name }) => {
      const lane = race?.lanes[name];
      // A lane that failed has not done the work.
      const report = lane?.failed ? null : (lane?.report?.parsed ?? null);
      return [name, report && costOf(report, name, site.prices)];
    }),
  );
}

function comparison({ site, race, volume }: Model, costs: Costs): string {
  if (race && site.lanes.some(({ name }) => race.lanes[name]?.failed)) {
    return "A lane failed, so costs are not compared.";
  }
  if (race?.verified?.identical === false) {
    return "The written records differ, so costs are not compared.";
  }
  const sorted = site.lanes
    .flatMap(({ name, title }) => ({ title, usd: costs[name]?.total_usd ?? null }))
    .toSorted((a, b) => (a.usd ?? 0) - (b.usd ?? 0));
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || least.usd === null || most.usd === null) {
    return "The cost is computed from Lambda's REPORT lines at the end of the race.";
  }
  const saved = most.usd - least.usd;
  return `${least.title} reduces the whole bill by ${format.percent(saved / most.usd)}: ${format.usd(saved * volume)} of ${format.usd(most.usd * volume)} per month.`;
}

function costTable({ site, volume }: Model, costs: Costs): HTMLElement {
  const cells = (bill: Cost | null): string[] => {
    if (!bill) return ["–", "–", "–", "–"];
    const { lambda_usd, services_usd, total_usd } = bill;
    return [lambda_usd, services_usd, total_usd, total_usd * volume].map(format.usd);
  };
  return table(
    ["US dollars", "Lambda", "S3 and DynamoDB", "one race", "per month"],
    site.lanes.map(({ name, title }, index) => ({
      class: laneClass(name, index),
      cells: [h("th", { scope: "row" }, symbol(index), title), ...cells(costs[name] ?? null)],
    })),
  );
}
