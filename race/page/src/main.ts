// Joins the page's parts: where its races come from, its views, and the time.

import "./style.css";
import { App, type Environment } from "./app";
import { Connection, type Socket } from "./connection";
import { find, show, text } from "./dom";
import * as library from "./library";
import type { View } from "./model";
import { type Exported, parseExported, type Site } from "./protocol";
import { themeSwitch } from "./theme";
import { chart } from "./views/chart";
import { showCode } from "./views/code";
import { controls } from "./views/controls";
import { cost } from "./views/cost";
import { differences } from "./views/differences";
import { distribution } from "./views/distribution";
import { labels } from "./views/labels";
import { lanes } from "./views/lanes";
import { replay } from "./views/replay";
import { headline, notice } from "./views/story";
import { where } from "./views/where";

const TOKEN = "lambdameter-token";
/** How often figures that run are drawn, in milliseconds; less often where motion disturbs. */
const DRAW_MS = 80;
const DRAW_STILL_MS = 500;

function after(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

const world = {
  connect: (url: string): Socket => new WebSocket(url) as Socket,
  current: library.currentRace,
  after,
};

function environment(exported: Exported | null, dirty: () => void): Environment {
  return {
    library: exported ? library.within(exported) : library.served,
    connect: (url, ears) => new Connection(url, world, ears),
    now: () => Date.now(),
    steady: () => performance.now(),
    after,
    token: {
      read: () => sessionStorage.getItem(TOKEN) ?? "",
      keep: (token) => sessionStorage.setItem(TOKEN, token),
    },
    dirty,
  };
}

function viewsOf(app: App, home: Site): View[] {
  const code = async (): Promise<void> => {
    const found = await app.code();
    if (found) showCode(app.model().site, found);
  };
  const wishes = {
    course: (changed: Parameters<App["course"]>[0]) => app.course(changed),
    run: (times: number) => app.run(times),
    stop: () => app.stop(),
    warmUp: () => app.warmUp(),
    verify: () => app.verify(),
    token: (token: string) => app.keepToken(token),
    code: () => void code(),
  };
  const replayWishes = {
    play: (id: string) => void app.play(id),
    toggle: () => app.toggle(),
    speed: (speed: Parameters<App["speed"]>[0]) => app.speed(speed),
    live: () => app.showLive(),
  };
  return [
    labels(),
    notice(() => app.reconnect()),
    headline(),
    lanes(),
    differences(),
    controls(home, wishes),
    replay(home, replayWishes),
    chart(),
    where(),
    distribution(),
    cost((volume) => app.price(volume)),
  ];
}

/** Draws at once when something changed, and at a measured pace while something runs. */
function run(home: Site, exported: Exported | null): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pace = still ? DRAW_STILL_MS : DRAW_MS;
  let views: View[] = [];
  let due = false;
  let timer = 0;
  const draw = (): void => {
    due = false;
    clearTimeout(timer);
    app.tick();
    const model = app.model();
    for (const view of views) view(model);
    if (app.moving) timer = window.setTimeout(dirty, pace);
  };
  const dirty = (): void => {
    if (due) return;
    due = true;
    requestAnimationFrame(draw);
  };
  const app = new App(home, exported !== null, still, environment(exported, dirty));
  views = viewsOf(app, home);
  themeSwitch(find("theme"), dirty);
  addEventListener("resize", dirty);
  dirty();
  void app.start();
}

function broken(what: string, next: string): void {
  text(find("headline"), what);
  text(find("reservation"), next);
  themeSwitch(find("theme"), () => undefined);
  for (const part of document.querySelectorAll<HTMLElement>(".race, .side, .evidence")) {
    show(part, false);
  }
}

async function main(): Promise<void> {
  const data: unknown = JSON.parse(find("lambdameter-data").textContent || "null");
  if (data !== null) {
    const exported = parseExported(data);
    if (exported) run(exported.site, exported);
    else broken("This export cannot be read", "Make it anew with: lambdameter live --export FILE");
    return;
  }
  try {
    run(await library.site(), null);
  } catch {
    broken(
      "The page server does not answer",
      "Start it with lambdameter live, and open the address that it prints.",
    );
  }
}

void main();
