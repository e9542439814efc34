import { describe, expect, test } from "vitest";
import { parseExported, parseMessage, parseRace, parseSite, parseSummaries } from "../src/protocol";
import { summarise } from "../src/race";
import { recorded, SITE, VERIFIED, WHOLE } from "./messages";

const parsed = (value: unknown): unknown => parseMessage(JSON.stringify(value));

describe("a message", () => {
  test("of every kind is taken as it is", () => {
    const all = [
      ...WHOLE,
      VERIFIED,
      { type: "accepted", action: "run" },
      { type: "refused", action: "run", reason: "a race is on" },
      { type: "report", race: "a", lane: "rust", at_ms: 1, report: null, headers: {} },
      { type: "warmed", at_ms: 1, lane: "rust", memory_mb: 128, report: null, error: null },
    ];
    for (const message of all) expect(parsed(message)).toEqual(message);
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["no type", "{}"],
    ["an unknown type", '{"type":"won"}'],
    ["a type that every object has", '{"type":"constructor"}'],
    ["a field missing", '{"type":"refused","action":"run"}'],
    ["a figure as text", '{"type":"progress","race":"a","lane":"b","at_ms":1,"records":"5"}'],
    ["records below nothing", '{"type":"progress","race":"a","lane":"b","at_ms":1,"records":-5}'],
    ["an unknown phase", '{"type":"phase","race":"a","lane":"b","at_ms":1,"phase":"rest"}'],
    ["bytes", new ArrayBuffer(2)],
  ])("is not: %s", (_, frame) => {
    expect(parseMessage(frame)).toBeNull();
  });

  test("may say more than is known", () => {
    expect(parsed({ type: "accepted", action: "run", later: 1 })).not.toBeNull();
  });
});

test("of a recorded race, what is no message of it is left out", () => {
  const strange = [{ type: "won" }, { type: "accepted", action: "run" }, WHOLE[0]];
  expect(parseRace({ ...recorded(), messages: strange })?.messages).toEqual([WHOLE[0]]);
});

test("a site without a tier's share is none", () => {
  expect(parseSite(SITE)).toEqual(SITE);
  expect(parseSite({ ...SITE, tiers: [{ memory_mb: 128 }] })).toBeNull();
});

test("a row of the list that is no race hides no other", () => {
  const right = summarise(recorded());
  expect(right).not.toBeNull();
  expect(parseSummaries({ races: [{ race: "a" }, right, { ...right, format: "" }] })).toEqual([
    right,
  ]);
  expect(parseSummaries({ races: "none" })).toBeNull();
});

test("an export has its site without a gateway, its races, and code where it was put in", () => {
  const data = { site: SITE, races: [recorded(), 5], exported: true };
  expect(parseExported(data)).toEqual({
    site: { ...SITE, websocket: null, token: null },
    races: [recorded()],
    code: null,
  });
  expect(parseExported({ ...data, exported: false })).toBeNull();
  const code = { rust: [{ path: "main.rs", language: "rust", text: "" }] };
  expect(parseExported({ ...data, code: { lanes: code } })?.code).toEqual(code);
});
