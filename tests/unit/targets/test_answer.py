from __future__ import annotations

from lambdameter.model import report_line
from lambdameter.model.sample import Invocation, Meter, Report
from lambdameter.targets import answer

REPORT = Report(
    request_id="r", duration_ms=2.5, billed_ms=3, memory_mb=128, max_memory_mb=20, init_ms=9.25
)
METER = Meter(environment="e-1", cpu_ms=1.5)


def invocation(log_tail: str, headers: dict[str, str]) -> Invocation:
    return Invocation(
        status=200,
        payload=b"{}",
        function_error=None,
        log_tail=log_tail,
        headers=headers,
        client_ms=3,
    )


def test_report_and_meter_are_read() -> None:
    tail = "START\nlog\n" + report_line.format_report(REPORT)
    assert answer.read(invocation(tail, report_line.format_meter(METER))) == (REPORT, METER)


def test_what_a_target_does_not_say_is_none() -> None:
    assert answer.read(invocation("cut off", {"date": "today"})) == (None, None)
