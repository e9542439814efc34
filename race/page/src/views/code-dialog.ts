// The deployed source code of all lanes, side by side.

import { byId, h } from "../dom";
import { pieces } from "../highlight";
import { laneClass, symbol } from "../lane-symbols";
import type { DeployedCode, RaceSite, SourceFile } from "../messages";

export function showCode(site: RaceSite, code: DeployedCode): void {
  const dialog = byId<HTMLDialogElement>("code");
  const close = h("button", { type: "button", id: "close-code" }, "Close");
  close.addEventListener("click", () => dialog.close());
  const lanes = site.lanes.map(({ name, title }, index) =>
    h(
      "section",
      { class: laneClass(name, index), "aria-label": title },
      h("h3", {}, symbol(index), title),
      ...(code.lanes[name] ?? []).map((file) => sourceFile(title, file)),
    ),
  );
  dialog.replaceChildren(
    h("header", {}, h("h2", { id: "code-title" }, "Deployed code"), close),
    h("div", { class: "sources" }, ...lanes),
  );
  dialog.showModal();
}

function sourceFile(lane: string, { path, language, text }: SourceFile): HTMLElement {
  const source = text.trimEnd();
  const shown = pieces(language, source).map((piece) =>
    piece.kind === "plain" ? piece.text : h("span", { class: piece.kind }, piece.text),
  );
  const region = { tabindex: "0", role: "region", "aria-label": `${lane}: ${path}` };
  const caption = h("figcaption", {}, h("b", {}, path), ` ${source.split("\n").length} lines`);
  return h("figure", {}, caption, h("pre", region, h("code", {}, ...shown)));
}
