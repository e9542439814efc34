"""Lambda's rules by cgroup v1: CPU quota, memory limit, freezer, and a closed file system."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import math
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from lambdameter import binaries
from lambdameter.emulator.sandbox import (
    allowance,
    cgroup_tree,
    cpu_share,
    launch,
    owner,
    processes,
)
from lambdameter.emulator.sandbox.base import NO_HANDICAP, Counters, Handicap, ProcessSpec
from lambdameter.emulator.sandbox.cgroup_tree import Group
from lambdameter.emulator.sandbox.processes import StatusFile
from lambdameter.errors import HostError
from lambdameter.model import MAX_MEMORY_MB, Enforcement
from lambdameter.units import BYTES_PER_MIB

NEEDED = frozenset({"cpu", "cpuacct", "memory", "freezer"})
WANTED = NEEDED | {"pids"}
_NS_PER_MS = 1_000_000
_FROZEN = "FROZEN"
_FREEZE_SPINS, _FREEZE_TRIES, _FREEZE_STEP_S = 100, 5_000, 0.000_2
_ERASE_TRIES, _ERASE_STEP_S = 5_000, 0.001
_granted = itertools.count()
_NEEDS = "Run as root on a host with cgroup v1."
_ELSE = f'{_NEEDS[:-1]}, or choose the sandbox "none".'


def oom_kills(oom_control: bytes) -> int | None:
    """The count in memory.oom_control; None: a kernel before 4.13, which does not tell."""
    count = _keyed(oom_control).get(b"oom_kill")
    return None if count is None else int(count)


def throttled_ms(cpu_stat: bytes) -> float:
    """The throttled time in cpu.stat, which v1 has in ns and adds up over the CPUs' queues."""
    return int(_keyed(cpu_stat)[b"throttled_time"]) / _NS_PER_MS


def _keyed(text: bytes) -> dict[bytes, bytes]:
    fields = text.split()
    return dict(zip(fields[::2], fields[1::2], strict=True))


