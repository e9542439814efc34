"""One invocation while it runs: made by `Environment.invoke`, dropped with its outcome."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from lambdameter.emulator.execution import failures, metering
from lambdameter.emulator.execution.blueprint import Blueprint
from lambdameter.emulator.execution.failures import FUNCTION_ERROR, Failure
from lambdameter.emulator.execution.invocation import InvocationRequest
from lambdameter.emulator.execution.lifecycle import Event
from lambdameter.emulator.execution.log import InvocationLog
from lambdameter.emulator.execution.metering import Ending, InitPhase, Limits, Reading, Span
from lambdameter.emulator.execution.runtime_api.peer import Delivery
from lambdameter.emulator.sandbox.base import NOTHING_USED, Counters
from lambdameter.model.sample import Report


class InitError(NamedTuple):
    """The runtime's own reason why it cannot start."""

    error_type: str
    payload: bytes


class Phase:
    """The Init phase, or the invocation itself: how it fails, and its end.

    Attributes:
        ended: resolves when the lifecycle's table settles the phase; with a LambdameterError
            where the emulator itself cannot go on.
        failed_by: the event that led to State.FAILED; None: none has.
    """

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failed_by: Event | None = None
        self.init_error: InitError | None = None

    def settle(self, error: Exception | None = None) -> None:
        """End the phase, by an error where there is one; only the first call counts."""
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


class RunningInvocation:
    """What has happened to one invocation so far.

    Attributes:
        phase: the phase that runs now.
        init: the Init phase before the invocation; None: there was none, or it failed.
        start: clock and counters when Duration began.
        stopped_ms: the clock when Duration ended.
        answer: payload and X-Amz-Function-Error; None: there is no answer yet.
    """

    def __init__(self, request: InvocationRequest, blueprint: Blueprint) -> None:
        self.request_id = request.request_id
        self.log = InvocationLog()
        self.phase = Phase()
        self.init: InitPhase | None = None
        self.start = Reading(at_ms=0.0, counters=NOTHING_USED)
        self.stopped_ms = 0.0
        self.answer: tuple[bytes, str | None] | None = None
        self._request = request
        self._blueprint = blueprint
        self._deadline_ms = 0.0
        self._delivered = False
        # What REPORT and the log say of an invocation that did not go well.
        self._ending: Ending | None = None
        self._failure_log = ""

    def start_clock(self, start: Reading, epoch_ms: float) -> None:
        """Duration begins, and with it the function's timeout."""
        self.start = start
        self._deadline_ms = epoch_ms + self._blueprint.timeout_ms

    def deliver(self) -> Delivery:
        """The event for the runtime; the log has START from now on."""
        self._delivered = True
        self.log.start(self.request_id)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(self._deadline_ms)),
            "Lambda-Runtime-Invoked-Function-Arn": self._blueprint.arn,
            **self._request.headers,
        }
        return Delivery(headers=headers, payload=self._request.payload)

    def respond(self, payload: bytes | None) -> None:
        """Take the handler's response; None: it was too large."""
        if payload is None:
            self._take(failures.response_too_large())
        else:
            self.answer = (payload, None)

    def report_error(self, payload: bytes) -> None:
        """Take the handler's error."""
        self.answer = (payload, FUNCTION_ERROR)

    def fail(self, counters: Counters, returncode: int | None, epoch_ms: float) -> None:
        """The invocation ended in State.FAILED; an answer that the runtime gave before stays.

        Args:
            counters: as they are at its end.
            returncode: of the runtime's process, as asyncio gives it; None: it has not ended.
            epoch_ms: now, since 1970.
        """
        init_error = self.phase.init_error
        if self.phase.failed_by is Event.TIMEOUT:
            failure = failures.timed_out(self.request_id, self._blueprint.timeout_s, epoch_ms)
        elif self._blueprint.entrypoint_error is not None:
            failure = failures.no_entrypoint(self.request_id, self._blueprint.entrypoint_error)
        elif init_error is not None:
            failure = failures.init_failed(init_error.payload, init_error.error_type)
        else:
            out_of_memory = self._is_out_of_memory(counters)
            failure = failures.exited(self.request_id, returncode or 0, out_of_memory=out_of_memory)
        self._take(failure)

    def _take(self, failure: Failure) -> None:
        self.answer = self.answer or (failure.payload, FUNCTION_ERROR)
        self._ending = self._ending or failure.ending
        self._failure_log = failure.log

    def log_failed_init(self, init_ms: float, phase: str, counters: Counters) -> None:
        """Write INIT_REPORT of an init that failed.

        Args:
            init_ms: how long it took.
            phase: "init" or "invoke", where it ran.
            counters: as they are at its end.
        """
        if self.phase.failed_by is Event.TIMEOUT:
            self.log.init_report(init_ms, phase, "timeout", None)
            return
        error_type = "Runtime.ExitError"
        if self.phase.init_error is not None:
            error_type = self.phase.init_error.error_type
        elif self._is_out_of_memory(counters):
            error_type = "Runtime.OutOfMemory"
        self.log.init_report(init_ms, phase, "error", error_type)

    def end(self, span: Span, reserved_mb: float) -> Report:
        """Complete the log; `reserved_mb` of the memory is AWS's own."""
        if not self._delivered:
            init_ms = span.end.at_ms - span.start.at_ms
            self.log_failed_init(init_ms, "invoke", span.end.counters)
            self.log.start(self.request_id)
        limits = Limits(
            memory_mb=self._blueprint.facts.memory_mb,
            timeout_ms=self._blueprint.timeout_ms,
            reserved_mb=reserved_mb,
        )
        report = metering.report(self.request_id, limits, span, self._ending or Ending())
        self.log.end(report, self._failure_log)
        return report

    def _is_out_of_memory(self, counters: Counters) -> bool:
        return (counters.oom_kills or 0) > (self.start.counters.oom_kills or 0)
