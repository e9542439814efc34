"""What a host can grant to functions at most, and what one environment gets of it."""

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
    """What one environment gets.

    Attributes:
        limit_mb: its memory limit, MiB.
        bandwidth: its CPU time as this kernel counts it.
        cpus: the CPUs that its processes may run on.
        quota_ns: CPU time of a Lambda vCPU per 20 ms; None: all that its CPUs have.
    """

    limit_mb: float
    bandwidth: cpu_share.Bandwidth
    cpus: tuple[int, ...]
    quota_ns: int | None = None


class Allowance(NamedTuple):
    """What a host can grant: CPUs, how many vCPUs of their time, and memory (MiB)."""

    cpus: tuple[int, ...]
    vcpus: float
    memory_mb: int

    def allot(self, memory_mb: int, adjustment: HostAdjustment, turn: int) -> Allotment:
        """The allotment of a memory size, or as much of it as the host can grant.

        Args:
            memory_mb: the memory size.
            adjustment: what the function does not get of it.
            turn: counts the environments, so that they spread over the CPUs.
        """
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
        """`Enforcement.vcpus`."""
        return self.vcpus if self.vcpus < cpu_share.vcpus(MAX_MEMORY_MB) else None

    @property
    def short_of_memory_mb(self) -> int | None:
        """`Enforcement.memory_mb`."""
        return self.memory_mb if self.memory_mb < MAX_MEMORY_MB else None

    @property
    def visible(self) -> str:
        """The end of `Enforcement.cpu`; empty: functions see as many vCPUs as on Lambda."""
        if cpu_share.visible_vcpus(MAX_MEMORY_MB) <= len(self.cpus):
            return ""
        return f"; at most {len(self.cpus)} vCPUs visible, because this host has no more"


def of_host(proc: Path = processes.PROC) -> Allowance:
    """The allowance of the whole host, without regard to cgroups."""
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    total_kib = _field((proc / "meminfo").read_text(), "MemTotal:")
    return Allowance(cpus, float(len(cpus)), total_kib // _KIB_PER_MIB)


def v1_vcpus(cpu_folder: Path, cores: float) -> float:
    """The number of cores, or the lowest quota from this cgroup up to the root.

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
    """The host's memory, or the limit around this cgroup if that is lower, MiB."""
    limit = _field((memory_folder / "memory.stat").read_text(), "hierarchical_memory_limit")
    return min(host_mb, limit // BYTES_PER_MIB)


def v2_vcpus(group: Path, cores: float) -> float:
    """The number of cores, or the lowest cpu.max of the group and the groups around it."""
    maxima = (text.split() for text in _of_all(group, "cpu.max"))
    quotas = [int(most) / int(period) for most, period in maxima if most != "max"]
    return min([cores, *quotas])


def v2_memory_mb(group: Path, host_mb: int) -> int:
    """The host's memory, or the lowest memory.max of the group and the groups around it, MiB."""
    maxima = [text.strip() for text in _of_all(group, "memory.max")]
    return min([host_mb, *(int(most) // BYTES_PER_MIB for most in maxima if most != "max")])


def _of_all(group: Path, file: str) -> list[str]:
    """The texts of one file in the group and the groups around it, where they are visible."""
    return [
        (folder / file).read_text()
        for folder in (group, *group.parents)
        if (folder / file).exists()
    ]


def _field(text: str, name: str) -> int:
    """The number after a name, in a file of one name a line."""
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(name))
