from __future__ import annotations

import pytest

from lambdameter.emulator.execution.environment_overheads import EnvironmentOverheads
from lambdameter.emulator.execution.overheads import (
    Init,
    Memory,
    Overheads,
    PerInvocation,
    PerPackage,
)
from lambdameter.emulator.sandbox.base import Counters
from lambdameter.model.sample import Modelled, ServiceTime

OVERHEADS = Overheads(
    name="m",
    init=Init(ms_per_mb=10.0),
    invocation=PerInvocation(ms=0.5),
    memory=Memory(base_mb=7.0, mb_per_init_mb=0.5),
    hidden_start=PerPackage(ms_per_mb=2.0),
)
HELD = ServiceTime(requests={}, modelled_ms=38.0)


def used(peak_mb: float | None) -> Counters:
    return Counters(cpu_ms=1.0, throttled_ms=0.0, peak_memory_mb=peak_mb, oom_kills=0)


@pytest.fixture
def additions() -> EnvironmentOverheads:
    return EnvironmentOverheads(OVERHEADS, 2_000_000)


def test_only_the_overheads_of_init_are_waited_for(additions: EnvironmentOverheads) -> None:
    assert additions.after_init(used(20.0), HELD) == 20.0


def test_all_that_models_made_of_init_is_told(additions: EnvironmentOverheads) -> None:
    additions.after_init(used(20.0), HELD)
    assert additions.of(used(90.0)) == Modelled(
        init_ms=58.0, invocation_ms=0.5, memory_mb=17.0, hidden_start_ms=4.0
    )


def test_an_init_inside_an_invocation_goes_by_that_ones_peak(
    additions: EnvironmentOverheads,
) -> None:
    made = additions.of(used(30.0))
    assert made is not None
    assert (made.init_ms, made.memory_mb) == (20.0, 22.0)


def test_new_processes_have_an_init_of_their_own(additions: EnvironmentOverheads) -> None:
    additions.after_init(used(20.0), HELD)
    additions.reset()
    made = additions.of(used(None))
    assert made is not None
    assert (made.init_ms, made.memory_mb) == (20.0, 7.0)


def test_without_overheads_only_what_services_held_in_init_is_told() -> None:
    additions = EnvironmentOverheads(None, 2_000_000)
    assert additions.after_init(used(20.0), None) == 0.0
    assert additions.of(used(20.0)) is None
    assert additions.after_init(used(20.0), HELD) == 0.0
    assert additions.of(used(20.0)) == Modelled(
        init_ms=38.0, invocation_ms=0.0, memory_mb=0.0, hidden_start_ms=0.0
    )
