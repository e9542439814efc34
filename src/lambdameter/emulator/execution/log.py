"""What a function writes, with Lambda's own lines around it, in text format.

https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import base64
import logging

from lambdameter.model.report_line import format_report
from lambdameter.model.sample import Report

# LogType=Tail: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
TAIL_BYTES = 4_096

_LOG = logging.getLogger(__name__)


class InvocationLog:
    """The log of one invocation, INIT's output before it where the start was cold."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def output(self, data: bytes) -> None:
        """What the function's processes wrote, byte for byte."""
        self._parts.append(data)

    def init_report(self, init_ms: float, phase: str, status: str, error_type: str | None) -> None:
        """An init that failed (phase: "init" or "invoke")."""
        line = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
        self._line(line + (f"\tError Type: {error_type}\n" if error_type else "\n"))

    def start(self, request_id: str) -> None:
        """The invocation begins."""
        self._line(f"START RequestId: {request_id} Version: $LATEST\n")

    def end(self, report: Report, failure: str = "") -> None:
        """The invocation is over."""
        self._line(f"{failure}END RequestId: {report.request_id}\n{format_report(report)}")

    def text(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)

    def tail(self) -> str:
        """The last 4 KB, as X-Amz-Log-Result carries it."""
        return base64.b64encode(self.text()[-TAIL_BYTES:]).decode()

    def _line(self, line: str) -> None:
        # Lambda's lines begin lines, whatever the function left unfinished.
        if self._parts and not self._parts[-1].endswith(b"\n"):
            self._parts.append(b"\n")
        self._parts.append(line.encode())


def tell(function: str, log: InvocationLog) -> None:
    """What no caller has asked for, line by line, to whoever wants INFO of this module."""
    if _LOG.isEnabledFor(logging.INFO):
        # A traceback's lines end with \r, so that CloudWatch takes them for one.
        for line in log.text().decode(errors="replace").splitlines():
            _LOG.info("%s | %s", function, line)


def to_stderr() -> None:
    """Want it, on stderr."""
    logging.basicConfig(format="%(message)s")
    _LOG.setLevel(logging.INFO)
