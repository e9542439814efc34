import { expect, test } from "vitest";
import { modelledMs, parseReport } from "../src/report";

// As in https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
const WARM =
  "REPORT RequestId: 8f5\tDuration: 15.74 ms\tBilled Duration: 16 ms\tMemory Size: 128 MB\tMax Memory Used: 56 MB\t\n";

test("a warm call has no Init Duration", () => {
  expect(parseReport(WARM)).toEqual({
    duration_ms: 15.74,
    billed_ms: 16,
    memory_mb: 128,
    max_memory_mb: 56,
    init_ms: null,
    status: null,
    error_type: null,
  });
});

test("a cold start and a failure are read", () => {
  const line = `${WARM.trimEnd()}\tInit Duration: 130.49 ms\tStatus: error\tError Type: Runtime.OutOfMemory`;
  expect(parseReport(line)).toMatchObject({
    init_ms: 130.49,
    status: "error",
    error_type: "Runtime.OutOfMemory",
  });
});

test.each(["", "START RequestId: 8f5", "REPORT RequestId: 8f5\tDuration: x ms"])(
  "%j is no REPORT",
  (line) => {
    expect(parseReport(line)).toBeNull();
  },
);

test.each([[{}], [{ "x-lambdameter-service": "{" }], [{ "x-lambdameter-service": "{}" }]])(
  "where nobody says what was modelled, nothing is claimed: %j",
  (headers) => expect(modelledMs(headers)).toBeNull(),
);
