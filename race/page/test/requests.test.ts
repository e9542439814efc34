import { describe, expect, test } from "vitest";
import * as requests from "../src/requests";
import { BEGIN, NAMES, VERIFIED } from "./examples";

const [clearing] = BEGIN;
if (!clearing) throw new Error("no message");
const run = requests.sent(requests.idle, "run", NAMES, 0);
const refused = (reason: string): requests.RequestState =>
  requests.received(run, { type: "refused", action: "run", reason });

describe("a request is pending until", () => {
  test("a run clears the tables, and not when it is accepted", () => {
    expect(requests.received(run, { type: "accepted", action: "run" }).pending).not.toBeNull();
    expect(requests.received(run, clearing).pending).toBeNull();
  });

  test("every lane is warm", () => {
    const warmed = (lane: string, state: requests.RequestState): requests.RequestState =>
      requests.received(state, {
        type: "warmed",
        at_ms: 1,
        lane,
        memory_mb: 128,
        report: null,
        error: null,
      });
    const waiting = warmed("rust", requests.sent(requests.idle, "warmup", NAMES, 0));
    expect(waiting.pending?.lanes).toEqual(["python"]);
    expect(warmed("python", waiting).pending).toBeNull();
  });

  test("the verdict is there", () => {
    const verify = requests.sent(requests.idle, "verify", NAMES, 0);
    expect(requests.received(verify, clearing).pending).not.toBeNull();
    expect(requests.received(verify, VERIFIED).pending).toBeNull();
  });

  test("nothing followed for three minutes, which the notice says", () => {
    expect(requests.timePassed(run, 179_999)).toBe(run);
    expect(requests.timePassed(run, 180_000)).toMatchObject({
      pending: null,
      notice: { text: "Start race was accepted, but nothing followed" },
    });
  });

  test("the connection is cut", () => {
    expect(requests.disconnected(run).pending).toBeNull();
  });
});

describe("a refusal", () => {
  test("of the token is shown at the token", () => {
    expect(refused("starting a race needs the token").notice?.about).toBe("token");
  });

  test("has its reason, and what to do", () => {
    expect(refused("a race is running").notice).toEqual({
      about: "action",
      text: "Start race was refused: a race is running",
      next_step: "Wait until that has ended, then try again.",
    });
  });

  test("disappears with the next request", () => {
    expect(requests.sent(refused("a race is running"), "run", NAMES, 0).notice).toBeNull();
  });
});

describe("a series of races", () => {
  const three: requests.RequestState = {
    ...requests.idle,
    series: { wanted: 3, done: 0, parameters: { format: "csv", memory_mb: 128, cold: false } },
  };

  test("goes on until all are run", () => {
    const first = requests.raceEnded(three, []);
    const second = requests.raceEnded(first.state, []);
    const third = requests.raceEnded(second.state, []);
    expect([first.again, second.again, third.again]).toEqual([true, true, false]);
    expect(third.state.series).toBeNull();
  });

  test("ends if a lane failed, and says so", () => {
    const { again, state } = requests.raceEnded(three, ["Python"]);
    expect(again).toBe(false);
    expect(state.notice?.text).toBe("The series stopped after race 1 of 3: Python failed");
  });

  test("ends if a race sends no messages any more, and says so", () => {
    const after = requests.stalled({
      ...three,
      series: three.series && { ...three.series, done: 1 },
    });
    expect(after.series).toBeNull();
    expect(after.notice?.text).toMatch(/^The series stopped in race 2 of 3/);
  });

  test("ends with a refusal", () => {
    expect(
      requests.received(three, { type: "refused", action: "run", reason: "no" }).series,
    ).toBeNull();
  });
});
