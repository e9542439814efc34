// What a race is started with, or, where there is no gateway, which recorded one is shown.

import { able, attribute, find, h, isAble, show, text } from "../dom";
import * as format from "../format";
import { isCold } from "../likeness";
import type { Model, View } from "../model";
import type { Course, Site } from "../protocol";
import { isOver } from "../race";
import { namesOf, vcpu } from "../story";
import { type Choice, choice } from "./choice";

export interface Wishes {
  course(changed: Partial<Course>): void;
  run(times: number): void;
  stop(): void;
  warmUp(): void;
  verify(): void;
  code(): void;
  token(token: string): void;
}

const MOST_RACES = 50;

export function controls(home: Site, wishes: Wishes): View {
  const root = find("controls");
  show(root, true);
  const tiers = tierChoice(home, wishes);
  const formats = choice(
    "format",
    "Input",
    home.formats.map((value) => ({ value, label: value.toUpperCase() })),
    (value) => wishes.course({ format: value === "json" ? "json" : "csv" }),
  );
  const starts = choice(
    "start",
    "Environments",
    [
      { value: "warm", label: "Kept", about: "as they are" },
      { value: "cold", label: "New", about: "cold start" },
    ],
    (value) => wishes.course({ cold: value === "cold" }),
  );
  const offered: [Choice, (value: string) => Partial<Course>][] = [
    [tiers, (value) => ({ memory_mb: Number(value) })],
    [formats, (value) => ({ format: value === "json" ? "json" : "csv" })],
    [starts, (value) => ({ cold: value === "cold" })],
  ];
  root.append(tiers.element, h("div", { class: "pair" }, formats.element, starts.element));
  const live = home.websocket === null ? null : gatewayControls(home, wishes);
  if (live) root.append(...live.elements);
  const code = button("Show code", "show-code", wishes.code);
  root.append(h("p", { class: "buttons" }, ...(live ? live.further : []), code));
  return (model) => {
    tiers.choose(String(model.choice.memory_mb));
    formats.choose(model.choice.format);
    starts.choose(model.choice.cold ? "cold" : "warm");
    for (const [group, course] of offered) {
      group.offer((value) => live !== null || recorded(model, course(value)));
    }
    show(code, model.code_offered);
    live?.update(model);
  };
}

function tierChoice(home: Site, wishes: Wishes): Choice {
  const options = home.tiers.map(({ memory_mb }) => ({
    value: String(memory_mb),
    label: format.memory(memory_mb),
    about: vcpu(home, memory_mb),
  }));
  return choice("tier", "Memory, and the CPU share that comes with it", options, (value) =>
    wishes.course({ memory_mb: Number(value) }),
  );
}

/**
 * Whether a race of this tier was recorded, under the conditions of what is shown; of this input or
 * start, at the tier chosen.
 */
function recorded({ history, site, choice: now }: Model, part: Partial<Course>): boolean {
  const conditions = site.conditions;
  return history.some((race) => {
    if (!race.over || race.conditions !== conditions) return false;
    if (part.memory_mb !== undefined) return race.memory_mb === part.memory_mb;
    if (race.memory_mb !== now.memory_mb) return false;
    if (part.format !== undefined) return race.format === part.format;
    return race.format === now.format && isCold(race) === part.cold;
  });
}

function button(label: string, id: string, pressed: () => void, kind = ""): HTMLButtonElement {
  const element = h("button", { type: "button", id, class: kind }, label);
  element.addEventListener("click", () => {
    if (isAble(element)) pressed();
  });
  return element;
}

interface GatewayControls {
  elements: HTMLElement[];
  further: HTMLElement[];
  update(model: Model): void;
}

function gatewayControls(home: Site, wishes: Wishes): GatewayControls {
  const times = h("input", {
    type: "number",
    id: "times",
    min: "1",
    max: String(MOST_RACES),
    value: "1",
    inputmode: "numeric",
  });
  const wanted = (): number =>
    Math.min(MOST_RACES, Math.max(1, Math.floor(times.valueAsNumber || 1)));
  times.addEventListener("change", () => (times.value = String(wanted())));
  const run = button("Run all", "run", () => wishes.run(wanted()), "primary");
  const stop = button("Stop after this race", "stop", wishes.stop);
  const warm = button("Warm up", "warm-up", wishes.warmUp);
  const verify = button("Verify", "verify", wishes.verify);
  const token = tokenField(wishes);
  const warmed = h("ul", { class: "warmed", "aria-label": "Warmed up" });
  const repeat = h("span", { class: "repeat" }, h("label", { for: "times" }, "Races"), times);
  return {
    elements: [
      ...(home.token === null ? [token.element] : []),
      h("p", { class: "buttons" }, run, repeat, stop),
      warmed,
    ],
    further: [warm, verify],
    update(model) {
      const { connection, busy, pending, repeat: series, race, replay } = model;
      const reached = connection?.is === "open" && pending === null;
      const free = reached && !busy && series === null;
      able(run, free);
      able(warm, free);
      able(verify, free && !replay && !!race && isOver(race, namesOf(home)));
      show(stop, series !== null, run);
      show(repeat, series === null);
      text(run, runLabel(model));
      text(verify, pending === "verify" ? "Verifying" : "Verify");
      text(warm, pending === "warmup" ? "Warming up" : "Warm up");
      token.update(model);
      warmedLines(warmed, home, model);
    },
  };
}

function runLabel({ pending, busy, repeat }: Model): string {
  if (repeat && repeat.wanted > 1) return `Race ${repeat.done + 1} of ${repeat.wanted}`;
  return pending === "run" ? "Starting" : busy ? "Racing" : "Run all";
}

/** On AWS a race costs money: it takes the token that was printed on deployment. */
function tokenField(wishes: Wishes): { element: HTMLElement; update(model: Model): void } {
  const input = h("input", {
    type: "password",
    id: "token",
    autocomplete: "off",
    spellcheck: "false",
    "aria-describedby": "token-why",
  });
  input.addEventListener("input", () => wishes.token(input.value.trim()));
  const why = h("small", { id: "token-why" });
  const element = h("p", { class: "token" }, h("label", { for: "token" }, "Token"), input, why);
  return {
    element,
    update({ token_needed, notice }) {
      show(element, token_needed);
      const wrong = notice?.about === "token";
      attribute(input, "aria-invalid", wrong ? "true" : false);
      text(
        why,
        wrong
          ? notice.text
          : "Starting a race costs money: lambdameter deploy printed the token. It is kept until this tab is closed.",
      );
    },
  };
}

function warmedLines(list: HTMLElement, home: Site, { warmed }: Model): void {
  const lines = home.lanes.flatMap(({ name, title }) => {
    const said = warmed[name];
    if (!said) return [];
    const init = /Init Duration: ([\d.]+) ms/.exec(said.report ?? "")?.[1];
    const what = said.error
      ? `failed: ${said.error}`
      : init === undefined
        ? "was warm already"
        : `is warm now, after a cold start of ${format.milliseconds(Number(init))}`;
    return [`${title} at ${format.memory(said.memory_mb)} ${what}`];
  });
  show(list, lines.length > 0);
  if (list.textContent !== lines.join(""))
    list.replaceChildren(...lines.map((line) => h("li", {}, line)));
}
