import { describe, expect, test } from "vitest";
import type { RaceMessage } from "../src/messages";
import * as race from "../src/race";
import {
  BEGIN,
  failed,
  lane,
  NAMES,
  recorded,
  SITE,
  START,
  until,
  VERIFIED,
  WHOLE,
} from "./examples";

function folded(messages: RaceMessage[]): race.Race {
  const result = race.fold(messages);
  if (!result) throw new Error("no race");
  return result;
}

/** A fixed order for each seed. */
function shuffled<Kind>(values: readonly Kind[], seed: number): Kind[] {
  let state = seed;
  const next = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  return values
    .map((value) => ({ value, key: next() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

describe("the state of a race", () => {
  const all = [...WHOLE, VERIFIED];

  test("is the same however often each message comes", () => {
    expect(folded([...all, ...all, ...until(700)])).toEqual(folded(all));
  });

  test.each([1, 2, 3, 4, 5])("is the same in whatever order they come (%i)", (seed) => {
    expect(folded(shuffled([...all, ...until(700)], seed))).toEqual(folded(all));
  });

  test("is the same object after a message that says nothing new", () => {
    const known = folded(until(900));
    for (const message of until(900)) expect(race.reduce(known, message)).toBe(known);
  });

  test("takes nothing from another race", () => {
    const known = folded(WHOLE);
    expect(race.reduce(known, { ...VERIFIED, race: "b2" })).toBe(known);
  });

  test("keeps the newest verification", () => {
    const later = { ...VERIFIED, at_ms: VERIFIED.at_ms + 1, identical: false };
    expect(folded([...WHOLE, later, VERIFIED]).verified?.identical).toBe(false);
  });
});

describe("a lane's phase", () => {
  test.each([
    [-400, "waiting"],
    [0, "start"],
    [100, "download"],
    [200, "parse"],
    [300, "write"],
    [2300, "done"],
  ])("after %i ms", (ms, phase) => {
    expect(race.phaseOf(folded(until(ms)), "python")).toBe(phase);
  });

  test("is failed once it failed", () => {
    expect(race.phaseOf(folded([...until(800), failed("python")]), "python")).toBe("failed");
  });
});

describe("what a lane shows", () => {
  test("elapsed runs with the clock and stands still at its end", () => {
    expect(race.elapsedMs(folded(BEGIN), "rust", START + 50)).toBe(50);
    expect(race.elapsedMs(folded(WHOLE), "rust", START + 99_999)).toBe(1500);
  });

  test("no time has passed before both were asked", () => {
    expect(race.elapsedMs(folded(until(-400)), "rust", START)).toBeNull();
  });

  test("the rate is that of writing, so far and at the end", () => {
    expect(race.recordsPerSecond(folded(until(900)).lanes.rust)).toBeCloseTo(1000 / 0.3);
    expect(race.recordsPerSecond(folded(WHOLE).lanes.python)).toBe(2000);
    expect(race.recordsPerSecond(folded(until(300)).lanes.python)).toBeNull();
  });

  test("the time between two messages is shared out by records", () => {
    expect(race.reachedMs(folded(WHOLE).lanes.python, 1500)).toBe(START + 300 + 750);
  });
});

describe("where the time went", () => {
  test("while it runs, by the times of the messages", () => {
    expect(race.timeSpans(folded(until(250)), "rust", START + 250)).toEqual([
      { kind: "start", ms: 100 },
      { kind: "download", ms: 100 },
      { kind: "parse", ms: 50 },
    ]);
  });

  test("at the end by the answer, and the cold start is REPORT's Init Duration", () => {
    expect(race.timeSpans(folded(WHOLE), "rust", 0)).toEqual([
      { kind: "cold", ms: 90.5 },
      { kind: "download", ms: 100 },
      { kind: "parse", ms: 100 },
      { kind: "write", ms: 1200 },
    ]);
  });

  test("a warm environment has no start of its own", () => {
    const warm = until(250).map((message) =>
      message.type === "running" ? { ...message, cold: false } : message,
    );
    expect(race.timeSpans(folded(warm), "rust", START + 250)[0]?.kind).toBe("download");
  });

  test("the modelled part of Duration is known", () => {
    expect(race.modelledShare(folded(WHOLE).lanes.rust)).toBeCloseTo(0.25);
  });
});

describe("the gap", () => {
  test("is in records, and in time since the leader was there", () => {
    // After 1,300 ms: Python has 2,000, which Rust had after 900.
    expect(race.gap(folded(until(1300)), NAMES)).toEqual({
      leader: "rust",
      records: 1000,
      ms: 400,
    });
  });

  test("is at the end the time between both ends", () => {
    expect(race.gap(folded(WHOLE), NAMES)).toEqual({
      leader: "rust",
      records: 0,
      ms: 800,
    });
  });

  test("has no time while the other has nothing", () => {
    expect(race.gap(folded(until(700)), NAMES)?.ms).toBeNull();
  });

  test("is none without a second lane that runs", () => {
    expect(race.gap(folded([...until(1300), failed("python")]), NAMES)).toBeNull();
    expect(race.gap(folded(BEGIN), NAMES)).toBeNull();
  });
});

describe("a race is over", () => {
  test("when every lane has its REPORT", () => {
    expect(race.isOver(folded(WHOLE.slice(0, -1)), NAMES)).toBe(false);
    expect(race.isOver(folded(WHOLE), NAMES)).toBe(true);
  });

  test("also without one, where the invocation itself failed", () => {
    expect(race.isOver(folded([...BEGIN, ...lane("rust", 300), failed("python")]), NAMES)).toBe(
      true,
    );
  });
});

test("a lane without a REPORT line has ended, too", () => {
  const silent: RaceMessage = {
    type: "report",
    race: "a1",
    lane: "python",
    at_ms: START + 999,
    report: null,
    headers: {},
  };
  const state = folded([...BEGIN, ...lane("rust", 300), silent]);
  expect(race.isOver(state, NAMES)).toBe(true);
  expect(race.timeSpans(state, "python", START + 5000)).toEqual([{ kind: "start", ms: 999 }]);
});

test("its summary is the same as the page server's", () => {
  expect(race.summarise(recorded([...WHOLE, VERIFIED]))).toEqual({
    race: "a1",
    target: "local",
    conditions: SITE.conditions,
    format: "csv",
    memory_mb: 1024,
    cold: true,
    began_ms: START - 500,
    over: true,
    identical: true,
    lanes: {
      python: { total_ms: 2200, init_ms: 90.5, failed: null },
      rust: { total_ms: 1400, init_ms: 90.5, failed: null },
    },
  });
});
