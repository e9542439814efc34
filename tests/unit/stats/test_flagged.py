from __future__ import annotations

import pytest

from lambdameter.model.base import Call
from lambdameter.model.sample import Report, Sample, Trial
from lambdameter.stats.flagged import CellCall, flagged

WARM = CellCall("a", "csv", 128, "warm")


def sample(index: int, duration_ms: float, init_ms: float | None = None) -> Sample:
    call: Call = "warm" if init_ms is None else "cold"
    return Sample(
        trial=Trial(
            index=index,
            round=index,
            environment=index,
            workload="w",
            variant="a",
            case="csv",
            memory_mb=128,
            call=call,
        ),
        started_at="2026-11-21T00:00:00Z",
        client_ms=1,
        report=Report(
            request_id="r",
            duration_ms=duration_ms,
            billed_ms=round(duration_ms),
            memory_mb=128,
            max_memory_mb=40,
            init_ms=init_ms,
        ),
    )


def test_a_far_call_is_named_by_its_trial_and_the_figures_are_told_with_and_without_it() -> None:
    times_ms = [10.0, 11, 12, 13, 14, 90]
    found = flagged(WARM, [sample(10 + index, ms) for index, ms in enumerate(times_ms)])
    assert found is not None
    assert (found.variant, found.case, found.memory_mb, found.call) == WARM
    assert (found.calls, found.tukey, found.mad) == (6, (15,), (15,))
    assert found.trials == {15}
    assert (found.median_ms, found.mean_ms) == (12.5, 25)
    assert (found.median_without_ms, found.mean_without_ms) == (12, 12)


def test_what_one_fence_alone_flags_is_flagged() -> None:
    # More than half are the same, so every other call is beyond an MAD of nothing.
    times_ms = [10.0] * 4 + [10.1, 9.95, 10.1]
    found = flagged(WARM, [sample(index, ms) for index, ms in enumerate(times_ms)])
    assert found is not None
    assert (found.tukey, found.mad) == ((), (4, 5, 6))
    assert found.trials == {4, 5, 6}


def test_a_cold_call_is_judged_by_init_and_duration() -> None:
    inits_ms = [200.0, 201, 202, 203, 204, 900]
    calls = [sample(index, 10, ms) for index, ms in enumerate(inits_ms)]
    found = flagged(WARM._replace(call="cold"), calls)
    assert found is not None
    assert found.trials == {5}
    assert found.mean_ms == pytest.approx(328.333, abs=0.001)


def test_calls_that_are_alike_and_no_calls_at_all_have_nothing_to_flag() -> None:
    assert flagged(WARM, [sample(index, 10) for index in range(5)]) is None
    assert flagged(WARM, []) is None
