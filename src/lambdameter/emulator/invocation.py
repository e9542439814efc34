"""One invocation, before and after it was handled."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lambdameter.emulator.log import InvocationLog
from lambdameter.model import Meter, Report


class InvocationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One event to be handled; `headers` go to the runtime as they are."""

    request_id: str
    payload: bytes
    headers: dict[str, str] = {}


class Outcome(NamedTuple):
    """One invocation, ended; `error` is X-Amz-Function-Error."""

    payload: bytes
    error: str | None
    log: InvocationLog
    report: Report
    meter: Meter