@contextlib.contextmanager
def _kernel(deed: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = error.filename
        raise HostError(
            f"Cannot {deed}: {error.strerror}", place=place and str(place), next_step=_ELSE
        ) from error


class Allotment(NamedTuple):
    """What one environment is given of the host."""

    limit_mb: int
    bandwidth: cpu_share.Bandwidth
    cpus: tuple[int, ...]


class CgroupV1Sandbox:
    """One execution environment in its own cgroups and mount namespace."""

    def __init__(
        self,
        group: Group,
        allotment: Allotment,
        *,
        pause: Callable[[float], None] = time.sleep,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._group = group
        self._quota = group.file("cpu", "cpu.cfs_quota_us", os.O_WRONLY | os.O_CREAT)
        self._freezer = group.file("freezer", "freezer.state", os.O_RDWR | os.O_CREAT)
        self._cpu_usage = group.file("cpuacct", "cpuacct.usage")
        self._cpu_stat = group.file("cpu", "cpu.stat")
        self._oom_control = group.file("memory", "memory.oom_control")
        self._tasks = group.file("pids", "pids.current") if group.has("pids") else None
        self._status: StatusFile | None = None
        self._files = (
            self._quota,
            self._freezer,
            self._cpu_usage,
            self._cpu_stat,
            self._oom_control,
            *([self._tasks] if self._tasks else []),
        )
        self._limit_mb = allotment.limit_mb
        self._bandwidth = allotment.bandwidth
        self.cpus = allotment.cpus
        self._quota_us = cpu_share.UNLIMITED_US
        self._pause = pause
        self._sleep = sleep
        self._freezing = False
        self._started: list[asyncio.subprocess.Process] = []
        self._counters = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=0.0, oom_kills=0)

    def make(self) -> None:
        """Make the cgroups, unthrottled. Raises HostError."""
        limit = self._limit_mb * BYTES_PER_MIB
        settings: list[tuple[str, str, int]] = [
            ("cpu", "cpu.cfs_period_us", self._bandwidth.period_us),
            ("memory", "memory.limit_in_bytes", limit),
            ("memory", "memory.memsw.limit_in_bytes", limit),  # absent without swap accounting
            ("memory", "memory.swappiness", 0),
            ("pids", "pids.max", launch.PROCESSES),
        ]
        with _kernel("make a cgroup"):
            self._group.make()
            for controller, file, value in settings:
                if self._group.has(controller, file):
                    self._group.write(controller, file, value)

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        process = await launch.start(
            launch.LaunchSpec(
                argv=spec.argv,
                environment=spec.environment,
                directory=launch.TASK_ROOT if launch.TASK_ROOT in spec.mounts else "/",
                mounts=launch.mounts_of(spec),
                cgroups=self._group.join_files(),
                user=launch.SANDBOX_USER,
                cpus=self.cpus,
            )
        )
        self._started.append(process)
        self._forget_status()
        self._status = processes.StatusFile(process.pid)
        return process

    def throttle(self) -> None:
        """Grant the tier's CPU share, or all that a cgroup around ours has."""
        self._quota_us = self._bandwidth.quota_us
        self._write_quota(self._quota_us)

    def unthrottle(self) -> None:
        """Grant all vCPUs that the function sees: it is held to them by its affinity."""
        self._quota_us = cpu_share.UNLIMITED_US
        self._write_quota(self._quota_us)

    def _write_quota(self, quota_us: int) -> None:
        with _kernel("set the CPU share"):
            self._quota.write(quota_us)

    def freeze(self) -> None:
        """Stop every process: by the next `counters` or `thaw` all have stopped."""
        with _kernel("freeze the environment"):
            self._freezer.write(_FROZEN)
        self._freezing = True

    def _settle(self) -> None:
        """Wait until every process has stopped. HostError if they do not.

        A process that has used up its quota would not stop before the next period, 30 ms later
        at 128 MB, so for one that takes its time the quota is lifted meanwhile.
        """
        if not self._freezing:
            return
        self._freezing = False
        # Mostly a matter of 100 us, which is less than the shortest pause.
        if self._is_frozen(_FREEZE_SPINS):
            return
        quota_us = self._quota_us
        self._write_quota(cpu_share.UNLIMITED_US)
        frozen = self._is_frozen(_FREEZE_TRIES, self._pause)
        self._write_quota(quota_us)
        if not frozen:
            raise HostError(
                "The environment did not freeze within a second",
                next_step="See whether one of its processes waits for a disk (state D in `ps`).",
            )

    def _is_frozen(self, tries: int, pause: Callable[[float], None] | None = None) -> bool:
        with _kernel("freeze the environment"):
            for _ in range(tries):
                if self._freezer.read().startswith(_FROZEN.encode()):
                    return True
                if pause is not None:
                    pause(_FREEZE_STEP_S)
        return False

    def thaw(self) -> None:
        """Let every process run again."""
        self._settle()
        with _kernel("thaw the environment"):
            self._freezer.write(cgroup_tree.THAWED)

    def counters(self) -> Counters:
        """Read the counters; after destroy() they are the last ones.

        The peak is read from living processes: what one that exits took after the last reading
        is not seen. One that the kernel killed for memory had reached the limit, so that is
        the peak then.
        """
        self._settle()
        try:
            kills = oom_kills(self._oom_control.read())
            peak = self._peak_mb()
            known = self._counters.peak_memory_mb or 0.0
            self._counters = Counters(
                cpu_ms=int(self._cpu_usage.read()) / _NS_PER_MS,
                throttled_ms=throttled_ms(self._cpu_stat.read()),
                peak_memory_mb=max(known, peak, float(self._limit_mb) if kills else 0.0),
                oom_kills=kills,
            )
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise
        return self._counters

    def _peak_mb(self) -> float:
        """Of all processes; mostly there is but one, and then the list is not asked for."""
        alone = self._status.read() if self._status else None
        if alone and self._tasks and int(self._tasks.read()) == alone.threads:
            return alone.peak_mb
        return processes.peak_mb(self._group.pids("memory"))

    def _forget_status(self) -> None:
        if self._status is not None:
            self._status.close()
        self._status = None

    async def destroy(self) -> None:
        """Kill every process, wait until each is reaped, remove the cgroups."""
        self._freezing = False
        self._forget_status()
        for file in self._files:
            file.close()
        for _ in range(_ERASE_TRIES):
            erased = self._group.erase()
            if erased and all(process.returncode is not None for process in self._started):
                return
            await self._sleep(_ERASE_STEP_S)
        raise HostError(
            "The environment's processes did not die",
            place=", ".join(self._group.join_files()),
            next_step="See what holds them (state D in `ps`); the next start removes them.",
        )


class CgroupV1:
    """Makes sandboxes below a parent group that names its owner, this process."""

    def __init__(  # noqa: PLR0913 - each says something else of the host
        self,
        parent: Group,
        host_cpus: tuple[int, ...],
        missing: str = "",
        *,
        vcpus: float = math.inf,
        memory_mb: int = MAX_MEMORY_MB,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parent = parent
        self._host_cpus = host_cpus
        self._missing = missing
        self._vcpus = vcpus
        self._memory_mb = memory_mb
        self._pause = pause
        self._turns = itertools.count()

    @property
    def enforcement(self) -> Enforcement:
        """What is enforced, by what, and what is missing."""
        vcpus = len(self._host_cpus)
        tasks = f", {launch.PROCESSES:,} processes" if self._parent.has("pids") else ""
        few = cpu_share.visible_vcpus(10_240) > vcpus
        return Enforcement(
            by="cgroup v1",
            cpu="quota of memory/1769 of a vCPU per 20 ms"
            + (f"; at most {vcpus} vCPUs visible, all that this host has" if few else ""),
            memory="limit at the tier, no swap",
            freeze="freezer",
            isolation="unprivileged user, mount namespace with all but /tmp read-only, "
            f"{launch.DESCRIPTORS:,} descriptors{tasks}; /tmp without size limit, "
            "network and process list shared with the host",
            missing=self._missing,
            vcpus=self._vcpus if self._vcpus < cpu_share.vcpus(MAX_MEMORY_MB) else None,
            memory_mb=self._memory_mb if self._memory_mb < MAX_MEMORY_MB else None,
        )

    def create(
        self, name: str, memory_mb: int, handicap: Handicap = NO_HANDICAP
    ) -> CgroupV1Sandbox:
        """Make an empty enclosure; `name` is a file name, unique among those that exist."""
        cpus = cpu_share.choose_cpus(memory_mb, self._host_cpus, next(self._turns))
        allotment = Allotment(
            limit_mb=memory_mb - handicap.reserved_mb,
            bandwidth=cpu_share.bandwidth(memory_mb, slowness=handicap.slowness, most=self._vcpus),
            cpus=cpus,
        )
        sandbox = CgroupV1Sandbox(self._parent.below(name), allotment)
        sandbox.make()
        return sandbox

    def close(self) -> None:
        """Remove the parent group, with whatever is still in it."""
        for _ in range(_ERASE_TRIES):
            if self._parent.erase():
                return
            self._pause(_ERASE_STEP_S)


def _keep_the_kernel_ready(group: Group) -> None:
    """An empty group that is always frozen and always has a quota.

    Linux patches its own code when the first group on a host gets frozen or gets a quota, and
    again when the last one is rid of it (static keys: freezer_active, __cfs_bandwidth_used). With
    one environment on the host that would be four times an invocation, some 65 us each, against
    2 us for all that freezing is otherwise.
    """
    group.make()
    group.write("cpu", "cpu.cfs_quota_us", cpu_share.LEAST_QUOTA_US)
    group.write("freezer", "freezer.state", _FROZEN)


def grant(_state: Path, missing: str) -> CgroupV1:
    """Make the parent group.

    Raises:
        HostError: this host or this user has no cgroup v1, or the launcher is not built.
    """
    binaries.find(launch.LAUNCHER)
    folders = cgroup_tree.own_folders(WANTED)
    if absent := sorted(NEEDED - folders.keys()):
        raise HostError(
            f"This host has no cgroup v1 controller {', '.join(absent)}", next_step=_NEEDS
        )
    if os.geteuid() != 0 or not processes.may_administer():
        raise HostError("Limits by cgroup v1 need root with CAP_SYS_ADMIN", next_step=_NEEDS)
    parent = Group(folders).below(owner.name(os.getpid(), next(_granted)))
    with _kernel("make a cgroup"):
        parent.make()
        _keep_the_kernel_ready(parent.below("ready"))
    cpus = tuple(sorted(os.sched_getaffinity(0)))
    return CgroupV1(
        parent,
        cpus,
        missing,
        vcpus=allowance.vcpus(folders["cpu"], len(cpus)),
        memory_mb=allowance.memory_mb(folders["memory"]),
    )
