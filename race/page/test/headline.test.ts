import { describe, expect, test } from "vitest";
import * as headline from "../src/headline";
import type { RaceMessage } from "../src/messages";
import { fold } from "../src/race";

import { BEGIN, failed, lane, SITE, spaced, until, VERIFIED, WHOLE } from "./examples";

const sentence = (...messages: RaceMessage[]): string =>
  spaced(headline.headline(SITE, fold(messages)));
const said = (...messages: RaceMessage[]): string =>
  spaced(headline.announcement(SITE, fold(messages)));

describe("the headline", () => {
  test.each<[string, RaceMessage[], string]>([
    ["before any race", [], "Python or Rust: which writes 4,000 records first?"],
    ["at the start", BEGIN, "Python and Rust have started"],
    ["while one leads", until(1300), "Rust leads by 1,000 records, 400 ms ahead"],
    [
      "when one is done",
      until(1800),
      "Rust finished in 1.40 s; Python has written 3,000 of 4,000 records",
    ],
    [
      "at the end",
      WHOLE,
      "Rust is 1.6 times faster than Python in this race: 1.40 s against 2.20 s, unverified",
    ],
    [
      "verified",
      [...WHOLE, VERIFIED],
      "Rust is 1.6 times faster than Python in this race: 1.40 s against 2.20 s, verified",
    ],
    [
      "where one failed",
      [...BEGIN, ...lane("rust", 300), failed("python")],
      "Python failed: Runtime.OutOfMemory; Rust finished in 1.40 s",
    ],
    [
      "where both failed",
      [...BEGIN, failed("rust"), failed("python")],
      "Python failed: Runtime.OutOfMemory; Rust failed: Runtime.OutOfMemory",
    ],
    [
      "where both are alike",
      [...BEGIN, ...lane("python", 300), ...lane("rust", 301)],
      "Python and Rust are equally fast in this race: 1.40 s and 1.40 s, unverified",
    ],
  ])("%s", (_, messages, expected) => {
    expect(sentence(...messages)).toBe(expected);
  });

  test("compares no speed if the records differ", () => {
    const text = sentence(...WHOLE, { ...VERIFIED, identical: false });
    expect(text).toBe(
      "Speeds are not compared: the written records differ from the expected records",
    );
  });
});

test("the caveat says that one race is one race, and whether it is verified", () => {
  expect(headline.caveat(SITE, fold(WHOLE))).toMatch(
    /^Unverified: .* One race has no confidence interval/,
  );
  expect(headline.caveat(SITE, fold([...WHOLE, VERIFIED]))).toMatch(/^Every record of every table/);
  expect(headline.caveat(SITE, fold(until(1300)))).toBe("");
});

test.each([
  ["Runtime.OutOfMemory", /^Choose a larger memory size\.$/],
  ["Sandbox.Timedout", /larger CPU share/],
  ["KeyError", /^The lane shows the error/],
])("the caveat says what to do about %s", (errorType, told) => {
  const broken = { ...failed("python"), error: { errorType } } as RaceMessage;
  expect(headline.caveat(SITE, fold([...BEGIN, ...lane("rust", 300), broken]))).toMatch(told);
});

test("a screen reader announces start, first end, end and verdict, and nothing between", () => {
  const times = [...WHOLE.keys()].map((index) => said(...WHOLE.slice(0, index + 1)));
  const told = [...times, said(...WHOLE, VERIFIED)].filter(
    (text, index, all) => text !== all[index - 1],
  );
  expect(told).toEqual([
    "",
    "The race has started: Python and Rust.",
    "Rust finished first, in 1.40 s.",
    "Rust is 1.6 times faster than Python in this race: 1.40 s against 2.20 s, unverified.",
    "Rust is 1.6 times faster than Python in this race: 1.40 s against 2.20 s, verified.",
  ]);
});

test("a screen reader announces a lane that failed before the race started", () => {
  expect(said(...BEGIN.slice(0, 1), failed("python", 5))).toBe(
    "Python failed: Runtime.OutOfMemory.",
  );
});

test("the facts name input, memory size with its CPU share, start and order", () => {
  expect(headline.facts(SITE, fold(WHOLE)).slice(0, 4).map(spaced)).toEqual([
    "4,000 records as CSV",
    "1,024 MB, 0.58 vCPU",
    "cold starts",
    "Rust was invoked first",
  ]);
});
