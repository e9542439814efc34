import { describe, expect, test } from "vitest";
import { App, SILENT_MS } from "../src/app";
import type { Ears, State } from "../src/connection";
import type { Course, RaceMessage, RaceSummary, Request, Site } from "../src/protocol";
import { coldStart } from "../src/views/lanes";
import { reservationOf } from "../src/views/story";
import { BEGIN, failed, SITE, START, until, VERIFIED, WHOLE } from "./messages";

const turn = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A gateway that hears and says what the test wants, a list of races, and clocks. */
class Stage {
  sent: Request[] = [];
  timers: { ms: number; then: () => void }[] = [];
  list: RaceSummary[] = [];
  lookUps = 0;
  polls = 0;
  reached = true;
  /** The machine's clock is three hours behind the senders'. */
  now_ms = START - 10_800_000;
  steady_ms = 50;
  #ears: Ears | null = null;
  readonly app: App;

  constructor(site: Site = SITE) {
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
      library: {
        summaries: () => {
          this.lookUps += 1;
          return Promise.resolve(this.list);
        },
        race: () => Promise.reject(new Error("none")),
        hasCode: false,
        code: () => Promise.reject(new Error("none")),
      },
      connect: (_, ears) => {
        this.#ears = ears;
        return connection as never;
      },
      now: () => this.now_ms,
      steady: () => this.steady_ms,
      after: (ms, then) => {
        const timer = { ms, then };
        this.timers.push(timer);
        return () => void (this.timers = this.timers.filter((one) => one !== timer));
      },
      token: { read: () => "", keep: () => undefined },
      dirty: () => undefined,
    });
    this.open();
  }
  get ears(): Ears {
    if (!this.#ears) throw new Error("nobody listens");
    return this.#ears;
  }
  is(state: State): void {
    this.ears.changed(state);
  }
  open(...missed: RaceMessage[]): void {
    this.reached = true;
    this.is({ is: "open" });
    this.recorded(...missed);
  }
  recorded(...messages: RaceMessage[]): void {
    for (const message of messages) this.ears.told(message, false);
    this.ears.caughtUp();
  }
  cut(): void {
    this.reached = false;
    this.is({ is: "lost", retry_ms: 500, tries: 1 });
  }
  tell(...messages: RaceMessage[]): void {
    for (const message of messages) this.ears.told(message, true);
  }
  pass(ms: number): void {
    this.now_ms += ms;
    this.steady_ms += ms;
    this.app.tick();
  }
  elapse(): void {
    const [timer] = this.timers.splice(0, 1);
    timer?.then();
  }
}

const of = (race: string, messages: RaceMessage[], late_ms = 0): RaceMessage[] =>
  messages.map((one) => ({ ...one, race, at_ms: one.at_ms + late_ms }));

describe("the list of races", () => {
  test("has the page's own race before the server has heard of it", async () => {
    const stage = new Stage();
    await turn();
    stage.tell(...WHOLE);
    await turn();
    expect(stage.app.model().history).toMatchObject([{ race: "a1", over: true, identical: null }]);
    stage.tell(VERIFIED);
    await turn();
    expect(stage.app.model().history).toMatchObject([{ race: "a1", identical: true }]);
  });

  test("is the same one while nothing changed", async () => {
    const stage = new Stage();
    stage.tell(...WHOLE);
    await turn();
    const before = stage.app.model().history;
    stage.open(...WHOLE);
    await turn();
    expect(stage.app.model().history).toBe(before);
  });

  test("is asked for anew at a verdict on a race that is not shown, which stays so", async () => {
    const stage = new Stage();
    stage.tell(...WHOLE);
    await turn();
    const before = stage.lookUps;
    stage.tell({ ...VERIFIED, race: "b2" });
    expect(stage.lookUps).toBe(before + 1);
    expect(stage.app.model().race?.id).toBe("a1");
  });
});

