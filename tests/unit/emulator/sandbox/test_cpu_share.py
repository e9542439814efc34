from __future__ import annotations

import pytest

from lambdameter.emulator.sandbox import cpu_share


@pytest.mark.parametrize(
    ("memory_mb", "quota"), [(128, 1_447), (1_024, 11_577), (1_769, 20_000), (10_240, 115_772)]
)
def test_the_quota_is_linear_in_memory(memory_mb: int, quota: int):
    assert cpu_share.quota_us(memory_mb) == quota


def test_no_quota_is_below_what_the_kernel_takes():
    assert cpu_share.quota_us(64) == cpu_share.LEAST_QUOTA_US


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
def test_more_vcpus_are_seen_from_each_step_on(least: int, most: int, count: int):
    assert {cpu_share.visible_vcpus(least), cpu_share.visible_vcpus(most)} == {count}


def test_a_host_without_more_cpus_shows_all():
    assert cpu_share.choose_cpus(128, (0, 1), turn=3) is None


def test_environments_take_turns_on_a_larger_host():
    host = (0, 1, 2, 3, 8)
    chosen = [cpu_share.choose_cpus(128, host, turn) for turn in range(3)]
    assert chosen == [(0, 1), (2, 3), (0, 8)]


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        (cpu_share.Grant(vcpus=6), ""),
        (cpu_share.Grant(vcpus=8, outer_vcpus=6.0), ""),
        (cpu_share.Grant(vcpus=2, outer_vcpus=2.0), "at most 2 vCPUs visible, all that"),
        (cpu_share.Grant(vcpus=8, outer_vcpus=1.5), "tiers over 2,653 MB and INIT get no more"),
    ],
)
def test_what_a_host_cannot_give_is_told(grant: cpu_share.Grant, told: str):
    assert (told in grant.shortfall) if told else grant.shortfall == ""
