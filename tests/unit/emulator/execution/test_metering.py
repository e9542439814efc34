from __future__ import annotations

import pytest

from lambdameter.emulator.execution.metering import (
    Ending,
    Reading,
    Span,
    Tier,
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


def span(duration: float, init_ms: float | None = None) -> Span:
    return Span(
        start=Reading(at_ms=100.0, counters=counters()),
        end=Reading(at_ms=100.0 + duration, counters=counters()),
        init_ms=init_ms,
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


def test_max_memory_used_is_rounded_up_and_never_above_the_tier() -> None:
    tier = Tier(memory_mb=128, timeout_ms=3000.0)
    assert max_memory_mb(40.2, tier) == 41
    assert max_memory_mb(140.0, tier) == 128


def test_what_awss_own_processes_take_is_used_memory() -> None:
    tier = Tier(memory_mb=128, timeout_ms=3000.0, reserved_mb=12.4)
    assert max_memory_mb(40.2, tier) == 53  # one ceiling over the sum, not two
    assert max_memory_mb(120.0, tier) == 128


def test_where_the_peak_is_not_known_no_memory_was_seen_to_be_used() -> None:
    assert max_memory_mb(None, Tier(memory_mb=128, timeout_ms=3000.0, reserved_mb=12.4)) == 0


def test_a_timed_out_invocation_took_its_timeout() -> None:
    tier = Tier(memory_mb=128, timeout_ms=3000.0)
    timed_out = report("id", tier, span(3004.2), Ending(status="timeout"))
    assert timed_out.duration_ms == 3000.0
    assert timed_out.billed_ms == 3000


def test_report_carries_init_only_where_an_init_phase_went_before() -> None:
    tier = Tier(memory_mb=128, timeout_ms=3000.0)
    assert report("id", tier, span(5.0, 80.0), Ending()).init_ms == 80.0
    assert report("id", tier, span(5.0), Ending()).init_ms is None


def test_the_meter_gives_differences_over_the_invocation() -> None:
    made = meter(
        environment="e",
        start=counters(cpu=10.0, throttled=1.0),
        end=counters(cpu=14.5, throttled=3.0),
        init=counters(cpu=9.0, lost=0.7),
        service=None,
    )
    assert (made.cpu_ms, made.throttled_ms, made.init_cpu_ms) == (4.5, 2.0, 9.0)
    assert made.init_disturbed_ms == 0.7


def test_what_a_host_cannot_count_stays_unknown() -> None:
    made = meter(
        environment="e",
        start=counters(cpu=None),
        end=counters(cpu=None, throttled=None),
        init=None,
        service=None,
    )
    assert made.cpu_ms is None
    assert made.throttled_ms is None


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


def test_without_a_data_plane_there_is_no_service_time() -> None:
    assert service_difference(None, None) is None
