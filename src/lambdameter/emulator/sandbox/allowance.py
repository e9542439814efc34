"""What a host leaves for functions at most: its own size, and the cgroups around ours."""

from __future__ import annotations

from pathlib import Path

from lambdameter.emulator.sandbox import processes
from lambdameter.units import BYTES_PER_MIB

_KIB_PER_MIB = 1_024


def vcpus(cpu_folder: Path, cores: int) -> float:
    """The least of the cores and of every quota from this cgroup up to the root.

    A child's share may not be above its parent's (the kernel answers EINVAL):
    https://docs.kernel.org/scheduler/sched-bwc.html
    """
    shares = [float(cores)]
    for folder in (cpu_folder, *cpu_folder.parents):
        quota_file = folder / "cpu.cfs_quota_us"  # the root group has none
        if not quota_file.exists():
            break
        quota_us = int(quota_file.read_text())
        if quota_us > 0:
            shares.append(quota_us / int((folder / "cpu.cfs_period_us").read_text()))
    return min(shares)


def memory_mb(memory_folder: Path, proc: Path = processes.PROC) -> int:
    """The less of the host's memory and the limit around this cgroup."""
    total_kib = _field((proc / "meminfo").read_text(), "MemTotal:")
    limit = _field((memory_folder / "memory.stat").read_text(), "hierarchical_memory_limit")
    return min(total_kib // _KIB_PER_MIB, limit // BYTES_PER_MIB)


def _field(text: str, name: str) -> int:
    """The number after a name, in a file of one name a line."""
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
