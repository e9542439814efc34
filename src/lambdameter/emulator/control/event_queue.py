"""Asynchronous invocations: accepted at once, handled later, retried as AWS retries.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome

# After an error of the function: one minute before the second attempt, two before the third.
FUNCTION_ERROR_WAITS_MS = (60_000.0, 120_000.0)
# After a throttle (429) or an error of the system (5xx): from one second to five minutes.
FIRST_RETURN_MS = 1_000.0
LONGEST_RETURN_MS = 300_000.0
MAX_AGE_MS = 6 * 3_600_000.0

_LOG = logging.getLogger(__name__)
_THROTTLED = 429
_SYSTEM = 500

Attempt = Callable[[str, InvocationRequest], Awaitable[Outcome]]


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """The failed attempts of one event, and when the next one is due. Pure.

    Attributes:
        accepted_ms: when the event was accepted, on the monotonic clock.
        errors: attempts that ended with an error of the function.
        returns: attempts that did not reach the function: it was throttled, or the system failed.
    """

    accepted_ms: float
    errors: int = 0
    returns: int = 0

    def after_error(self) -> tuple[Retries, float | None]:
        """The function failed: how long to wait; None: that was the last attempt."""
        if self.errors == len(FUNCTION_ERROR_WAITS_MS):
            return self, None
        wait_ms = FUNCTION_ERROR_WAITS_MS[self.errors]
        return msgspec.structs.replace(self, errors=self.errors + 1), wait_ms

    def after_return(self) -> tuple[Retries, float]:
        """An attempt did not reach the function: how long to wait."""
        wait_ms = min(FIRST_RETURN_MS * 2.0**self.returns, LONGEST_RETURN_MS)
        return msgspec.structs.replace(self, returns=self.returns + 1), wait_ms

    def expired(self, at_ms: float) -> bool:
        """Whether the event is too old to be tried at `at_ms`."""
        return at_ms - self.accepted_ms > MAX_AGE_MS


class EventQueue:
    """All events that were accepted and have not been handled yet.

    Args:
        clock: what retries are timed by.
        attempt: invokes the function of that name once; raises ApiError where that fails.
    """

    def __init__(self, clock: Clock, attempt: Attempt) -> None:
        self._clock = clock
        self._attempt = attempt
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, function: str, request: InvocationRequest) -> None:
        """Accept an event; the first attempt begins at once."""
        task = asyncio.ensure_future(self._work(function, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop the remaining events, whether they run or wait, and log how many there were."""
        tasks = tuple(self._tasks)
        if tasks:
            _LOG.warning(
                "%d asynchronous invocation(s) dropped because the emulator stops", len(tasks)
            )
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _work(self, function: str, request: InvocationRequest) -> None:
        retries = Retries(accepted_ms=self._clock.now_ms())
        wait_ms: float | None = 0.0
        while wait_ms is not None:
            try:
                outcome = await self._attempt(function, request)
            except ApiError as error:
                why = error.message
                if error.status != _THROTTLED and error.status < _SYSTEM:
                    wait_ms = None  # Another attempt cannot succeed: the function is gone.
                else:
                    retries, wait_ms = retries.after_return()
            else:
                if outcome.error is None:
                    return
                why = outcome.payload.decode(errors="replace")
                retries, wait_ms = retries.after_error()
            if wait_ms is not None and retries.expired(self._clock.now_ms() + wait_ms):
                wait_ms = None
            _log_retry(function, request.request_id, why, wait_ms)
            if wait_ms is not None:
                await self._pause(wait_ms)

    async def _pause(self, ms: float) -> None:
        # Not the clock's wait, which cannot be ended early.
        over = asyncio.Event()
        timer = self._clock.call_later(ms, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()


def _log_retry(function: str, request_id: str, why: str, wait_ms: float | None) -> None:
    fate = "discarded" if wait_ms is None else f"retried in {wait_ms / 1000:g} s"
    _LOG.warning("%s, asynchronous, RequestId: %s, %s: %s", function, request_id, fate, why)
