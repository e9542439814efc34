import { expect, test } from "vitest";
import { modelledMs, parseReport } from "../src/report";

// As in https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
const WARM =
  "REPORT RequestId: 8f5\tDuration: 15.74 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB\t\n";

test("a warm invocation has no Init Duration", () => {
  expect(parseReport(WARM)).toEqual({
    duration_ms: 15.74,
    billed_ms: 16,
    memory_mb: 128,
    init_ms: null,
  });
});

test("the Init Duration of a cold start is read, also of one that failed", () => {
  const line = `${WARM.trimEnd()}	Init Duration: 130.49 ms	Status: error	Error Type: Runtime.OutOfMemory`;
  expect(parseReport(line)?.init_ms).toBe(130.49);
});

test.each(["", "START RequestId: 8f5", "REPORT RequestId: 8f5\tDuration: x ms"])(
  "%j is not a REPORT line",
  (line) => {
    expect(parseReport(line)).toBeNull();
  },
);

test.each([[{}], [{ "x-lambdameter-service": "{" }], [{ "x-lambdameter-service": "{}" }]])(
  "without the local Lambda's figures nothing is modelled: %j",
  (headers) => expect(modelledMs(headers)).toBeNull(),
);
