import { describe, expect, test } from "vitest";
import { App, SILENT_MS } from "../src/app";
import type { ConnectionListener, ConnectionState } from "../src/connection";
import type { RaceMessage, RaceSite, RaceSummary, Request } from "../src/messages";
import type { RaceParameters } from "../src/model";
import { caveatOf } from "../src/views/headline";
import { coldStart } from "../src/views/lanes";
import { BEGIN, failed, SITE, START, spaced, until, VERIFIED, WHOLE } from "./examples";

const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A connection, a list of races and clocks that the test controls. */
class Stage {
  sent: Request[] = [];
  timers: { ms: number; callback: () => void }[] = [];
  list: RaceSummary[] = [];
  historyRequests = 0;
  polls = 0;
  reached = true;
  /** The machine's clock is three hours behind the senders'. */
  now_ms = START - 10_800_000;
  steady_ms = 50;
  #listener: ConnectionListener | null = null;
  readonly app: App;

  constructor(site: RaceSite = SITE) {
    const connection = {
      start: () => undefined,
      send: (request: Request) => {
        if (this.reached) this.sent.push(request);
        return this.reached;
      },
      catchUp: () => {
        this.polls += 1;
        return Promise.resolve();
      },
    };
    this.app = new App(site, false, true, {
      store: {
        summaries: () => {
          this.historyRequests += 1;
          return Promise.resolve(this.list);
        },
        race: () => Promise.reject(new Error("none")),
        hasCode: false,
        code: () => Promise.reject(new Error("none")),
      },
      connect: (_, listener) => {
        this.#listener = listener;
        return connection;
      },
      now: () => this.now_ms,
      steady: () => this.steady_ms,
      after: (ms, callback) => {
        const timer = { ms, callback };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
      token: { read: () => "", save: () => undefined },
      redraw: () => undefined,
    });
    this.open();
  }
  get listener(): ConnectionListener {
    if (!this.#listener) throw new Error("nobody listens");
    return this.#listener;
  }
  is(state: ConnectionState): void {
    this.listener.stateChanged(state);
  }
  open(...missed: RaceMessage[]): void {
    this.reached = true;
    this.is({ is: "open" });
    this.recorded(...missed);
  }
  recorded(...messages: RaceMessage[]): void {
    for (const message of messages) this.listener.received(message, false);
    this.listener.caughtUp();
  }
  cut(): void {
    this.reached = false;
    this.is({ is: "lost", retry_ms: 500, tries: 1 });
  }
  tell(...messages: RaceMessage[]): void {
    for (const message of messages) this.listener.received(message, true);
  }
  pass(ms: number): void {
    this.now_ms += ms;
    this.steady_ms += ms;
    this.app.tick();
  }
  elapse(): void {
    const [timer] = this.timers.splice(0, 1);
    timer?.callback();
  }
}

const of = (race: string, messages: RaceMessage[], late_ms = 0): RaceMessage[] =>
  messages.map((message) => ({ ...message, race, at_ms: message.at_ms + late_ms }));

describe("the list of races", () => {
  test("has the page's own race before the server has recorded it", async () => {
    const stage = new Stage();
    await settled();
    stage.tell(...WHOLE);
    await settled();
    expect(stage.app.model().history).toMatchObject([{ race: "a1", over: true, identical: null }]);
    stage.tell(VERIFIED);
    await settled();
    expect(stage.app.model().history).toMatchObject([{ race: "a1", identical: true }]);
  });

  test("is the same one while nothing changed", async () => {
    const stage = new Stage();
    stage.tell(...WHOLE);
    await settled();
    const before = stage.app.model().history;
    stage.open(...WHOLE);
    await settled();
    expect(stage.app.model().history).toBe(before);
  });

  test("is loaded again at a verdict on another race, which is not shown", async () => {
    const stage = new Stage();
    stage.tell(...WHOLE);
    await settled();
    const before = stage.historyRequests;
    stage.tell({ ...VERIFIED, race: "b2" });
    expect(stage.historyRequests).toBe(before + 1);
    expect(stage.app.model().race?.id).toBe("a1");
  });
});

test("a late message of the race before does not bring it back", () => {
  const stage = new Stage();
  const late = of("b2", WHOLE, -5000).at(-1);
  stage.tell(...of("b2", WHOLE.slice(0, -1), -5000), ...BEGIN);
  if (late) stage.tell({ ...late, at_ms: START + 1 });
  expect(stage.app.model().race?.id).toBe("a1");
});

describe("a race that dies midway", () => {
  const stage = new Stage();
  stage.tell(...until(900));
  stage.pass(SILENT_MS - 1);
  const before = stage.app.model();
  stage.pass(1);
  const after = stage.app.model();

  test("is running until it has been silent for a minute", () => {
    expect([before.busy, caveatOf(before)]).toEqual([true, ""]);
    expect(after.busy).toBe(false);
  });

  test("is then shown as interrupted, with how long it blocks others", () => {
    expect(caveatOf(after)).toMatch(
      /^No message of this race .* is refused .* at most 30 minutes\.$/,
    );
  });

  test("stands still at its last message", () => {
    stage.pass(600_000);
    expect(stage.app.model().now_ms).toBe(START + 900);
  });
});

describe("if the senders' clock is different", () => {
  test("a race that was running before continues from its last message", () => {
    const stage = new Stage();
    stage.cut();
    stage.open(...until(900));
    stage.pass(400);
    expect(stage.app.model()).toMatchObject({ busy: true, now_ms: START + 1300 });
  });

  test("the difference is known from what is recorded meanwhile", () => {
    const stage = new Stage();
    stage.cut();
    // What was missed says nothing: it may be long ago.
    stage.open(...until(900));
    stage.pass(2001);
    expect(stage.polls).toBe(1);
    stage.recorded(...until(1800));
    stage.pass(1000);
    expect(stage.app.model().now_ms).toBe(START + 2800);
    // Told 500 ms late: the difference stays the least that was seen.
    stage.recorded(...until(2300));
    expect(stage.app.model().now_ms).toBe(START + 2800);
  });
});

describe("a series", () => {
  const requested = (stage: Stage): (RaceParameters | undefined)[] =>
    stage.sent.map((request) => {
      if (request.action !== "run") return undefined;
      const { format, memory_mb, cold } = request;
      return { format, memory_mb, cold };
    });
  const started = (): Stage => {
    const stage = new Stage();
    stage.app.run(3);
    stage.tell(...of("r1", WHOLE));
    return stage;
  };

  test("keeps the parameters that it started with", () => {
    const stage = started();
    stage.app.choose({ memory_mb: 128, format: "json", cold: true });
    stage.elapse();
    const first = { format: "csv", memory_mb: 1024, cold: false };
    expect(requested(stage)).toEqual([first, first]);
  });

  test("waits until no other request is open", () => {
    const stage = started();
    stage.app.verify();
    stage.elapse();
    expect(stage.sent.map(({ action }) => action)).toEqual(["run", "verify"]);
    stage.tell({ ...VERIFIED, race: "r1" });
    stage.elapse();
    expect(stage.sent.map(({ action }) => action)).toEqual(["run", "verify", "run"]);
  });

  test("continues, once, after a disconnection before its next race", () => {
    const stage = started();
    stage.cut();
    stage.elapse();
    expect(stage.sent).toHaveLength(1);
    stage.open(...of("r1", WHOLE));
    stage.elapse();
    expect([stage.sent.length, stage.timers.length]).toEqual([2, 0]);
    expect(stage.app.model().series).toMatchObject({ wanted: 3, done: 1 });
  });

  test("continues after a race whose end the page has missed", () => {
    const stage = started();
    stage.elapse();
    stage.tell(...of("r2", until(300), 9000));
    stage.cut();
    stage.open(...of("r2", until(900), 9000));
    stage.elapse();
    expect(stage.sent).toHaveLength(2);
    stage.recorded(...of("r2", WHOLE, 9000));
    stage.elapse();
    expect([stage.sent.length, stage.app.model().series?.done]).toEqual([3, 2]);
  });

  test("ends if a race sends no messages any more", () => {
    const stage = started();
    stage.elapse();
    stage.tell(...of("r2", until(300), 9000));
    stage.pass(SILENT_MS);
    expect(stage.app.model()).toMatchObject({ series: null, notice: { about: "race" } });
  });
});

describe("the cold start", () => {
  const shown = (messages: RaceMessage[]): string => {
    const stage = new Stage();
    stage.tell(...messages);
    return coldStart(stage.app.model().race?.lanes.python);
  };
  const warm = (message: RaceMessage): RaceMessage =>
    message.type === "running" ? { ...message, cold: false } : message;
  const silent: RaceMessage = {
    type: "report",
    race: "a1",
    lane: "python",
    at_ms: START + 1,
    report: null,
    headers: {},
  };

  test.each<[string, RaceMessage[], string]>([
    ["Init Duration if the REPORT line has it", WHOLE, "90.5 ms"],
    ["yes before the REPORT line", until(300), "yes"],
    ["no if the handler said so", until(300).map(warm), "no"],
    ["empty if nothing is known", [...BEGIN, failed("python"), silent], "–"],
  ])("is %s", (_, messages, expected) => {
    expect(spaced(shown(messages))).toBe(expected);
  });
});
