// Always visible: where this was measured, and what to hold against it.

import { find, h, renew } from "../dom";
import type { Model, View } from "../model";

/** The badges at the top and the caveats beside the race. */
export function labels(): View {
  const badges = find("labels");
  const caveats = find("caveats");
  return ({ site, replay, exported }) => {
    const kind = exported ? "EXPORT" : replay ? "REPLAY" : "LIVE";
    renew(badges, JSON.stringify([site.target, site.region, site.architecture, kind]), () => [
      h("li", { class: "badge loud" }, site.target === "aws" ? "AWS" : "EMULATED"),
      h("li", { class: "badge" }, kind),
      h("li", { class: "badge" }, site.region),
      h("li", { class: "badge" }, site.architecture),
    ]);
    renew(caveats, JSON.stringify([site.caveats, site.modelled]), () => told(site));
  };
}

function told({ target, modelled, caveats }: Model["site"]): HTMLElement[] {
  const where = target === "aws" ? "on AWS" : "emulated: no figure here was measured on AWS";
  const measured = caveats.find(({ label }) => label === "target")?.text ?? where;
  const pair = (label: string, text: string, look: Record<string, string> = {}): HTMLElement =>
    h("div", {}, h("dt", {}, label), h("dd", look, text));
  return [
    pair("target", measured),
    pair("modelled, not measured", modelled ?? "nothing", modelled ? { class: "modelled" } : {}),
    ...caveats
      .filter(({ label }) => label !== "target")
      .map(({ label, text }) => pair(label, text)),
  ];
}
