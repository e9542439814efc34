import { describe, expect, test } from "vitest";
import { type Kind, alike, conditionsOf, nearest, startOf, startOfRace, withOwn } from "../src/likeness";
import type { RaceMessage, RaceSummary, Site } from "../src/protocol";
import { fold, summarise } from "../src/race";
import { SITE, WHOLE, recorded, until } from "./messages";

const found = summarise(recorded());
if (!found) throw new Error("no race");
const COLD: RaceSummary = found;
const lanes = (python: number | null, rust: number | null): RaceSummary["lanes"] => ({
  python: { total_ms: 1, init_ms: python, failed: null },
  rust: { total_ms: 1, init_ms: rust, failed: null },
});
const WARM: RaceSummary = { ...COLD, race: "b2", cold: false, lanes: lanes(null, null) };
const KIND: Kind = { format: "csv", memory_mb: 1_024, start: "warm", conditions: conditionsOf(SITE) };

describe("the digest of a site's conditions", () => {
  // tests/unit/live/test_likeness.py has the same site and the same digest.
  test("is the one that the page server makes", () => {
    expect(conditionsOf({ ...SITE, caveats: [...SITE.caveats, { label: "latency", text: "≈ 3 ms" }] })).toBe(
      "d9810a83027562d9",
    );
  });

  test.each<[string, Partial<Site>]>([
    ["target", { target: "aws" }],
    ["region", { region: "eu-west-1" }],
    ["architecture", { architecture: "x86_64" }],
    ["records", { records: 5 }],
    ["code", { lanes: SITE.lanes.map((lane) => ({ ...lane, zip_bytes: 1 })) }],
    ["latency", { caveats: [{ label: "latency", text: "none modelled" }] }],
    ["faults", { caveats: [...SITE.caveats, { label: "faults", text: "INJECTED: throttling" }] }],
    ["speed", { caveats: [...SITE.caveats, { label: "speed", text: "this machine's own CPUs" }] }],
  ])("is another with another %s", (_, changed) => {
    expect(conditionsOf({ ...SITE, ...changed })).not.toBe(conditionsOf(SITE));
  });

  test("is the same whatever tiers are offered, at which prices, and whoever may start a race", () => {
    const other: Site = {
      ...SITE,
      websocket: null,
      token: null,
      tiers: [],
      caveats: [...SITE.caveats, { label: "1,769 MB", text: "a whole vCPU" }, { label: "bill", text: "x" }],
      prices: { ...SITE.prices, as_of: "2027-01-01" },
    };
    expect(conditionsOf(other)).toBe(conditionsOf(SITE));
  });
});

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
    expect(of(until(300).map((one) => (one.type === "running" ? { ...one, cold: false } : one)))).toBe("warm");
    expect(of(WHOLE.map((one) => (one.type === "running" ? { ...one, cold: false } : one)))).toBe("cold");
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
  const wanted = { format: "csv", memory_mb: 1_024, cold: false } as const;
  const here = conditionsOf(SITE);

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
