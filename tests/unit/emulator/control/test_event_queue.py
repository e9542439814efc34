from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any

import pytest

from lambdameter.emulator.control.api_errors import ApiError, not_found, service, too_many_requests
from lambdameter.emulator.control.event_queue import MAX_AGE_MS, EventQueue, Retries
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome

REQUEST = InvocationRequest(request_id="r", payload=b"{}")
FAILED = Outcome(b'{"errorType":"E"}', "Unhandled", None, None, None)  # type: ignore[arg-type]
DONE = Outcome(b"1", None, None, None, None)  # type: ignore[arg-type]


class Function:
    """Answers what it is told to, one after the other, and then for ever the last."""

    def __init__(self, clock: Any, *answers: Outcome | ApiError) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.began_ms = clock.now_ms()
        self.tried_ms: list[float] = []
        self.requests: list[InvocationRequest] = []

    async def __call__(self, _name: str, request: InvocationRequest) -> Outcome:
        self.tried_ms.append(self.clock.now_ms() - self.began_ms)
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


Work = Callable[..., Any]


@pytest.fixture
def worked(host: Any) -> Work:
    """Put one event with these answers, and let time go by until nothing waits any more."""

    async def work(*answers: Outcome | ApiError) -> Function:
        function = Function(host.clock, *answers)
        queue = EventQueue(host.clock, function)
        queue.put("f", REQUEST)
        await turns()
        while waiting := [timer for timer in host.clock.timers if not timer.cancelled]:
            host.clock.advance(waiting[0].due_ms - host.clock.now_ms())
            await turns()
        assert not queue._tasks
        return function

    return work


async def test_an_event_that_is_handled_is_tried_once(worked: Work) -> None:
    assert (await worked(DONE)).tried_ms == [0.0]


async def test_a_function_error_is_retried_after_one_minute_and_after_two_more(
    worked: Work,
) -> None:
    assert (await worked(FAILED)).tried_ms == [0.0, 60_000.0, 180_000.0]


async def test_a_retry_that_succeeds_is_the_last(worked: Work) -> None:
    assert (await worked(FAILED, DONE)).tried_ms == [0.0, 60_000.0]


async def test_every_attempt_has_the_same_request_id(worked: Work) -> None:
    assert {request.request_id for request in (await worked(FAILED)).requests} == {"r"}


@pytest.mark.parametrize("error", [too_many_requests("R"), service("down")])
async def test_a_throttle_or_a_system_error_returns_at_growing_intervals(
    worked: Work, error: ApiError
) -> None:
    function = await worked(error, error, error, DONE)
    assert function.tried_ms == [0.0, 1_000.0, 3_000.0, 7_000.0]


async def test_a_throttle_does_not_count_as_one_of_the_two_retries(worked: Work) -> None:
    function = await worked(too_many_requests("R"), FAILED, FAILED, FAILED)
    assert function.tried_ms == [0.0, 1_000.0, 61_000.0, 181_000.0]


async def test_an_event_is_discarded_at_the_age_of_six_hours(worked: Work) -> None:
    tried = (await worked(too_many_requests("R"))).tried_ms
    assert MAX_AGE_MS - 300_000.0 < tried[-1] <= MAX_AGE_MS
    gaps = {late - early for early, late in itertools.pairwise(tried[10:])}
    assert gaps == {300_000.0}


async def test_an_event_of_a_function_that_was_deleted_is_discarded(
    worked: Work, caplog: Any
) -> None:
    with caplog.at_level(logging.WARNING):
        assert (await worked(not_found("f"))).tried_ms == [0.0]
    assert "discarded: Function not found: f" in caplog.text


async def test_what_failed_and_what_follows_is_told(worked: Work, caplog: Any) -> None:
    with caplog.at_level(logging.WARNING):
        await worked(FAILED)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        'f, asynchronous, RequestId: r, retried in 60 s: {"errorType":"E"}',
        'f, asynchronous, RequestId: r, retried in 120 s: {"errorType":"E"}',
        'f, asynchronous, RequestId: r, discarded: {"errorType":"E"}',
    ]


async def test_what_waits_and_what_runs_is_dropped_at_the_end_and_counted(
    host: Any, caplog: Any
) -> None:
    running = asyncio.Event()

    async def attempt(name: str, _request: InvocationRequest) -> Outcome:
        if name == "failing":
            return FAILED
        running.set()
        await asyncio.Event().wait()
        raise AssertionError

    queue = EventQueue(host.clock, attempt)
    queue.put("failing", REQUEST)
    queue.put("endless", REQUEST)
    await running.wait()
    await turns()
    with caplog.at_level(logging.WARNING):
        await queue.close()
    assert "2 asynchronous invocation(s) dropped" in caplog.text
    assert all(timer.cancelled for timer in host.clock.timers)
    assert not queue._tasks


async def test_an_end_with_nothing_left_says_nothing(host: Any, caplog: Any) -> None:
    await EventQueue(host.clock, Function(host.clock, DONE)).close()
    assert not caplog.records


def test_intervals_stop_growing_at_five_minutes() -> None:
    retries = Retries(accepted_ms=0.0, returns=9)
    assert retries.after_return()[1] == 300_000.0
