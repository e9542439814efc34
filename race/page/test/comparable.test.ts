import { describe, expect, test } from "vitest";
import {
  closestRace,
  currentStartKind,
  type Group,
  isComparable,
  startKind,
  withOwnRace,
} from "../src/comparable";
import type { RaceMessage, RaceSummary } from "../src/messages";
import { fold, summarise } from "../src/race";
import { recorded, SITE, until, WHOLE } from "./examples";

const found = summarise(recorded());
if (!found) throw new Error("no race");
const COLD: RaceSummary = found;
const lanes = (python: number | null, rust: number | null): RaceSummary["lanes"] => ({
  python: { total_ms: 1, init_ms: python, failed: null },
  rust: { total_ms: 1, init_ms: rust, failed: null },
});
const WARM: RaceSummary = { ...COLD, race: "b2", cold: false, lanes: lanes(null, null) };
const GROUP: Group = { format: "csv", memory_mb: 1024, start: "warm", conditions: SITE.conditions };

const asWarm = (message: RaceMessage): RaceMessage =>
  message.type === "running" ? { ...message, cold: false } : message;

describe("a race's start", () => {
  test.each([
    ["cold as requested", true, null, null, "cold"],
    ["cold where each lane had Init Duration", false, 90, 50, "cold"],
    ["warm where none had", false, null, null, "warm"],
    ["mixed where one had", false, 90, null, "mixed"],
  ])("is %s", (_, cold, python, rust, expected) => {
    expect(startKind({ cold, lanes: lanes(python, rust) })).toBe(expected);
  });

  test("is by the handlers' messages until there is a REPORT line", () => {
    const of = (messages: RaceMessage[]): string => {
      const race = fold(messages);
      return race ? currentStartKind(race, false) : "none";
    };
    expect(of(until(0))).toBe("warm");
    expect(of(until(300))).toBe("cold");
    expect(of(until(300).map(asWarm))).toBe("warm");
    expect(of(WHOLE.map(asWarm))).toBe("cold");
  });
});

describe("races are compared", () => {
  test("if parameters, start and conditions are the same", () => {
    expect(isComparable(WARM, GROUP)).toBe(true);
    expect(isComparable(COLD, { ...GROUP, start: "cold" })).toBe(true);
  });

  test.each<[string, Partial<RaceSummary>]>([
    ["other conditions", { conditions: "x" }],
    ["another memory size", { memory_mb: 128 }],
    ["another input", { format: "json" }],
    ["cold starts that were not requested", { lanes: lanes(90, 90) }],
  ])("but not with one with %s", (_, changed) => {
    expect(isComparable({ ...WARM, ...changed }, GROUP)).toBe(false);
  });
});

describe("the nearest recorded race", () => {
  const wanted = { format: "csv", memory_mb: 1024, cold: false } as const;
  const here = SITE.conditions;

  test("is of the same conditions", () => {
    expect(closestRace([{ ...WARM, race: "aws", conditions: "x" }, WARM], wanted, here)).toBe(WARM);
    expect(closestRace([{ ...WARM, conditions: "x" }], wanted, here)).toBeNull();
  });

  test("is warm if it ran warm, not if that was requested", () => {
    const first: RaceSummary = { ...WARM, race: "c3", lanes: lanes(90, 90) };
    expect(closestRace([first, WARM], wanted, here)).toBe(WARM);
    expect(closestRace([WARM, first], { ...wanted, cold: true }, here)).toBe(first);
  });
});

describe("the list with the page's own race", () => {
  test("has it in its place before the server has recorded it", () => {
    const later = { ...WARM, began_ms: COLD.began_ms + 1 };
    expect(withOwnRace([COLD], later)).toEqual([later, COLD]);
    expect(withOwnRace([later], COLD)).toEqual([later, COLD]);
  });

  test("has it once, over, with the verdict that is known", () => {
    const behind: RaceSummary = { ...COLD, over: false };
    expect(withOwnRace([behind], { ...COLD, identical: true })).toEqual([
      { ...COLD, identical: true },
    ]);
    expect(withOwnRace([{ ...COLD, identical: false }], COLD)).toEqual([
      { ...COLD, identical: false },
    ]);
  });
});
