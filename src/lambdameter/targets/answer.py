"""What an invocation says of its own cost: the REPORT line and the emulator's headers."""

from __future__ import annotations

from lambdameter.model import report_line
from lambdameter.model.sample import Invocation, Meter, Report


def read(invocation: Invocation) -> tuple[Report | None, Meter | None]:
    """The REPORT record, if the log tail has it, and the meter, if the target has one."""
    return (
        report_line.parse_report(invocation.log_tail),
        report_line.parse_meter(invocation.headers),
    )
