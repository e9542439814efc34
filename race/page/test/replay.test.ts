import { describe, expect, test } from "vitest";
import { fold, isOver } from "../src/race";
import { Replay, timeline } from "../src/replay";
import { NAMES, START, until, VERIFIED, WHOLE } from "./examples";

const ALL = [...WHOLE, VERIFIED];

function playing(speed: 1 | 4 | "instant"): { replay: Replay; pass(ms: number): void } {
  let now = 5000;
  return {
    replay: new Replay(ALL, speed, () => now),
    pass: (ms) => {
      now += ms;
    },
  };
}

describe("a replay", () => {
  test("has each message at its time", () => {
    const { replay, pass } = playing(1);
    for (const ms of [0, 100, 650, 1290, 2100]) {
      expect(replay.messages()).toEqual(until(replay.position_ms));
      pass(ms - replay.position_ms);
      expect(replay.at_ms).toBe(START + ms);
    }
  });

  test("is four times as fast at 4x", () => {
    const { replay, pass } = playing(4);
    pass(100);
    expect(replay.messages()).toEqual(until(400));
  });

  test("is at its end at once", () => {
    expect(playing("instant").replay.messages()).toHaveLength(ALL.length);
  });

  test("ends with the race, and has later messages at its end", () => {
    const { replay, pass } = playing(1);
    expect(replay.length_ms).toBe(2310);
    pass(2310);
    expect(replay.over).toBe(true);
    expect(fold(replay.messages())?.verified).toEqual(VERIFIED);
  });

  test("stands still while it is paused, and goes on from there", () => {
    const { replay, pass } = playing(1);
    pass(500);
    replay.pause();
    pass(9000);
    expect([replay.position_ms, replay.playing]).toEqual([500, false]);
    replay.play();
    pass(100);
    expect(replay.position_ms).toBe(600);
  });

  test("keeps its place when the speed changes", () => {
    const { replay, pass } = playing(1);
    pass(500);
    replay.speed = 4;
    expect(replay.position_ms).toBe(500);
    pass(100);
    expect(replay.position_ms).toBe(900);
  });

  test("starts again when it is played after its end", () => {
    const { replay, pass } = playing(1);
    pass(10_000);
    replay.play();
    expect([replay.position_ms, replay.playing]).toEqual([0, true]);
  });

  test("of a race without its start begins with its first message", () => {
    const cut = WHOLE.filter(({ type }) => type !== "clearing" && type !== "started");
    expect(timeline(cut).start_ms).toBe(START + 100);
    expect(isOver(fold(new Replay(cut, "instant", () => 0).messages()) ?? never(), NAMES)).toBe(
      true,
    );
  });

  test("of nothing is over", () => {
    expect(new Replay([], 1, () => 0).over).toBe(true);
  });
});

function never(): never {
  throw new Error("no race");
}
