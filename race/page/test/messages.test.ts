import { describe, expect, test } from "vitest";
import { parseMessage } from "../src/connection";
import { isExportedRaces, isRaceList, isRaceSite, isRecordedRace } from "../src/messages";
import { summarise } from "../src/race";
import { recorded, SITE, VERIFIED, WHOLE } from "./examples";

const parsed = (value: unknown): unknown => parseMessage(JSON.stringify(value));

describe("a message", () => {
  test("of every type is parsed as it is", () => {
    const messages = [
      ...WHOLE,
      VERIFIED,
      { type: "failed", race: "a", lane: "rust", at_ms: 1, error: { errorType: "KeyError" } },
      { type: "accepted", action: "run" },
      { type: "refused", action: "run", reason: "a race is running" },
      { type: "report", race: "a", lane: "rust", at_ms: 1, report: null, headers: {} },
      { type: "warmed", at_ms: 1, lane: "rust", memory_mb: 128, report: null, error: null },
    ];
    for (const message of messages) expect(parsed(message)).toEqual(message);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["no type", "{}"],
    ["an unknown type", '{"type":"won"}'],
    ["a field missing", '{"type":"refused","action":"run"}'],
    ["a number as text", '{"type":"progress","race":"a","lane":"b","at_ms":1,"records":"5"}'],
    ["a negative count", '{"type":"progress","race":"a","lane":"b","at_ms":1,"records":-5}'],
    ["an unknown phase", '{"type":"phase","race":"a","lane":"b","at_ms":1,"phase":"rest"}'],
    ["bytes", new ArrayBuffer(2)],
  ])("is not: %s", (_, frame) => {
    expect(parseMessage(frame)).toBeNull();
  });

  test("may have fields that the page does not know", () => {
    expect(parsed({ type: "accepted", action: "run", later: 1 })).not.toBeNull();
  });
});

test("a document of the page server is checked down to its last field", () => {
  expect(isRaceSite(SITE)).toBe(true);
  expect(isRaceSite({ ...SITE, tiers: [{ memory_mb: 128 }] })).toBe(false);
  expect(isRecordedRace(recorded())).toBe(true);
  expect(isRecordedRace({ ...recorded(), schema: 1 })).toBe(false);
  expect(isRecordedRace({ ...recorded(), messages: [{ type: "won" }] })).toBe(false);
  const summary = summarise(recorded());
  expect(isRaceList({ races: [summary], unreadable: [] })).toBe(true);
  expect(isRaceList({ races: [{ ...summary, format: "" }], unreadable: [] })).toBe(false);
});

test("an export has its site, its races, and code if it is known", () => {
  const file = { path: "main.rs", language: "rust", text: "" };
  const exported = { site: SITE, races: [recorded()], code: { lanes: { rust: [file] } } };
  expect(isExportedRaces(exported)).toBe(true);
  expect(isExportedRaces({ ...exported, code: null })).toBe(true);
  expect(isExportedRaces({ ...exported, races: [5] })).toBe(false);
  expect(isExportedRaces(null)).toBe(false);
});
