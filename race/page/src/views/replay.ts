// Recorded races: the list, the speed, and the position.

import { startKind } from "../comparable";
import { button, byId, h, renderOnChange, setShown, setStyle, setText } from "../dom";
import * as format from "../format";
import type { RaceSite, RaceSummary } from "../messages";
import type { Model, View } from "../model";
import type { Replay, Speed } from "../replay";
import { radioGroup } from "./radio-group";

export interface ReplayActions {
  play(id: string): void;
  togglePlaying(): void;
  setSpeed(speed: Speed): void;
  showLive(): void;
}

const SPEEDS: readonly { value: string; label: string; speed: Speed }[] = [
  { value: "1", label: "1x", speed: 1 },
  { value: "4", label: "4x", speed: 4 },
  { value: "instant", label: "Result", speed: "instant" },
];

export function replay(home: RaceSite, actions: ReplayActions): View {
  const root = byId("replay");
  const list = h("select", { id: "recorded" });
  list.addEventListener("change", () => {
    if (list.value) actions.play(list.value);
  });
  const player = playerControls(actions);
  const back = button("Back to the live race", "live", actions.showLive);
  const save = h("p", { class: "save" });
  root.append(
    h("h2", { id: "replay-title" }, "Recorded races"),
    h("p", { class: "field" }, h("label", { for: "recorded" }, "Race"), list),
    player.element,
    h("p", { class: "buttons" }, back),
    save,
  );
  return (model) => {
    const { history, replay: current } = model;
    const finished = history.filter(({ over }) => over);
    setShown(root, finished.length > 0);
    renderOnChange(list, [history], () => [
      h("option", { value: "" }, "Choose a race"),
      ...finished.map((race) => h("option", { value: race.race }, titleOf(home, race))),
    ]);
    const chosen = current?.id ?? "";
    if (list.value !== chosen) list.value = chosen;
    setShown(back, current !== null && home.websocket !== null, list);
    player.update(current?.player ?? null);
    renderOnChange(save, [model.exported, current?.id ?? model.race?.id], () => saveLinks(model));
  };
}

function playerControls(actions: ReplayActions): {
  element: HTMLElement;
  update(player: Replay | null): void;
} {
  const toggle = button("Play", "play", actions.togglePlaying);
  const speeds = radioGroup("speed", "Speed", SPEEDS, (value) =>
    actions.setSpeed(SPEEDS.find((option) => option.value === value)?.speed ?? 1),
  );
  const position = h("span", { class: "position" });
  const played = h("div", { class: "played", "aria-hidden": "true" }, h("div"));
  const buttons = h("p", { class: "buttons" }, toggle, position);
  const element = h("div", { class: "player" }, speeds.element, buttons, played);
  return {
    element,
    update(player) {
      setShown(element, player !== null);
      if (!player) return;
      speeds.select(String(player.speed));
      setText(toggle, toggleLabel(player));
      const { position_ms, length_ms } = player;
      setText(position, `${format.clock(position_ms)} of ${format.clock(length_ms)}`);
      setStyle(played, "--part", String(length_ms ? position_ms / length_ms : 1));
    },
  };
}

function toggleLabel({ playing, over }: Replay): string {
  if (playing) return "Pause";
  return over ? "Play again" : "Play";
}

const STARTS = { cold: ", cold", mixed: ", one cold start", warm: "" };

function titleOf(site: RaceSite, race: RaceSummary): string {
  const times = site.lanes.map(({ name, title }) => {
    const lane = race.lanes[name];
    const ms = lane?.total_ms ?? null;
    return `${title} ${ms === null ? (lane?.failed ?? "–") : format.duration(ms)}`;
  });
  const parameters = `${format.memory(race.memory_mb)} ${race.format.toUpperCase()}${STARTS[startKind(race)]}`;
  return `${originOf(site, race)}${parameters}: ${times.join(", ")} (${verdictOf(race)}), ${format.moment(race.began_ms)}`;
}

/** How the race's site differs from the page's. */
function originOf(site: RaceSite, race: RaceSummary): string {
  if (race.target !== site.target) return race.target === "aws" ? "AWS, " : "EMULATED, ";
  return race.conditions === site.conditions ? "" : "other conditions, ";
}

function verdictOf({ identical }: RaceSummary): string {
  if (identical === null) return "unverified";
  return identical ? "verified" : "differs";
}

/** Only the page server can export races. */
function saveLinks({ exported, replay: current, race }: Model): (Node | string)[] {
  if (exported) return [];
  const id = current?.id ?? race?.id;
  const link = (href: string, text: string): HTMLElement => h("a", { href, download: true }, text);
  const thisRace =
    id === undefined
      ? []
      : [link(`/export.html?race=${encodeURIComponent(id)}`, "this race"), " or "];
  return ["Save as an HTML file: ", ...thisRace, link("/export.html", "all races"), "."];
}
