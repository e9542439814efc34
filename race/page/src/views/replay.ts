// Recorded races: which one, how fast, and where it has got to.

import { find, h, renew, show, style, text } from "../dom";
import * as format from "../format";
import { startOf } from "../likeness";
import type { Model, View } from "../model";
import type { RaceSummary, Site } from "../protocol";
import type { Speed } from "../replay";
import { choice } from "./choice";

export interface ReplayWishes {
  play(id: string): void;
  toggle(): void;
  speed(speed: Speed): void;
  live(): void;
}

const SPEEDS: readonly { value: string; label: string; speed: Speed }[] = [
  { value: "1", label: "x1", speed: 1 },
  { value: "4", label: "x4", speed: 4 },
  { value: "instant", label: "At once", speed: "instant" },
];

export function replay(home: Site, wishes: ReplayWishes): View {
  const root = find("replay");
  const list = h("select", { id: "recorded" });
  list.addEventListener("change", () => {
    if (list.value) wishes.play(list.value);
  });
  const toggle = h("button", { type: "button", id: "play" }, "Play");
  toggle.addEventListener("click", wishes.toggle);
  const speeds = choice("speed", "Speed", SPEEDS, (value) =>
    wishes.speed(SPEEDS.find((one) => one.value === value)?.speed ?? 1),
  );
  const back = h("button", { type: "button", id: "live" }, "Back to the live race");
  back.addEventListener("click", wishes.live);
  const position = h("span", { class: "position" });
  const done = h("div", { class: "played", "aria-hidden": "true" }, h("div"));
  const playing = h(
    "div",
    { class: "playing" },
    speeds.element,
    h("p", { class: "buttons" }, toggle, position),
    done,
  );
  const saved = h("p", { class: "saved" });
  root.append(
    h("h2", { id: "replay-title" }, "Recorded races"),
    h("p", { class: "field" }, h("label", { for: "recorded" }, "Replay"), list),
    playing,
    h("p", { class: "buttons" }, back),
    saved,
  );
  return (model) => {
    const { history, replay: shown, exported } = model;
    const finished = history.filter(({ over }) => over);
    show(root, finished.length > 0);
    renew(list, [history], () => options(home, finished));
    const chosen = shown?.id ?? "";
    if (list.value !== chosen) list.value = chosen;
    show(playing, shown !== null);
    show(back, shown !== null && home.websocket !== null, list);
    renew(saved, JSON.stringify([exported, shown?.id ?? model.race?.id]), () => exports(model));
    if (!shown) return;
    const { player } = shown;
    speeds.choose(String(player.speed));
    text(toggle, player.playing ? "Pause" : player.over ? "Play again" : "Play");
    text(position, `${format.clock(player.position_ms)} of ${format.clock(player.length_ms)}`);
    style(done, "--part", String(player.length_ms ? player.position_ms / player.length_ms : 1));
  };
}

function options(site: Site, races: readonly RaceSummary[]): HTMLElement[] {
  return [
    h("option", { value: "" }, "Choose a race"),
    ...races.map((race) => h("option", { value: race.race }, title(site, race))),
  ];
}

function title(site: Site, race: RaceSummary): string {
  const times = site.lanes.map(({ name, title }) => {
    const lane = race.lanes[name];
    const ms = lane?.total_ms ?? null;
    return `${title} ${ms === null ? (lane?.failed ?? "–") : format.duration(ms)}`;
  });
  const proof = race.identical === null ? "unverified" : race.identical ? "identical" : "differs";
  const start = { cold: ", cold", mixed: ", one lane cold", warm: "" }[startOf(race)];
  const place = race.target === site.target ? "" : race.target === "aws" ? "AWS, " : "EMULATED, ";
  const other = place === "" && race.conditions !== site.conditions ? ", other conditions" : "";
  return `${place}${format.memory(race.memory_mb)} ${race.format.toUpperCase()}${start}: ${times.join(", ")} (${proof})${other}, ${format.moment(race.began_ms)}`;
}

/** Where the page server is: races as one file that needs nothing else. */
function exports({ exported, replay: shown, race }: Model): (Node | string)[] {
  if (exported) return [];
  const id = shown?.id ?? race?.id;
  const link = (href: string, words: string): HTMLElement =>
    h("a", { href, download: true }, words);
  const one =
    id === undefined
      ? []
      : [link(`/export.html?race=${encodeURIComponent(id)}`, "this race"), ", or "];
  return ["Save as one HTML file: ", ...one, link("/export.html", "all races"), "."];
}
