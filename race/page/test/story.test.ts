import { describe, expect, test } from "vitest";
import type { RaceMessage } from "../src/protocol";
import { fold } from "../src/race";
import * as story from "../src/story";
import { BEGIN, failed, lane, SITE, until, VERIFIED, WHOLE } from "./messages";

const sentence = (...messages: RaceMessage[]): string => story.headline(SITE, fold(messages));
const said = (...messages: RaceMessage[]): string => story.announcement(SITE, fold(messages));

describe("the sentence that decides", () => {
  test.each<[string, RaceMessage[], string]>([
    ["before any race", [], "Python against Rust: who writes 4,000 records first?"],
    ["at the start", BEGIN, "Python and Rust are off"],
    ["while one leads", until(1300), "Rust leads by 1,000 records, 400 ms ahead"],
    ["when one is done", until(1800), "Rust is done in 1.40 s; Python has 3,000 of 4,000 records"],
    ["at the end", WHOLE, "Rust is 1.6x faster here: 1.40 s against 2.20 s, unverified"],
    [
      "verified",
      [...WHOLE, VERIFIED],
      "Rust is 1.6x faster here: 1.40 s against 2.20 s, verified identical",
    ],
    [
      "where one failed",
      [...BEGIN, ...lane("rust", 300), failed("python")],
      "Python failed: Runtime.OutOfMemory; Rust did it in 1.40 s",
    ],
    [
      "where both failed",
      [...BEGIN, failed("rust"), failed("python")],
      "Python failed: Runtime.OutOfMemory; Rust failed: Runtime.OutOfMemory",
    ],
    [
      "where both are alike",
      [...BEGIN, ...lane("python", 300), ...lane("rust", 301)],
      "Python and Rust are level here: 1.40 s and 1.40 s, unverified",
    ],
  ])("%s", (_, messages, expected) => {
    expect(sentence(...messages)).toBe(expected);
  });

  test("names no speed where what was written differs", () => {
    const text = sentence(...WHOLE, { ...VERIFIED, identical: false });
    expect(text).toBe("No speed is compared: what was written is not what must be there");
  });
});

test("one race is told to be one race, and unverified until it is not", () => {
  expect(story.reservation(SITE, fold(WHOLE))).toMatch(
    /^Unverified until Verify .* One race: no interval/,
  );
  expect(story.reservation(SITE, fold([...WHOLE, VERIFIED]))).toMatch(
    /^Every record of every table/,
  );
  expect(story.reservation(SITE, fold(until(1300)))).toBe("");
});

test.each([
  ["Runtime.OutOfMemory", /^Choose a larger memory size\.$/],
  ["Sandbox.Timedout", /larger share of the CPU/],
  ["KeyError", /^Its lane says why/],
])("what to do about %s is told", (errorType, told) => {
  const broken = { ...failed("python"), error: { errorType } } as RaceMessage;
  expect(story.reservation(SITE, fold([...BEGIN, ...lane("rust", 300), broken]))).toMatch(told);
});

test("a screen reader is told of start, first end, end and proof, and of nothing between", () => {
  const times = [...WHOLE.keys()].map((index) => said(...WHOLE.slice(0, index + 1)));
  const told = [...times, said(...WHOLE, VERIFIED)].filter(
    (text, index, all) => text !== all[index - 1],
  );
  expect(told).toEqual([
    "",
    "The race has started: Python and Rust.",
    "Rust finished first, in 1.40 s.",
    "Rust is 1.6x faster here: 1.40 s against 2.20 s, unverified.",
    "Rust is 1.6x faster here: 1.40 s against 2.20 s, verified identical.",
  ]);
});

test("a screen reader is told of a lane that failed before the race started", () => {
  expect(said(...BEGIN.slice(0, 1), failed("python", 5))).toBe(
    "Python failed: Runtime.OutOfMemory.",
  );
});

test("the facts name input, tier with its share, start and order", () => {
  expect(story.facts(SITE, fold(WHOLE)).slice(0, 4)).toEqual([
    "4,000 records as CSV",
    "1,024 MB, 0.58 vCPU",
    "cold starts",
    "Rust was asked first",
  ]);
});
