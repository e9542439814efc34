import { describe, expect, test } from "vitest";
import { costOf, VOLUMES } from "../src/cost";
import * as format from "../src/format";
import { pieces } from "../src/highlight";
import { parseReport } from "../src/report";
import { median, stack, ticks } from "../src/statistics";
import { SITE, spaced, WHOLE } from "./examples";

describe("a figure has at most three significant digits and its unit", () => {
  test.each([
    [12_300, "12.3 s"],
    [999.4, "999 ms"],
    [999.6, "1.00 s"],
    [211_400, "211 s"],
    [1_234_000, "1,230 s"],
    [75.12, "75.1 ms"],
    [0, "0 ms"],
  ])("%d ms is %s", (ms, text) => expect(spaced(format.duration(ms))).toBe(text));

  test.each([
    [0, "$0"],
    [0.000_000_261, "$0.000000261"],
    [0.0315, "$0.0315"],
    [3.146, "$3.15"],
    [0.9999, "$1.00"],
    [99.99, "$100"],
    [-12.5, "−$12.5"],
    [3_149_000, "$3,150,000"],
  ])("%d dollars are %s", (usd, text) => expect(format.usd(usd)).toBe(text));

  test.each([
    [1.04, "1.0x"],
    [1.72, "1.7x"],
    [13.44, "13.4x"],
  ])("a ratio of %d is %s", (ratio, text) => expect(`${format.ratio(ratio)}x`).toBe(text));
});

test("a race costs its billed GB-seconds, its request and its services", () => {
  const message = WHOLE.find(
    ({ type, ...rest }) => type === "report" && "lane" in rest && rest.lane === "rust",
  );
  const report = message?.type === "report" ? parseReport(message.report ?? "") : null;
  if (!report) throw new Error("no report");
  expect(report.billed_ms).toBe(1500);
  const cost = costOf(report, "rust", SITE.prices);
  expect(cost?.lambda_usd).toBeCloseTo(1.5 * 1e-5 + 2e-7, 12);
  expect(cost?.total_usd).toBeCloseTo(0.03 + 1.5 * 1e-5 + 2e-7, 12);
  expect(costOf(report, "go", SITE.prices)).toBeNull();
});

test("the volumes go from one to a hundred million, and each is named round", () => {
  expect(VOLUMES.slice(0, 4)).toEqual([1, 2, 5, 10]);
  expect(VOLUMES.at(-1)).toBe(100_000_000);
});

test("the median of an even number of values is between the two in the middle", () => {
  expect(median([])).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 1, 2, 3])).toBe(2.5);
});

test("an axis has round steps and reaches the largest value", () => {
  expect(ticks(21.3, 5)).toEqual([0, 5, 10, 15, 20, 25]);
  expect(ticks(20, 5)).toEqual([0, 5, 10, 15, 20]);
  expect(ticks(0, 5)).toEqual([0]);
});

test("dots that would cover each other are stacked", () => {
  expect(stack([0, 1, 5, 0.5], 2)).toEqual([0, 1, 0, 2]);
});

describe("highlighted code", () => {
  test.each([
    ["python", 'def f():\n    return "def"  # def\n'],
    ["rust", "fn f<'a>(x: &'a str) -> char { 'x' } // fn\n"],
    ["cobol", "MOVE A TO B."],
  ])("is, joined, the code again: %s", (language, source) => {
    expect(
      pieces(language, source)
        .map(({ text }) => text)
        .join(""),
    ).toBe(source);
  });

  test("tells keywords from the same word in strings and comments", () => {
    const kinds = pieces("python", 'def f(): "def" # def').filter(({ text }) =>
      text.includes("def"),
    );
    expect(kinds.map(({ kind }) => kind)).toEqual(["keyword", "string", "comment"]);
  });

  test("knows a lifetime from a character", () => {
    const strings = pieces("rust", "fn f<'a>(x: &'a str) { 'x' }").filter(
      ({ kind }) => kind === "string",
    );
    expect(strings.map(({ text }) => text)).toEqual(["'x'"]);
  });
});