test("what comes late of the race before does not bring it back", () => {
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

  test("is on until nothing was heard of it for a minute", () => {
    expect([before.busy, reservationOf(before)]).toEqual([true, ""]);
    expect(after.busy).toBe(false);
  });

  test("is then told to have been cut off, and how long the gateway holds to it", () => {
    expect(reservationOf(after)).toMatch(
      /^Nothing was heard .* refuses another .* 20 minutes at most\.$/,
    );
  });

  test("stands still where it was heard of last", () => {
    stage.pass(600_000);
    expect(stage.app.model().now_ms).toBe(START + 900);
  });
});

describe("where the senders' clock is another", () => {
  test("a race that was on before the page came goes on from what was heard last", () => {
    const stage = new Stage();
    stage.cut();
    stage.open(...until(900));
    stage.pass(400);
    expect(stage.app.model()).toMatchObject({ busy: true, now_ms: START + 1300 });
  });

  test("its difference is known from what is recorded meanwhile", () => {
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
  const asked = (stage: Stage): (Course | undefined)[] =>
    stage.sent.map((one) =>
      one.action === "run"
        ? { format: one.format, memory_mb: one.memory_mb, cold: one.cold }
        : undefined,
    );
  const begun = (): Stage => {
    const stage = new Stage();
    stage.app.run(3);
    stage.tell(...of("r1", WHOLE));
    return stage;
  };

  test("keeps to the course that it began with", () => {
    const stage = begun();
    stage.app.course({ memory_mb: 128, format: "json", cold: true });
    stage.elapse();
    const first = { format: "csv", memory_mb: 1024, cold: false };
    expect(asked(stage)).toEqual([first, first]);
  });

  test("waits until nothing else is asked for", () => {
    const stage = begun();
    stage.app.verify();
    stage.elapse();
    expect(stage.sent.map(({ action }) => action)).toEqual(["run", "verify"]);
    stage.tell({ ...VERIFIED, race: "r1" });
    stage.elapse();
    expect(stage.sent.map(({ action }) => action)).toEqual(["run", "verify", "run"]);
  });

  test("goes on, once, after a cut while it was about to", () => {
    const stage = begun();
    stage.cut();
    stage.elapse();
    expect(stage.sent).toHaveLength(1);
    stage.open(...of("r1", WHOLE));
    stage.elapse();
    expect([stage.sent.length, stage.timers.length]).toEqual([2, 0]);
    expect(stage.app.model().repeat).toMatchObject({ wanted: 3, done: 1 });
  });

  test("goes on with the end of a race that was cut off from the page", () => {
    const stage = begun();
    stage.elapse();
    stage.tell(...of("r2", until(300), 9000));
    stage.cut();
    stage.open(...of("r2", until(900), 9000));
    stage.elapse();
    expect(stage.sent).toHaveLength(2);
    stage.recorded(...of("r2", WHOLE, 9000));
    stage.elapse();
    expect([stage.sent.length, stage.app.model().repeat?.done]).toEqual([3, 2]);
  });

  test("ends where a race is heard of no more", () => {
    const stage = begun();
    stage.elapse();
    stage.tell(...of("r2", until(300), 9000));
    stage.pass(SILENT_MS);
    expect(stage.app.model()).toMatchObject({ repeat: null, notice: { about: "race" } });
  });
});

describe("the cold start", () => {
  const of = (...messages: RaceMessage[]): string => {
    const stage = new Stage();
    stage.tell(...messages);
    return coldStart(stage.app.model().race?.lanes["python"]);
  };
  const warm = (one: RaceMessage): RaceMessage =>
    one.type === "running" ? { ...one, cold: false } : one;
  const silent: RaceMessage = {
    type: "report",
    race: "a1",
    lane: "python",
    at_ms: START + 1,
    report: null,
    headers: {},
  };

  test.each<[string, RaceMessage[], string]>([
    ["Init Duration where REPORT has it", WHOLE, "90.5 ms"],
    ["yes before that", until(300), "yes"],
    ["none where the handler said so", until(300).map(warm), "none"],
    ["nothing where nobody said anything", [...BEGIN, failed("python"), silent], "–"],
  ])("is %s", (_, messages, expected) => {
    expect(of(...messages)).toBe(expected);
  });
});
