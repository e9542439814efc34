from __future__ import annotations

import base64
import logging

import pytest

from lambdameter.emulator.execution.log import TAIL_BYTES, InvocationLog, pass_on
from lambdameter.model.sample import Report

REPORT = Report(request_id="r", duration_ms=1.0, billed_ms=1, memory_mb=128, max_memory_mb=9)


def test_lambdas_lines_stand_around_what_the_function_wrote() -> None:
    log = InvocationLog()
    log.output(b"loading\n")
    log.start("r")
    log.output(b"unfinished")
    log.end(REPORT)
    lines = log.text().decode().split("\n")
    assert lines[:4] == [
        "loading",
        "START RequestId: r Version: $LATEST",
        "unfinished",
        "END RequestId: r",
    ]
    assert lines[4].startswith("REPORT RequestId: r\tDuration: 1.00 ms\t")


def test_the_tail_is_the_last_4_kb_in_base64() -> None:
    log = InvocationLog()
    log.output(b"x" * 10_000)
    log.end(REPORT)
    tail = base64.b64decode(log.tail())
    assert len(tail) == TAIL_BYTES
    assert log.text().endswith(tail)


def test_a_failed_init_has_its_own_line() -> None:
    log = InvocationLog()
    log.init_report(9999.9, "init", "timeout", None)
    log.init_report(1.25, "invoke", "error", "Runtime.ExitError")
    assert log.text().decode() == (
        "INIT_REPORT Init Duration: 9999.90 ms\tPhase: init\tStatus: timeout\n"
        "INIT_REPORT Init Duration: 1.25 ms\tPhase: invoke\tStatus: error\t"
        "Error Type: Runtime.ExitError\n"
    )


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (logging.INFO, ["f | START RequestId: r Version: $LATEST", "f | é", "f | \xa0 at"]),
        (logging.WARNING, []),
    ],
)
def test_what_nobody_asked_for_is_told_line_by_line_to_whoever_wants_it(
    caplog: pytest.LogCaptureFixture, wanted: int, told: list[str]
) -> None:
    log = InvocationLog()
    log.start("r")
    log.output("é\r\xa0 at\n".encode())
    with caplog.at_level(wanted, pass_on.__module__):
        pass_on("f", log)
    assert [record.getMessage() for record in caplog.records] == told
