"""Lambda's rules by cgroup v2: as root, or in a slice that was delegated to this user."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lambdameter import binaries
from lambdameter.emulator.sandbox import (
    allowance,
    cgroup,
    cpu_share,
    delegation,
    launch,
    owner,
    processes,
)
from lambdameter.emulator.sandbox.base import Counters, PacerFiles
from lambdameter.emulator.sandbox.cgroup import CgroupFactory, CgroupSandbox, Setting, keyed
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.emulator.sandbox.delegation import DelegatedGroup
from lambdameter.units import BYTES_PER_MIB

_US_PER_MS = 1_000
_granted = itertools.count()


class CgroupV2Sandbox(CgroupSandbox):
    """One execution environment in its own cgroup.

    memory.oom.group stays 0, so the kernel kills only the largest process, as in v1.
    """

    _nests = tuple(sorted(delegation.WANTED))

    def _open_files(self) -> None:
        self._quota = self._file("cpu", "cpu.max", os.O_WRONLY | os.O_CREAT)
        self._freezer = self._file("cpu", "cgroup.freeze", os.O_WRONLY | os.O_CREAT)
        self._group_events = self._file("cpu", "cgroup.events")
        self._cpu_stat = self._file("cpu", "cpu.stat")
        self._memory_events = self._file("memory", "memory.events")
        if "pids" in self._group.controllers:
            self._tasks = self._file("pids", "pids.current")

    @property
    def pacer_files(self) -> PacerFiles | None:
        """See `Sandbox.pacer_files`."""
        usage, hold = ("cpu", "cpu.stat"), ("cpu", "cgroup.freeze")
        if not (self._inner.has(*usage) and self._inner.has(*hold)):
            return None
        return PacerFiles(
            quota_ns=self._quota_ns,
            usage=self._inner.path(*usage),
            counts="cpu_stat",
            hold=self._inner.path(*hold),
            freeze="1",
            thaw="0",
        )

    def _settings(self) -> Sequence[Setting]:
        return (
            ("cpu", "cpu.max", f"max {self._bandwidth.period_us}"),
            ("memory", "memory.max", round(self._limit_mb * BYTES_PER_MIB)),
            ("memory", "memory.swap.max", 0),  # absent without swap accounting
            ("pids", "pids.max", launch.PROCESSES),
        )

    def _set_quota(self, quota_us: int) -> None:
        unlimited = quota_us == cpu_share.UNLIMITED_US
        self._quota.write(f"{'max' if unlimited else quota_us} {self._bandwidth.period_us}")

    def _set_frozen(self, *, frozen: bool) -> None:
        self._freezer.write(int(frozen))

    def _says_frozen(self) -> bool:
        return keyed(self._group_events.read())[b"frozen"] == b"1"

    def _read(self) -> Counters:
        kills = int(keyed(self._memory_events.read())[b"oom_kill"])
        cpu = keyed(self._cpu_stat.read())
        return Counters(
            cpu_ms=int(cpu[b"usage_usec"]) / _US_PER_MS,
            throttled_ms=int(cpu[b"throttled_usec"]) / _US_PER_MS,
            peak_memory_mb=self._peak_mb(kills),
            oom_kills=kills,
        )


def grant(
    _state: Path, _missing: str, claim: Callable[[], DelegatedGroup] = delegation.claim
) -> CgroupFactory:
    """Make the parent group below our own group, whose processes move away until close().

    Raises:
        HostError: this host or this user has no cgroup v2, or the launcher is not built.
    """
    binaries.find(launch.LAUNCHER)
    group = claim()
    parent = Group(dict.fromkeys(group.has(delegation.WANTED), group.top)).below(
        owner.name(os.getpid(), next(_granted))
    )
    try:
        group.open()
        with cgroup.kernel("make a cgroup"):
            parent.make()
            for controller in parent.controllers:
                parent.write(controller, "cgroup.subtree_control", f"+{controller}")
            _keep_the_kernel_ready(parent.below("ready"))
    except BaseException:
        parent.erase()
        group.close()
        raise
    host = allowance.of_host()
    available = host._replace(
        vcpus=allowance.v2_vcpus(group.top, host.vcpus),
        memory_mb=allowance.v2_memory_mb(group.top, host.memory_mb),
    )
    arrange, isolation = _isolation()
    return CgroupFactory(
        parent,
        functools.partial(CgroupV2Sandbox, arrange=arrange),
        cgroup.enforcement("cgroup v2", parent, available, isolation),
        available,
        release=group.close,
    )


def _isolation() -> tuple[launch.Arrange, str]:
    if os.geteuid() == 0 and processes.may_administer():
        return launch.enclosed, launch.ENCLOSED
    return launch.on_host, launch.ON_HOST


def _keep_the_kernel_ready(group: Group) -> None:
    """Make an empty group that always has a quota; as in cgroup_v1, but v2 freezes differently."""
    group.make()
    group.write("cpu", "cpu.max", f"{cpu_share.PERIOD_US} {cpu_share.PERIOD_US}")
