// The deployed source of all lanes, side by side.

import { find, h } from "../dom";
import { pieces } from "../highlight";
import { emblem, laneClass, shapeOf } from "../marks";
import type { Code, Site, SourceFile } from "../protocol";

export function showCode(site: Site, code: Code): void {
  const dialog = find<HTMLDialogElement>("code");
  const close = h("button", { type: "button", id: "close-code" }, "Close");
  close.addEventListener("click", () => dialog.close());
  const lanes = site.lanes.map(({ name, title }, index) =>
    h(
      "section",
      { class: laneClass(name, index), "aria-label": title },
      h("h3", {}, emblem(shapeOf(index)), title),
      ...(code[name] ?? []).map((file) => source(title, file)),
    ),
  );
  dialog.replaceChildren(
    h("header", {}, h("h2", { id: "code-title" }, "The code that is deployed"), close),
    h("div", { class: "sources" }, ...lanes),
  );
  dialog.showModal();
}

function source(lane: string, { path, language, text }: SourceFile): HTMLElement {
  const lines = text.trimEnd().split("\n").length;
  const shown = pieces(language, text.trimEnd()).map(({ kind, text: part }) =>
    kind === "plain" ? part : h("span", { class: kind }, part),
  );
  const about = { tabindex: "0", role: "region", "aria-label": `${lane}: ${path}` };
  return h(
    "figure",
    {},
    h("figcaption", {}, h("b", {}, path), ` ${lines} lines`),
    h("pre", about, h("code", {}, ...shown)),
  );
}
