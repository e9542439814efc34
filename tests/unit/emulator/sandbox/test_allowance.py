from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import allowance, cpu_share
from lambdameter.emulator.sandbox.base import HostAdjustment


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """A cgroup in another; only the root, above both, has no quota file."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        limit(folder, -1)
    return inner


def limit(folder: Path, quota_us: int) -> None:
    (folder / "cpu.cfs_quota_us").write_text(f"{quota_us}\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")


def test_without_a_quota_the_cores_are_all_that_there_is(ours: Path) -> None:
    assert allowance.v1_vcpus(ours, cores=4) == 4


def test_the_smallest_quota_around_ours_counts(ours: Path) -> None:
    limit(ours.parent, 150_000)
    limit(ours, 250_000)
    assert allowance.v1_vcpus(ours, cores=4) == 1.5


@pytest.mark.parametrize(("limit_mb", "allowed"), [(512, 512), (8_796_093_022_207, 2_000)])
def test_memory_is_the_less_of_the_hosts_and_the_limit(
    tmp_path: Path, limit_mb: int, allowed: int
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal:  {2_000 * 1024} kB\nMemFree: 1 kB\n")
    (tmp_path / "memory.stat").write_text(f"cache 0\nhierarchical_memory_limit {limit_mb << 20}\n")
    host = allowance.of_host(tmp_path)
    assert allowance.v1_memory_mb(tmp_path, host.memory_mb) == allowed


def test_in_v2_the_least_of_all_groups_counts_too(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder, cpu, memory in (
        (inner, "max 100000", "max"),
        (inner.parent, "150000 100000", "536870912"),
    ):
        (folder / "cpu.max").write_text(f"{cpu}\n")
        (folder / "memory.max").write_text(f"{memory}\n")
    assert allowance.v2_vcpus(inner, 4.0) == 1.5
    assert allowance.v2_memory_mb(inner, 2_000) == 512
    assert allowance.v2_vcpus(tmp_path, 4.0) == 4.0
    assert allowance.v2_memory_mb(tmp_path, 2_000) == 2_000


def test_a_large_host_is_short_of_nothing() -> None:
    host = allowance.Allowance(tuple(range(8)), 8.0, 32_000)
    assert (host.short_of_vcpus, host.short_of_memory_mb, host.visible) == (None, None, "")


def test_awss_own_memory_is_taken_from_the_limit_and_the_tier_is_met() -> None:
    host = allowance.Allowance((0, 1), 2.0, 4_000)
    allotment = host.allot(128, HostAdjustment(slowness=2.0, reserved_mb=12), turn=0)
    assert (allotment.limit_mb, allotment.cpus) == (116, (0, 1))
    assert allotment.bandwidth == cpu_share.bandwidth(128, slowness=2.0)


def test_the_quota_of_a_slower_cpu_is_a_lambda_vcpus_and_no_more_than_is_granted() -> None:
    host = allowance.Allowance((0, 1), 0.5, 4_000)
    assert host.allot(128, HostAdjustment(slowness=2.0), turn=0).quota_ns == 1_447_145
    # Half a vCPU of a host twice as fast.
    assert host.allot(3_008, HostAdjustment(slowness=2.0), turn=0).quota_ns == 20_000_000
