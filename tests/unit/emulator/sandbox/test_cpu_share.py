from __future__ import annotations

import pytest

from lambdameter.emulator.sandbox import cpu_share


@pytest.mark.parametrize(
    ("memory_mb", "quota"), [(128, 1_447), (1_024, 11_577), (1_769, 20_000), (10_240, 115_772)]
)
def test_the_quota_is_linear_in_memory(memory_mb: int, quota: int) -> None:
    assert cpu_share.bandwidth(memory_mb) == (quota, 20_000)


def test_no_quota_is_below_what_the_kernel_takes_and_the_share_stays() -> None:
    quota_us, period_us = cpu_share.bandwidth(128, slowness=1.6)
    assert quota_us == cpu_share.LEAST_QUOTA_US
    assert quota_us / period_us == pytest.approx(128 / 1_769 / 1.6, rel=1e-4)


def test_a_quota_in_a_lambda_vcpus_time_has_no_least_and_none_where_all_is_granted() -> None:
    assert cpu_share.quota_ns(128, cpus=2) == 1_447_145
    assert cpu_share.quota_ns(1_769, cpus=2) == 20_000_000
    assert cpu_share.quota_ns(1_769, cpus=1) is None
    assert cpu_share.quota_ns(3_008, cpus=2, most=1.5) == 30_000_000


def test_a_slower_cpu_is_granted_for_less_time() -> None:
    assert cpu_share.bandwidth(1_769, slowness=2.0) == (10_000, 20_000)


@pytest.mark.parametrize(
    ("least", "most", "count"),
    [
        (128, 3_008, 2),
        (3_009, 5_307, 3),
        (5_308, 7_076, 4),
        (7_077, 8_845, 5),
        (8_846, 10_240, 6),
    ],
)
def test_more_vcpus_are_seen_from_each_step_on(least: int, most: int, count: int) -> None:
    assert {cpu_share.visible_vcpus(least), cpu_share.visible_vcpus(most)} == {count}


def test_a_host_without_more_cpus_shows_all() -> None:
    assert cpu_share.choose_cpus(128, (0, 1), turn=3) == (0, 1)


def test_environments_take_turns_on_a_larger_host() -> None:
    host = (0, 1, 2, 3, 8)
    chosen = [cpu_share.choose_cpus(128, host, turn) for turn in range(3)]
    assert chosen == [(0, 1), (2, 3), (0, 8)]


def test_no_more_is_asked_of_the_kernel_than_the_host_grants() -> None:
    assert cpu_share.bandwidth(10_240, most=2) == (40_000, 20_000)
    assert cpu_share.bandwidth(1_769, most=2) == (20_000, 20_000)
    assert cpu_share.bandwidth(1_024, most=0.5) == (10_000, 20_000)
