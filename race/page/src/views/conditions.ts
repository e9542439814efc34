// Where the figures come from, always visible: badges at the top, caveats beside the race.

import { byId, h, renderOnChange, withCode } from "../dom";
import type { RaceSite } from "../messages";
import type { Model, View } from "../model";

export function conditions(): View {
  const badges = byId("badges");
  const caveats = byId("caveats");
  return (model) => {
    const { site } = model;
    const source = sourceOf(model);
    renderOnChange(badges, [site.target, site.region, site.architecture, source], () => [
      h("li", { class: "badge loud" }, site.target === "aws" ? "AWS" : "EMULATED"),
      ...[source, site.region, site.architecture].map((text) => h("li", { class: "badge" }, text)),
    ]);
    renderOnChange(caveats, JSON.stringify([site.caveats, site.modelled]), () => caveatRows(site));
  };
}

function sourceOf({ exported, replay }: Model): string {
  if (exported) return "EXPORT";
  return replay ? "REPLAY" : "LIVE";
}

function caveatRows({ modelled, caveats }: RaceSite): HTMLElement[] {
  const row = (label: string, text: string, className: string | false = false): HTMLElement =>
    h("div", {}, h("dt", {}, label), h("dd", { class: className }, ...withCode(text)));
  const [target, ...others] = caveats.map(({ label, text }) => row(label, text));
  const isModelled = row(
    "modelled, not measured",
    modelled ?? "nothing",
    modelled !== null && "modelled",
  );
  return [...(target ? [target] : []), isModelled, ...others];
}
