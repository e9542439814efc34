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
    """The log of one invocation; on a cold start it begins with Init's output."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def output(self, data: bytes) -> None:
        """Add what the function's processes wrote, byte for byte."""
        self._parts.append(data)

    def init_report(self, init_ms: float, phase: str, status: str, error_type: str | None) -> None:
        """Add INIT_REPORT of an init that failed.

        Args:
            init_ms: how long it took.
            phase: "init" or "invoke", where it ran.
            status: "error" or "timeout".
            error_type: as in REPORT; None: AWS names none.
        """
        line = f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: {phase}\tStatus: {status}"
        self._line(line + (f"\tError Type: {error_type}\n" if error_type else "\n"))

    def start(self, request_id: str) -> None:
        """Add START."""
        self._line(f"START RequestId: {request_id} Version: $LATEST\n")

    def end(self, report: Report, failure: str = "") -> None:
        """Add END and REPORT; `failure` holds the lines before them that say what failed."""
        self._line(f"{failure}END RequestId: {report.request_id}\n{format_report(report)}")

    def text(self) -> bytes:
        """The whole log."""
        return b"".join(self._parts)

    def tail(self) -> str:
        """The last 4 KB in base64, as in X-Amz-Log-Result."""
        return base64.b64encode(self.text()[-TAIL_BYTES:]).decode()

    def _line(self, line: str) -> None:
        # Lambda's own lines begin a line, also where the function did not end one.
        if self._parts and not self._parts[-1].endswith(b"\n"):
            self._parts.append(b"\n")
        self._parts.append(line.encode())


def pass_on(function: str, log: InvocationLog) -> None:
    """Pass a log that no caller asked for to this module's logger, line by line, as INFO."""
    if _LOG.isEnabledFor(logging.INFO):
        # The lines of a traceback end with \r, so that CloudWatch takes them for one event.
        for line in log.text().decode(errors="replace").splitlines():
            _LOG.info("%s | %s", function, line)


def to_stderr() -> None:
    """Show on stderr what `pass_on` passes on."""
    logging.basicConfig(format="%(message)s")
    _LOG.setLevel(logging.INFO)
