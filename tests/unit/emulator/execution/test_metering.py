from __future__ import annotations

import pytest

from lambdameter.emulator.execution.metering import (
    Ending,
    InitPhase,
    Limits,
    Reading,
    Span,
    billed_ms,
    max_memory_mb,
    meter,
    report,
    service_difference,
)
from lambdameter.emulator.sandbox.base import Counters
from lambdameter.model.sample import ServiceTime


def counters(
    cpu: float | None = 0.0, throttled: float | None = 0.0, lost: float | None = None
) -> Counters:
    return Counters(
        cpu_ms=cpu, throttled_ms=throttled, peak_memory_mb=40.2, oom_kills=0, lost_ms=lost
    )


def span(
    duration: float = 1.0,
    *,
    start: Counters | None = None,
    end: Counters | None = None,
    init: InitPhase | None = None,
) -> Span:
    return Span(
        start=Reading(at_ms=100.0, counters=start or counters()),
        end=Reading(at_ms=100.0 + duration, counters=end or counters()),
        init=init,
    )


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [
        (1.77, 28.96, 31),  # published: C1, Rust
        (167.47, 99.76, 268),  # published: C1, Python
        (0.4, 0.4, 1),  # one ceiling over the sum, not two
        (5.0, None, 5),
        (5.01, None, 6),
        (0.1, 0.2, 1),
    ],
)
def test_billed_duration_is_one_ceiling_over_the_sum(
    duration: float, init: float | None, billed: int
) -> None:
    assert billed_ms(duration, init) == billed


def test_max_memory_used_is_rounded_up_and_never_above_the_memory_size() -> None:
    limits = Limits(memory_mb=128, timeout_ms=3000.0)
    assert max_memory_mb(40.2, limits) == 41
    assert max_memory_mb(140.0, limits) == 128


def test_what_awss_own_processes_take_is_used_memory() -> None:
    limits = Limits(memory_mb=128, timeout_ms=3000.0, reserved_mb=12.4)
    assert max_memory_mb(40.2, limits) == 53  # one ceiling over the sum, not two
    assert max_memory_mb(120.0, limits) == 128


def test_where_the_peak_is_not_known_no_memory_was_seen_to_be_used() -> None:
    assert max_memory_mb(None, Limits(memory_mb=128, timeout_ms=3000.0, reserved_mb=12.4)) == 0


def test_a_timed_out_invocation_took_its_timeout() -> None:
    limits = Limits(memory_mb=128, timeout_ms=3000.0)
    timed_out = report("id", limits, span(3004.2), Ending(status="timeout"))
    assert timed_out.duration_ms == 3000.0
    assert timed_out.billed_ms == 3000


def test_report_carries_init_only_after_an_init_phase() -> None:
    init = InitPhase(ms=80.0, counters=counters())
    limits = Limits(memory_mb=128, timeout_ms=3000.0)
    assert report("id", limits, span(5.0, init=init), Ending()).init_ms == 80.0
    assert report("id", limits, span(5.0), Ending()).init_ms is None


def test_the_meter_gives_differences_over_the_invocation() -> None:
    invocation = span(
        start=counters(cpu=10.0, throttled=1.0),
        end=counters(cpu=14.5, throttled=3.0),
        init=InitPhase(ms=80.0, counters=counters(cpu=9.0, lost=0.7)),
    )
    figures = meter("e", invocation, None)
    assert (figures.cpu_ms, figures.throttled_ms, figures.init_cpu_ms) == (4.5, 2.0, 9.0)
    assert figures.init_disturbed_ms == 0.7


def test_what_a_host_cannot_count_stays_unknown() -> None:
    uncounted = counters(cpu=None, throttled=None)
    figures = meter("e", span(start=counters(cpu=None), end=uncounted), None)
    assert (figures.cpu_ms, figures.throttled_ms) == (None, None)


def test_service_time_is_the_difference_of_two_cumulative_readings() -> None:
    before = ServiceTime(requests={"s3.GetObject": 1, "dynamodb.PutItem": 4}, modelled_ms=10.0)
    after = ServiceTime(requests={"s3.GetObject": 1, "dynamodb.PutItem": 6}, modelled_ms=17.5)
    assert service_difference(before, after) == ServiceTime(
        requests={"dynamodb.PutItem": 2}, modelled_ms=7.5
    )
    assert service_difference(None, before) == before


def test_retries_and_faults_are_differences_too() -> None:
    cut, throttle = "s3.GetObject.cut", "dynamodb.PutItem.throttle"
    before = ServiceTime(requests={}, modelled_ms=0.0, retries=2, faults={cut: 1})
    after = ServiceTime(requests={}, modelled_ms=0.0, retries=5, faults={cut: 1, throttle: 3})
    assert service_difference(before, after) == ServiceTime(
        requests={}, modelled_ms=0.0, retries=3, faults={throttle: 3}
    )


def test_without_local_services_there_is_no_service_time() -> None:
    assert service_difference(None, None) is None
