from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import allowance


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


def test_without_a_quota_the_cores_are_all_that_there_is(ours: Path):
    assert allowance.vcpus(ours, cores=4) == 4


def test_the_smallest_quota_around_ours_counts(ours: Path):
    limit(ours.parent, 150_000)
    limit(ours, 250_000)
    assert allowance.vcpus(ours, cores=4) == 1.5


@pytest.mark.parametrize(("limit_mb", "allowed"), [(512, 512), (8_796_093_022_207, 2_000)])
def test_memory_is_the_less_of_the_hosts_and_the_limit(tmp_path: Path, limit_mb: int, allowed: int):
    (tmp_path / "meminfo").write_text(f"MemTotal:  {2_000 * 1024} kB\nMemFree: 1 kB\n")
    (tmp_path / "memory.stat").write_text(f"cache 0\nhierarchical_memory_limit {limit_mb << 20}\n")
    assert allowance.memory_mb(tmp_path, tmp_path) == allowed
