"""What a host leaves for functions at most, and what one environment is given of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lambdameter.emulator.sandbox import cpu_share, processes
from lambdameter.emulator.sandbox.base import HostAdjustment
from lambdameter.model.base import MAX_MEMORY_MB
from lambdameter.units import BYTES_PER_MIB

_KIB_PER_MIB = 1_024


class Allotment(NamedTuple):
    """What one environment is given: its memory limit, its CPU time, and on which CPUs.

    Attributes:
        bandwidth: CPU time as this kernel counts it.
        quota_ns: the same as a Lambda vCPU would count it; None: all that the CPUs have.
    """

    limit_mb: float
    bandwidth: cpu_share.Bandwidth
    cpus: tuple[int, ...]
    quota_ns: int | None = None


class Allowance(NamedTuple):
    """What there is: CPUs, how many vCPUs' worth of them may be used, and memory."""

    cpus: tuple[int, ...]
    vcpus: float
    memory_mb: int

    def allot(self, memory_mb: int, adjustment: HostAdjustment, turn: int) -> Allotment:
        """A tier's, or what there is of it; `turn` counts environments."""
        cpus = cpu_share.choose_cpus(memory_mb, self.cpus, turn)
        most = self.vcpus * adjustment.slowness
        return Allotment(
            limit_mb=memory_mb - adjustment.reserved_mb,
            bandwidth=cpu_share.bandwidth(memory_mb, slowness=adjustment.slowness, most=self.vcpus),
            cpus=cpus,
            quota_ns=cpu_share.quota_ns(memory_mb, cpus=len(cpus), most=most),
        )

    @property
    def short_of_vcpus(self) -> float | None:
        """For Enforcement; None: the largest tier's are there."""
        return self.vcpus if self.vcpus < cpu_share.vcpus(MAX_MEMORY_MB) else None

    @property
    def short_of_memory_mb(self) -> int | None:
        """For Enforcement; None: the largest tier's is there."""
        return self.memory_mb if self.memory_mb < MAX_MEMORY_MB else None

    @property
    def visible(self) -> str:
        """The rest of a sentence on CPU; empty where each tier sees as many vCPUs as on Lambda."""
        if cpu_share.visible_vcpus(MAX_MEMORY_MB) <= len(self.cpus):
            return ""
        return f"; at most {len(self.cpus)} vCPUs visible, because this host has no more"


def of_host(proc: Path = processes.PROC) -> Allowance:
    """Without regard to any cgroup."""
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    total_kib = _field((proc / "meminfo").read_text(), "MemTotal:")
    return Allowance(cpus, float(len(cpus)), total_kib // _KIB_PER_MIB)


def v1_vcpus(cpu_folder: Path, cores: float) -> float:
    """The least of the cores and of every quota from this cgroup up to the root.

    A child's share may not be above its parent's (the kernel answers EINVAL):
    https://docs.kernel.org/scheduler/sched-bwc.html
    """
    shares = [cores]
    for folder in (cpu_folder, *cpu_folder.parents):
        quota_file = folder / "cpu.cfs_quota_us"  # the root group has none
        if not quota_file.exists():
            break
        quota_us = int(quota_file.read_text())
        if quota_us > 0:
            shares.append(quota_us / int((folder / "cpu.cfs_period_us").read_text()))
    return min(shares)


def v1_memory_mb(memory_folder: Path, host_mb: int) -> int:
    """The less of the host's memory and the limit around this cgroup."""
    limit = _field((memory_folder / "memory.stat").read_text(), "hierarchical_memory_limit")
    return min(host_mb, limit // BYTES_PER_MIB)


def v2_vcpus(group: Path, cores: float) -> float:
    """The least of the cores and of cpu.max of the group and those around it."""
    maxima = (text.split() for text in _of_all(group, "cpu.max"))
    quotas = [int(most) / int(period) for most, period in maxima if most != "max"]
    return min([cores, *quotas])


def v2_memory_mb(group: Path, host_mb: int) -> int:
    """The least of the host's memory and memory.max of the group and those around it."""
    maxima = [text.strip() for text in _of_all(group, "memory.max")]
    return min([host_mb, *(int(most) // BYTES_PER_MIB for most in maxima if most != "max")])


def _of_all(group: Path, file: str) -> list[str]:
    """The file of the group and of those around it, as far as they can be seen."""
    return [
        (folder / file).read_text()
        for folder in (group, *group.parents)
        if (folder / file).exists()
    ]


def _field(text: str, name: str) -> int:
    """The number after a name, in a file of one name a line."""
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
