import { describe, expect, test } from "vitest";
import { alike, type Kind, nearest, startOf, startOfRace, withOwn } from "../src/likeness";
import type { RaceMessage, RaceSummary } from "../src/protocol";
import { fold, summarise } from "../src/race";
import { recorded, SITE, until, WHOLE } from "./messages";

const found = summarise(recorded());
if (!found) throw new Error("no race");
const COLD: RaceSummary = found;
const lanes = (python: number | null, rust: number | null): RaceSummary["lanes"] => ({
  python: { total_ms: 1, init_ms: python, failed: null },
  rust: { total_ms: 1, init_ms: rust, failed: null },
});
const WARM: RaceSummary = { ...COLD, race: "b2", cold: false, lanes: lanes(null, null) };
const KIND: Kind = { format: "csv", memory_mb: 1024, start: "warm", conditions: SITE.conditions };

describe("a race's start", () => {
  test.each([
    ["as asked for", true, null, null, "cold"],
    ["cold where each lane had Init Duration", false, 90, 50, "cold"],
    ["warm where none had", false, null, null, "warm"],
    ["mixed where one had", false, 90, null, "mixed"],
  ])("is %s", (_, cold, python, rust, expected) => {
    expect(startOf({ cold, lanes: lanes(python, rust) })).toBe(expected);
  });

  test("is by the handlers' own word until there is REPORT", () => {
    const of = (messages: RaceMessage[]): string => {
      const race = fold(messages);
      return race ? startOfRace(race, false) : "none";
    };
    expect(of(until(0))).toBe("warm");
    expect(of(until(300))).toBe("cold");
    expect(
      of(until(300).map((one) => (one.type === "running" ? { ...one, cold: false } : one))),
    ).toBe("warm");
    expect(of(WHOLE.map((one) => (one.type === "running" ? { ...one, cold: false } : one)))).toBe(
      "cold",
    );
  });
});

describe("races are compared", () => {
  test("with those of the same course, start and conditions", () => {
    expect(alike(WARM, KIND)).toBe(true);
    expect(alike(COLD, { ...KIND, start: "cold" })).toBe(true);
  });

  test.each<[string, Partial<RaceSummary>]>([
    ["other conditions", { conditions: "x" }],
    ["another tier", { memory_mb: 128 }],
    ["another input", { format: "json" }],
    ["a cold start that nobody asked for", { lanes: lanes(90, 90) }],
  ])("and not with one of %s", (_, changed) => {
    expect(alike({ ...WARM, ...changed }, KIND)).toBe(false);
  });
});

describe("the nearest recorded race", () => {
  const wanted = { format: "csv", memory_mb: 1024, cold: false } as const;
  const here = SITE.conditions;

  test("is of the same conditions", () => {
    expect(nearest([{ ...WARM, race: "aws", conditions: "x" }, WARM], wanted, here)).toBe(WARM);
    expect(nearest([{ ...WARM, conditions: "x" }], wanted, here)).toBeNull();
  });

  test("is warm where it was, not where that was asked for", () => {
    const first: RaceSummary = { ...WARM, race: "c3", lanes: lanes(90, 90) };
    expect(nearest([first, WARM], wanted, here)).toBe(WARM);
    expect(nearest([WARM, first], { ...wanted, cold: true }, here)).toBe(first);
  });
});

describe("the list with the page's own race", () => {
  test("has it where the server has not heard of it, in its place", () => {
    const later = { ...WARM, began_ms: COLD.began_ms + 1 };
    expect(withOwn([COLD], later)).toEqual([later, COLD]);
    expect(withOwn([later], COLD)).toEqual([later, COLD]);
  });

  test("has it once, over, with the verdict that one of both knows", () => {
    const behind: RaceSummary = { ...COLD, over: false };
    expect(withOwn([behind], { ...COLD, identical: true })).toEqual([{ ...COLD, identical: true }]);
    expect(withOwn([{ ...COLD, identical: false }], COLD)).toEqual([{ ...COLD, identical: false }]);
  });
});
