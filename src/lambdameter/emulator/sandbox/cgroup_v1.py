"""Lambda's rules by cgroup v1: CPU quota, memory limit, freezer, and a closed file system."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

from lambdameter import binaries
from lambdameter.emulator.sandbox import (
    allowance,
    cgroup,
    cgroup_tree,
    cpu_share,
    launch,
    owner,
    processes,
)
from lambdameter.emulator.sandbox.base import Counters, PacerFiles
from lambdameter.emulator.sandbox.cgroup import CgroupFactory, CgroupSandbox, Setting, keyed
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.errors import HostError
from lambdameter.units import BYTES_PER_MIB

NEEDED = frozenset({"cpu", "cpuacct", "memory", "freezer"})
WANTED = NEEDED | {"pids"}
_NS_PER_MS = 1_000_000
_FROZEN = "FROZEN"
_granted = itertools.count()
_NEEDS = "Run as root on a host with cgroup v1."


def oom_kills(oom_control: bytes) -> int | None:
    """The count in memory.oom_control; None: a kernel before 4.13, which does not count."""
    count = keyed(oom_control).get(b"oom_kill")
    return None if count is None else int(count)


def throttled_ms(cpu_stat: bytes) -> float:
    """The throttled time in cpu.stat, which v1 gives in ns and adds up over the CPUs' queues."""
    return int(keyed(cpu_stat)[b"throttled_time"]) / _NS_PER_MS


class CgroupV1Sandbox(CgroupSandbox):
    """One execution environment in its own cgroups, one in each hierarchy."""

    _nests = ("freezer",)

    def _open_files(self) -> None:
        self._quota = self._file("cpu", "cpu.cfs_quota_us", os.O_WRONLY | os.O_CREAT)
        self._freezer = self._file("freezer", "freezer.state", os.O_RDWR | os.O_CREAT)
        self._cpu_usage = self._file("cpuacct", "cpuacct.usage")
        self._cpu_stat = self._file("cpu", "cpu.stat")
        self._oom_control = self._file("memory", "memory.oom_control")
        if "pids" in self._group.controllers:
            self._tasks = self._file("pids", "pids.current")

    @property
    def pacer_files(self) -> PacerFiles | None:
        """See `Sandbox.pacer_files`."""
        usage, hold = ("cpuacct", "cpuacct.usage_percpu"), ("freezer", "freezer.state")
        if not (self._group.has(*usage) and self._inner.has(*hold)):
            return None
        return PacerFiles(
            quota_ns=self._quota_ns,
            usage=self._group.path(*usage),
            counts="ns_per_cpu",
            hold=self._inner.path(*hold),
            freeze=_FROZEN,
            thaw=cgroup_tree.THAWED,
        )

    def _settings(self) -> Sequence[Setting]:
        limit = round(self._limit_mb * BYTES_PER_MIB)
        return (
            ("cpu", "cpu.cfs_period_us", self._bandwidth.period_us),
            ("memory", "memory.limit_in_bytes", limit),
            ("memory", "memory.memsw.limit_in_bytes", limit),  # absent without swap accounting
            ("memory", "memory.swappiness", 0),
            ("pids", "pids.max", launch.PROCESSES),
        )

    def _set_quota(self, quota_us: int) -> None:
        self._quota.write(quota_us)

    def _set_frozen(self, *, frozen: bool) -> None:
        self._freezer.write(_FROZEN if frozen else cgroup_tree.THAWED)

    def _says_frozen(self) -> bool:
        return self._freezer.read().startswith(_FROZEN.encode())

    def _read(self) -> Counters:
        kills = oom_kills(self._oom_control.read())
        return Counters(
            cpu_ms=int(self._cpu_usage.read()) / _NS_PER_MS,
            throttled_ms=throttled_ms(self._cpu_stat.read()),
            peak_memory_mb=self._peak_mb(kills),
            oom_kills=kills,
        )


def _keep_the_kernel_ready(group: Group) -> None:
    """Make an empty group that is always frozen and always has a quota.

    Linux patches its own code when the first group on a host is frozen or gets a quota, and again
    when the last one is thawed or loses its quota (static keys: freezer_active,
    __cfs_bandwidth_used). With one environment on the host that would happen four times in an
    invocation and take some 65 us each, while freezing itself takes 2 us.
    """
    group.make()
    group.write("cpu", "cpu.cfs_quota_us", cpu_share.LEAST_QUOTA_US)  # less than any group's
    group.write("freezer", "freezer.state", _FROZEN)


def grant(_state: Path, _missing: str) -> CgroupFactory:
    """Make the parent group.

    Raises:
        HostError: this host or this user has no cgroup v1, or the launcher is not built.
    """
    binaries.find(launch.LAUNCHER)
    folders = cgroup_tree.own_folders(WANTED)
    if absent := sorted(NEEDED - folders.keys()):
        raise cgroup.AbsentError(
            f"This host lacks the cgroup v1 controller {', '.join(absent)}", next_step=_NEEDS
        )
    if os.geteuid() != 0 or not processes.may_administer():
        raise HostError("Limits by cgroup v1 need root with CAP_SYS_ADMIN", next_step=_NEEDS)
    parent = Group(folders).below(owner.name(os.getpid(), next(_granted)))
    with cgroup.kernel("make a cgroup"):
        parent.make()
        _keep_the_kernel_ready(parent.below("ready"))
    host = allowance.of_host()
    available = host._replace(
        vcpus=allowance.v1_vcpus(folders["cpu"], host.vcpus),
        memory_mb=allowance.v1_memory_mb(folders["memory"], host.memory_mb),
    )
    enforcement = cgroup.enforcement("cgroup v1", parent, available, launch.ENCLOSED)
    return CgroupFactory(parent, CgroupV1Sandbox, enforcement, available)
