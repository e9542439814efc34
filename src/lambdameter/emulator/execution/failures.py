"""How an invocation can fail other than by its handler's own error: payload, REPORT, log lines.

The texts are AWS's. Exits and signals have the names that Go's os/exec gives them, since AWS's own
runtime supervisor is written in Go:
https://github.com/aws/aws-lambda-runtime-interface-emulator (internal/lambda/rapid/handlers.go)
"""

from __future__ import annotations

import datetime as dt
import signal
from typing import NamedTuple

import msgspec

from lambdameter.emulator.execution.metering import Ending

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB and a little.
MAX_RESPONSE_BYTES = 6_291_556
FUNCTION_ERROR = "Unhandled"


class Failure(NamedTuple):
    """What the caller gets, what REPORT says, and what the log says before END."""

    payload: bytes
    ending: Ending
    log: str = ""


# What Go's syscall.Signal.String() calls them.
_SIGNAL_NAMES = {
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGTERM: "terminated",
    signal.SIGILL: "illegal instruction",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
}


def timed_out(request_id: str, timeout_s: int, epoch_ms: float) -> Failure:
    """The function's timeout has passed."""
    text = f"Task timed out after {timeout_s:.2f} seconds"
    at = dt.datetime.fromtimestamp(epoch_ms / 1000, tz=dt.UTC)
    stamp = at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    return Failure(
        payload=_payload("Sandbox.Timedout", f"RequestId: {request_id} Error: {text}"),
        ending=Ending(status="timeout"),
        log=f"{stamp} {request_id} {text}\n\n",
    )


def exited(request_id: str, returncode: int, *, out_of_memory: bool) -> Failure:
    """The runtime's process has ended.

    Args:
        request_id: of the invocation.
        returncode: as asyncio gives it (-9: SIGKILL).
        out_of_memory: whether the kernel killed a process for the memory limit. To the caller that
            is an exit by SIGKILL, in REPORT it is Runtime.OutOfMemory.
    """
    cause = f"Runtime exited {_exit(returncode)}"
    return _runtime_failure(
        request_id,
        "Runtime.ExitError",
        cause,
        "Runtime.OutOfMemory" if out_of_memory else "Runtime.ExitError",
    )


def no_entrypoint(request_id: str, cause: str) -> Failure:
    """There is nothing to start."""
    return _runtime_failure(
        request_id, "Runtime.InvalidEntrypoint", cause, "Runtime.InvalidEntrypoint"
    )


def init_failed(payload: bytes, error_type: str) -> Failure:
    """The runtime reported why it cannot start; the caller gets the runtime's own payload."""
    return Failure(payload=payload, ending=Ending(status="error", error_type=error_type))


def response_too_large() -> Failure:
    """The handler's response is larger than MAX_RESPONSE_BYTES."""
    text = (
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    )
    error_type = "Function.ResponseSizeTooLarge"
    return Failure(
        payload=_payload(error_type, text), ending=Ending(status="error", error_type=error_type)
    )


def _runtime_failure(request_id: str, error_type: str, cause: str, reported: str) -> Failure:
    text = f"RequestId: {request_id} Error: {cause}"
    return Failure(
        payload=_payload(error_type, text),
        ending=Ending(status="error", error_type=reported),
        log=f"{text}\n{error_type}\n",
    )


def _exit(returncode: int) -> str:
    if returncode == 0:
        return "without providing a reason"
    if returncode < 0:
        name = _SIGNAL_NAMES.get(signal.Signals(-returncode), f"signal {-returncode}")
        return f"with error: signal: {name}"
    return f"with error: exit status {returncode}"


def _payload(error_type: str, message: str) -> bytes:
    return msgspec.json.encode({"errorType": error_type, "errorMessage": message})
