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

function told(site: Model["site"]): HTMLElement[] {
  const measured =
    site.target === "aws"
      ? "On AWS, by Lambda itself."
      : "On this machine by an emulated Lambda: no figure here was measured on AWS.";
  const modelled = site.modelled ?? "Nothing.";
  return [
    ["Measured", measured],
    ["Modelled", modelled],
    ...site.caveats.map(({ label, text }) => [label, text] as const),
  ].map(([label = "", text = ""]) =>
    h("div", {}, h("dt", {}, label), h("dd", label === "Modelled" && site.modelled ? { class: "modelled" } : {}, text)),
  );
}
