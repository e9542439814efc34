from __future__ import annotations

from typing import Any

import pytest

from lambdameter.emulator.execution.invocation import InvocationRequest
from lambdameter.emulator.execution.lifecycle import Event
from lambdameter.emulator.execution.metering import Reading, Span
from lambdameter.emulator.execution.running_invocation import InitError, Phase, RunningInvocation
from lambdameter.emulator.sandbox.base import NOTHING_USED
from lambdameter.errors import HostError


@pytest.fixture
async def invocation(blueprint: Any) -> RunningInvocation:
    return RunningInvocation(InvocationRequest(request_id="r", payload=b"1"), blueprint)


def span(duration_ms: float) -> Span:
    return Span(
        start=Reading(at_ms=0.0, counters=NOTHING_USED),
        end=Reading(at_ms=duration_ms, counters=NOTHING_USED),
        init=None,
    )


async def test_a_phase_ends_once() -> None:
    phase = Phase()
    phase.settle(HostError("broken", next_step="Stop."))
    phase.settle()
    with pytest.raises(HostError, match="broken"):
        await phase.ended


async def test_the_deadline_is_the_timeout_after_durations_start(
    invocation: RunningInvocation,
) -> None:
    invocation.start_clock(Reading(at_ms=5.0, counters=NOTHING_USED), epoch_ms=1_000.0)
    delivery = invocation.deliver()
    assert delivery.headers["Lambda-Runtime-Deadline-Ms"] == "4000"
    assert invocation.log.text().startswith(b"START RequestId: r")


async def test_an_answer_stays_when_the_runtime_fails_after_it(
    invocation: RunningInvocation,
) -> None:
    invocation.respond(b"done")
    invocation.fail(NOTHING_USED, returncode=1, epoch_ms=0.0)
    assert invocation.answer == (b"done", None)
    assert invocation.end(span(2.0), reserved_mb=0.0).error_type == "Runtime.ExitError"


async def test_a_new_phase_has_no_failure(invocation: RunningInvocation) -> None:
    invocation.phase.failed_by = Event.TIMEOUT
    invocation.phase = Phase()
    invocation.phase.init_error = InitError("Runtime.ImportModuleError", b"why")
    invocation.fail(NOTHING_USED, returncode=None, epoch_ms=0.0)
    assert invocation.answer == (b"why", "Unhandled")


async def test_a_failed_init_without_an_event_is_logged_before_start(
    invocation: RunningInvocation,
) -> None:
    invocation.fail(NOTHING_USED, returncode=3, epoch_ms=0.0)
    invocation.end(span(7.0), reserved_mb=0.0)
    lines = invocation.log.text().decode().splitlines()
    assert lines[0].startswith("INIT_REPORT Init Duration: 7.00 ms\tPhase: invoke\tStatus: error")
    assert lines[1].startswith("START RequestId: r")
