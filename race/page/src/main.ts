// Joins the parts of the page: the source of its races, its views, and the time.

import "./style/main.css";
import { App, type Environment } from "./app";
import { Connection, type Network, type Socket } from "./connection";
import { byId, setShown, setText } from "./dom";
import { type ExportedRaces, isExportedRaces, type RaceSite } from "./messages";
import type { View } from "./model";
import { exportStore, fetchCurrentRace, fetchSite, serverStore } from "./race-store";
import { setUpThemeButton } from "./theme";
import { chart } from "./views/chart";
import { showCode } from "./views/code-dialog";
import { conditions } from "./views/conditions";
import { controls } from "./views/controls";
import { cost } from "./views/cost";
import { differences } from "./views/differences";
import { distribution } from "./views/distribution";
import { headline, notice } from "./views/headline";
import { lanes } from "./views/lanes";
import { replay } from "./views/replay";
import { timeBreakdown } from "./views/time-breakdown";

const TOKEN_KEY = "lambdameter-token";
/** How often figures that change are drawn; less often if the user prefers reduced motion. */
const DRAW_MS = 80;
const DRAW_REDUCED_MS = 500;

function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

const network: Network = {
  connect: (url) => new WebSocket(url) as Socket,
  currentRace: fetchCurrentRace,
  after,
};

function environment(exported: ExportedRaces | null, redraw: () => void): Environment {
  return {
    store: exported ? exportStore(exported) : serverStore,
    connect: (url, listener) => new Connection(url, network, listener),
    now: () => Date.now(),
    steady: () => performance.now(),
    after,
    token: {
      read: () => sessionStorage.getItem(TOKEN_KEY) ?? "",
      save: (token) => sessionStorage.setItem(TOKEN_KEY, token),
    },
    redraw,
  };
}

function makeViews(app: App, home: RaceSite): View[] {
  const openCode = async (): Promise<void> => {
    const code = await app.code();
    if (code) showCode(app.model().site, code);
  };
  return [
    conditions(),
    notice(() => app.reconnect()),
    headline(),
    lanes(),
    differences(),
    controls(home, {
      choose: (parameters) => app.choose(parameters),
      run: (times) => app.run(times),
      stopSeries: () => app.stopSeries(),
      warmUp: () => app.warmUp(),
      verify: () => app.verify(),
      saveToken: (token) => app.saveToken(token),
      openCode: () => void openCode(),
    }),
    replay(home, {
      play: (id) => void app.play(id),
      togglePlaying: () => app.togglePlaying(),
      setSpeed: (speed) => app.setSpeed(speed),
      showLive: () => app.showLive(),
    }),
    chart(),
    timeBreakdown(),
    distribution(),
    cost((volume) => app.setVolume(volume)),
  ];
}

/** Draws at once after a change, and regularly while figures change by themselves. */
function run(home: RaceSite, exported: ExportedRaces | null): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const pace_ms = still ? DRAW_REDUCED_MS : DRAW_MS;
  let views: View[] = [];
  let scheduled = false;
  let timer = 0;
  const draw = (): void => {
    scheduled = false;
    clearTimeout(timer);
    app.tick();
    const model = app.model();
    for (const view of views) view(model);
    if (app.moving) timer = window.setTimeout(redraw, pace_ms);
  };
  const redraw = (): void => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  };
  const app = new App(home, exported !== null, still, environment(exported, redraw));
  views = makeViews(app, home);
  setUpThemeButton(byId("theme"), redraw);
  addEventListener("resize", redraw);
  redraw();
  void app.start();
}

function showFailure(text: string, next_step: string): void {
  setText(byId("headline"), text);
  setText(byId("caveat"), next_step);
  setUpThemeButton(byId("theme"), () => undefined);
  for (const part of document.querySelectorAll<HTMLElement>(".race, .side, .evidence")) {
    setShown(part, false);
  }
}

async function main(): Promise<void> {
  const data: unknown = JSON.parse(byId("lambdameter-data").textContent || "null");
  if (isExportedRaces(data)) {
    run(data.site, data);
    return;
  }
  if (data !== null) {
    const next_step = "Export the races again with: lambdameter live --export FILE";
    showFailure("This export cannot be read", next_step);
    return;
  }
  try {
    run(await fetchSite(), null);
  } catch {
    const next_step = "Start lambdameter live, and open the address that it prints.";
    showFailure("The page server does not answer", next_step);
  }
}

void main();
