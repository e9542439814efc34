import { describe, expect, test } from "vitest";
import * as asking from "../src/asking";
import { BEGIN, NAMES, VERIFIED } from "./messages";

const [clearing] = BEGIN;
if (!clearing) throw new Error("no message");
const run = asking.asked(asking.nothing, "run", NAMES, 0);
const refused = (reason: string): asking.Asking =>
  asking.heard(run, { type: "refused", action: "run", reason });

describe("what was asked is pending until", () => {
  test("a run clears the tables, and not when it is accepted", () => {
    expect(asking.heard(run, { type: "accepted", action: "run" }).pending).not.toBeNull();
    expect(asking.heard(run, clearing).pending).toBeNull();
  });

  test("every lane is warm", () => {
    const warm = (lane: string, one: asking.Asking): asking.Asking =>
      asking.heard(one, {
        type: "warmed",
        at_ms: 1,
        lane,
        memory_mb: 128,
        report: null,
        error: null,
      });
    const one = warm("rust", asking.asked(asking.nothing, "warmup", NAMES, 0));
    expect(one.pending?.left).toEqual(["python"]);
    expect(warm("python", one).pending).toBeNull();
  });

  test("the verdict is there", () => {
    const verify = asking.asked(asking.nothing, "verify", NAMES, 0);
    expect(asking.heard(verify, clearing).pending).not.toBeNull();
    expect(asking.heard(verify, VERIFIED).pending).toBeNull();
  });

  test("nothing came for three minutes, which is told", () => {
    expect(asking.waited(run, 179_999)).toBe(run);
    expect(asking.waited(run, 180_000)).toMatchObject({
      pending: null,
      notice: { text: "Run all was accepted, and nothing came of it" },
    });
  });

  test("the connection is cut", () => {
    expect(asking.cut(run).pending).toBeNull();
  });
});

describe("a refusal", () => {
  test("for the token's sake is told at the token", () => {
    expect(refused("starting a race needs the token").notice?.about).toBe("token");
  });

  test("tells its reason, and what to do", () => {
    expect(refused("a race is on").notice).toEqual({
      about: "action",
      text: "Run all was refused: a race is on",
      next_step: "Wait until that is over, then try again.",
    });
  });

  test("is forgotten with the next thing asked", () => {
    expect(asking.asked(refused("a race is on"), "run", NAMES, 0).notice).toBeNull();
  });
});

describe("a series of races", () => {
  const three: asking.Asking = {
    ...asking.nothing,
    series: { wanted: 3, done: 0, course: { format: "csv", memory_mb: 128, cold: false } },
  };

  test("goes on until all are run", () => {
    const first = asking.ended(three, []);
    const second = asking.ended(first.asking, []);
    const third = asking.ended(second.asking, []);
    expect([first.again, second.again, third.again]).toEqual([true, true, false]);
    expect(third.asking.series).toBeNull();
  });

  test("ends where a lane failed, and says so", () => {
    const { again, asking: after } = asking.ended(three, ["Python"]);
    expect(again).toBe(false);
    expect(after.notice?.text).toBe("The series ended after race 1 of 3: Python failed");
  });

  test("ends where nothing is heard of a race any more, and says so", () => {
    const after = asking.stalled({
      ...three,
      series: three.series && { ...three.series, done: 1 },
    });
    expect(after.series).toBeNull();
    expect(after.notice?.text).toMatch(/^The series ended in race 2 of 3/);
  });

  test("ends with a refusal", () => {
    expect(asking.heard(three, { type: "refused", action: "run", reason: "no" }).series).toBeNull();
  });
});
