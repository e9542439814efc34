// The parameters of a race and the buttons; without a WebSocket API, the choice of a recorded race.

import { isColdStart } from "../comparable";
import { button, byId, h, setAttribute, setEnabled, setShown, setText } from "../dom";
import * as format from "../format";
import { laneNames, vcpu } from "../headline";
import type { RaceSite } from "../messages";
import type { Model, RaceParameters, View } from "../model";
import { isOver } from "../race";
import { parseReport } from "../report";
import { type RadioGroup, radioGroup } from "./radio-group";

export interface ControlActions {
  choose(changed: Partial<RaceParameters>): void;
  run(times: number): void;
  stopSeries(): void;
  warmUp(): void;
  verify(): void;
  openCode(): void;
  saveToken(token: string): void;
}

const MAX_RACES = 50;

export function controls(home: RaceSite, actions: ControlActions): View {
  const root = byId("controls");
  setShown(root, true);
  const parameters = parameterGroups(home, actions);
  root.append(...parameters.elements);
  const live = home.websocket === null ? null : liveControls(home, actions);
  if (live) root.append(...live.elements);
  const code = button("Show code", "show-code", actions.openCode);
  root.append(h("p", { class: "buttons" }, ...(live ? live.buttons : []), code));
  return (model) => {
    parameters.update(model);
    setShown(code, model.hasCode);
    live?.update(model);
  };
}

interface Part {
  elements: HTMLElement[];
  update(model: Model): void;
}
type Change = (value: string) => Partial<RaceParameters>;

function parameterGroups(home: RaceSite, { choose }: ControlActions): Part {
  const toMemory: Change = (value) => ({ memory_mb: Number(value) });
  const toFormat: Change = (value) => ({ format: value === "json" ? "json" : "csv" });
  const toStart: Change = (value) => ({ cold: value === "cold" });
  const memory = radioGroup(
    "memory",
    "Memory size and CPU share",
    home.tiers.map(({ memory_mb }) => ({
      value: String(memory_mb),
      label: format.memory(memory_mb),
      detail: vcpu(home, memory_mb),
    })),
    (value) => choose(toMemory(value)),
  );
  const formats = radioGroup(
    "format",
    "Input",
    home.formats.map((value) => ({ value, label: value.toUpperCase() })),
    (value) => choose(toFormat(value)),
  );
  const starts = radioGroup(
    "start",
    "Execution environments",
    [
      { value: "warm", label: "Reuse", detail: "warm" },
      { value: "cold", label: "New", detail: "cold start" },
    ],
    (value) => choose(toStart(value)),
  );
  const groups: [RadioGroup, Change][] = [
    [memory, toMemory],
    [formats, toFormat],
    [starts, toStart],
  ];
  return {
    elements: [memory.element, h("div", { class: "pair" }, formats.element, starts.element)],
    update(model) {
      memory.select(String(model.choice.memory_mb));
      formats.select(model.choice.format);
      starts.select(model.choice.cold ? "cold" : "warm");
      for (const [group, change] of groups) {
        group.setAvailable((value) => home.websocket !== null || isRecorded(model, change(value)));
      }
    },
  };
}

/**
 * Whether a race with this memory size was recorded under the conditions of the shown race; for a
 * format or kind of start, with the chosen memory size.
 */
function isRecorded({ history, site, choice }: Model, change: Partial<RaceParameters>): boolean {
  const races = history.filter(({ over, conditions }) => over && conditions === site.conditions);
  const wanted = { ...choice, ...change };
  return races.some((race) => {
    if (race.memory_mb !== wanted.memory_mb) return false;
    if (change.memory_mb !== undefined) return true;
    if (race.format !== wanted.format) return false;
    return change.format !== undefined || isColdStart(race) === wanted.cold;
  });
}

function liveControls(home: RaceSite, actions: ControlActions): Part & { buttons: HTMLElement[] } {
  const times = h("input", {
    type: "number",
    id: "times",
    min: "1",
    max: String(MAX_RACES),
    value: "1",
    inputmode: "numeric",
  });
  const wanted = (): number =>
    Math.min(MAX_RACES, Math.max(1, Math.floor(times.valueAsNumber || 1)));
  times.addEventListener("change", () => {
    times.value = String(wanted());
  });
  const run = button("Start race", "run", () => actions.run(wanted()), "primary");
  const stop = button("Stop after this race", "stop", actions.stopSeries);
  const warmUp = button("Warm up", "warm-up", actions.warmUp);
  const verify = button("Verify", "verify", actions.verify);
  const token = tokenField(actions);
  const warmed = h("ul", { class: "warmed", "aria-label": "Warmed up" });
  const repeat = h("span", { class: "repeat" }, h("label", { for: "times" }, "Races"), times);
  return {
    elements: [
      ...(home.token === null ? token.elements : []),
      h("p", { class: "buttons" }, run, repeat, stop),
      warmed,
    ],
    buttons: [warmUp, verify],
    update(model) {
      const { connection, busy, pending, series, race, replay } = model;
      const idle = connection?.is === "open" && pending === null && !busy && series === null;
      const isVerifiable = !replay && race !== null && isOver(race, laneNames(home));
      setEnabled(run, idle);
      setEnabled(warmUp, idle);
      setEnabled(verify, idle && isVerifiable);
      setShown(stop, series !== null, run);
      setShown(repeat, series === null);
      setText(run, runLabel(model));
      setText(verify, pending === "verify" ? "Verifying" : "Verify");
      setText(warmUp, pending === "warmup" ? "Warming up" : "Warm up");
      token.update(model);
      updateWarmed(warmed, home, model);
    },
  };
}

function runLabel({ pending, busy, series }: Model): string {
  if (series) return `Race ${series.done + 1} of ${series.wanted}`;
  if (pending === "run") return "Starting";
  return busy ? "Racing" : "Start race";
}

/** On AWS a race costs money, so it needs the token of the deployment. */
function tokenField({ saveToken }: ControlActions): Part {
  const input = h("input", {
    type: "password",
    id: "token",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "token-help",
  });
  input.addEventListener("input", () => saveToken(input.value.trim()));
  const help = h("small", { id: "token-help" });
  const element = h("p", { class: "token" }, h("label", { for: "token" }, "Token"), input, help);
  return {
    elements: [element],
    update({ needsToken, notice }) {
      setShown(element, needsToken);
      const wrong = notice?.about === "token";
      setAttribute(input, "aria-invalid", wrong ? "true" : false);
      setText(
        help,
        wrong
          ? notice.text
          : "A race on AWS costs money, so it needs the token that lambdameter deploy printed. The page keeps the token until this tab is closed.",
      );
    },
  };
}

function updateWarmed(list: HTMLElement, home: RaceSite, { warmed }: Model): void {
  const lines = home.lanes.flatMap(({ name, title }) => {
    const message = warmed[name];
    if (!message) return [];
    const { error, report, memory_mb } = message;
    const init_ms = parseReport(report ?? "")?.init_ms ?? null;
    const result =
      init_ms === null ? "already warm" : `cold start, ${format.milliseconds(init_ms)}`;
    return [`${title}, ${format.memory(memory_mb)}: ${error ? `failed (${error})` : result}`];
  });
  setShown(list, lines.length > 0);
  if (list.textContent !== lines.join("")) {
    list.replaceChildren(...lines.map((line) => h("li", {}, line)));
  }
}
