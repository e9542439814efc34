"""An invocation before and after it runs: its request and its outcome."""

from __future__ import annotations

import secrets
from typing import NamedTuple

import msgspec

from lambdameter.emulator.execution.log import InvocationLog
from lambdameter.model.sample import Meter, Report


class InvocationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One event to be handled; `headers` go to the runtime unchanged."""

    request_id: str
    payload: bytes
    headers: dict[str, str] = {}


class Outcome(NamedTuple):
    """An invocation that has ended; `error` is X-Amz-Function-Error."""

    payload: bytes
    error: str | None
    log: InvocationLog
    report: Report
    meter: Meter


def new_trace() -> str:
    """A trace header that samples nothing.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    digits = secrets.token_hex(24)
    return f"Root=1-{digits[:8]}-{digits[8:32]};Parent={digits[32:]};Sampled=0"
