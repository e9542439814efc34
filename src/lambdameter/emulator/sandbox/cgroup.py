"""What both versions of cgroups have in common: a sandbox and its factory."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import errno
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence

from lambdameter.emulator.sandbox import cpu_share, launch, processes
from lambdameter.emulator.sandbox.allowance import Allotment, Allowance
from lambdameter.emulator.sandbox.base import (
    NO_ADJUSTMENT,
    Counters,
    HostAdjustment,
    PacerFiles,
    ProcessSpec,
)
from lambdameter.emulator.sandbox.cgroup_tree import ControlFile, Group
from lambdameter.emulator.sandbox.processes import StatusFile
from lambdameter.errors import HostError
from lambdameter.model.sample import Enforcement

_FREEZE_SPINS, _FREEZE_TRIES, _FREEZE_STEP_S = 100, 5_000, 0.000_2
_ERASE_TRIES, _ERASE_STEP_S = 5_000, 0.001
_INNER = "hold"
Setting = tuple[str, str, int | str]
"""Controller, its control file, the value."""


class AbsentError(HostError):
    """The kernel does not have this version of cgroups, so no permission would help."""


@contextlib.contextmanager
def kernel(deed: str) -> Iterator[None]:
    """Turn what the kernel refuses into a HostError with the control file's name."""
    try:
        yield
    except OSError as error:
        place = error.filename
        raise HostError(
            f"Cannot {deed}: {error.strerror}",
            place=place and str(place),
            next_step='Check with `lambdameter doctor`, or choose the sandbox "none".',
        ) from error


def keyed(text: bytes) -> dict[bytes, bytes]:
    """Parse a flat keyed control file: name and value in turn."""
    fields = text.split()
    return dict(zip(fields[::2], fields[1::2], strict=True))


class CgroupSandbox(abc.ABC):
    """One execution environment in its own cgroup, frozen and throttled by the kernel.

    Its processes are in an inner group with a freezer of its own (`pacer_files`). So the pacer,
    which holds them for their quota, and this class, which freezes them between invocations, never
    write the same file. A subclass knows the names and formats of its version's control files.
    """

    _nests: Sequence[str]
    """The controllers of the inner group, as far as the host has them."""

    def __init__(
        self,
        group: Group,
        allotment: Allotment,
        arrange: launch.Arrange = launch.enclosed,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._group = group
        self._inner = group.below(_INNER, set(self._nests) & set(group.controllers))
        self._members = group | self._inner
        self._quota_ns = allotment.quota_ns
        self._limit_mb = allotment.limit_mb
        self._bandwidth = allotment.bandwidth
        self.cpus = allotment.cpus
        self._arrange = arrange
        self._quota_us = cpu_share.UNLIMITED_US
        self._pause = pause
        self._freezing = False
        self._started: list[asyncio.subprocess.Process] = []
        self._counters = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=0.0, oom_kills=0)
        self._files: list[ControlFile] = []
        self._tasks: ControlFile | None = None
        self._status: StatusFile | None = None
        self._open_files()

    def _file(self, controller: str, name: str, flags: int = os.O_RDONLY) -> ControlFile:
        """A control file that stays open until destroy()."""
        self._files.append(self._group.file(controller, name, flags))
        return self._files[-1]

    @abc.abstractmethod
    def _open_files(self) -> None:
        """Prepare the control files of every invocation; the first use opens them."""

    @property
    @abc.abstractmethod
    def pacer_files(self) -> PacerFiles | None:
        """As in Sandbox; None: this kernel lacks one of the files."""

    @abc.abstractmethod
    def _settings(self) -> Sequence[Setting]:
        """The settings of a new group; files that this kernel does not have are skipped."""

    @abc.abstractmethod
    def _set_quota(self, quota_us: int) -> None:
        """Set the CPU time per PERIOD_US; UNLIMITED_US: no limit. Raises OSError."""

    @abc.abstractmethod
    def _set_frozen(self, *, frozen: bool) -> None:
        """Ask for the group to be frozen or thawed. Raises OSError."""

    @abc.abstractmethod
    def _says_frozen(self) -> bool:
        """Whether all processes have stopped. Raises OSError."""

    @abc.abstractmethod
    def _read(self) -> Counters:
        """The counters. Raises OSError: ENOENT or ENODEV once the group is gone."""

    def make(self) -> None:
        """Make the group, unthrottled. Raises HostError."""
        with kernel("make a cgroup"):
            self._group.make()
            self._inner.make()
            for controller, file, value in self._settings():
                if self._group.has(controller, file):
                    self._group.write(controller, file, value)

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        process = await launch.start(
            self._arrange(spec, cgroups=self._members.join_files(), cpus=self.cpus)
        )
        self._started.append(process)
        self._forget_status()
        self._status = StatusFile(process.pid)
        return process

    def throttle(self) -> None:
        """Grant the CPU share of the memory size, or what the cgroups around ours have of it."""
        self._quota_us = self._bandwidth.quota_us
        self._write_quota(self._quota_us)

    def unthrottle(self) -> None:
        """Grant all vCPUs that the function sees; its affinity keeps it to them."""
        self._quota_us = cpu_share.UNLIMITED_US
        self._write_quota(self._quota_us)

    def charge(self, cpu_ms: float) -> None:  # noqa: B027 - both versions do nothing
        """Nothing: the kernel charges only the group's own processes."""

    def _write_quota(self, quota_us: int) -> None:
        with kernel("set the CPU share"):
            self._set_quota(quota_us)

    def freeze(self) -> None:
        """Stop every process; all have stopped by the next `counters` or `thaw`."""
        with kernel("freeze the environment"):
            self._set_frozen(frozen=True)
        self._freezing = True

    def _settle(self) -> None:
        """Wait until every process has stopped. Raises HostError if they do not.

        A process without quota would stop only in the next period, 30 ms later at 128 MB. So the
        quota is lifted while we wait for a slow one.
        """
        if not self._freezing:
            return
        self._freezing = False
        # Usually it takes 100 us, which is less than the shortest pause.
        if self._is_frozen(_FREEZE_SPINS):
            return
        quota_us = self._quota_us
        self._write_quota(cpu_share.UNLIMITED_US)
        frozen = self._is_frozen(_FREEZE_TRIES, self._pause)
        self._write_quota(quota_us)
        if not frozen:
            raise HostError(
                "The execution environment did not freeze within a second",
                next_step="Check whether one of its processes waits for a disk (state D in `ps`).",
            )

    def _is_frozen(self, tries: int, pause: Callable[[float], None] | None = None) -> bool:
        with kernel("freeze the environment"):
            for _ in range(tries):
                if self._says_frozen():
                    return True
                if pause is not None:
                    pause(_FREEZE_STEP_S)
        return False

    def thaw(self) -> None:
        """Let every process run again."""
        self._settle()
        with kernel("thaw the environment"):
            self._set_frozen(frozen=False)

    def counters(self) -> Counters:
        """Read the counters; after destroy(), the last ones."""
        self._settle()
        try:
            self._counters = self._read()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise
        return self._counters

    def _peak_mb(self, oom_kills: int | None) -> float:
        """The peak so far, from the living processes.

        The last growth of a process that exits is not seen. A process that the kernel killed for
        memory had reached the limit, so the limit is the peak then.
        """
        before = self._counters.peak_memory_mb or 0.0
        return max(before, self._living_mb(), float(self._limit_mb) if oom_kills else 0.0)

    def _living_mb(self) -> float:
        """The peak of the living processes; where there is only one, without reading a list."""
        only = self._status.read() if self._status else None
        if only and self._tasks and int(self._tasks.read()) == only.threads:
            return only.peak_mb
        return processes.peak_mb(self._members.pids("memory"))

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
            await asyncio.sleep(_ERASE_STEP_S)
        raise HostError(
            "The execution environment's processes did not end",
            place=", ".join(self._group.join_files()),
            next_step="Check what keeps them alive (state D in `ps`); the next start removes them.",
        )


class CgroupFactory:
    """Makes sandboxes below a parent group whose name tells its owner, this process.

    Args:
        parent: the parent group.
        sandbox: makes one sandbox.
        enforcement: what the sandboxes enforce.
        host: what the host can grant.
        release: called at the end.
    """

    has_pacer_files = True

    def __init__(
        self,
        parent: Group,
        sandbox: Callable[[Group, Allotment], CgroupSandbox],
        enforcement: Enforcement,
        host: Allowance,
        *,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.enforcement = enforcement
        self._parent = parent
        self._sandbox = sandbox
        self._host = host
        self._release = release
        self._turns = itertools.count()

    def create(
        self, name: str, memory_mb: int, adjustment: HostAdjustment = NO_ADJUSTMENT
    ) -> CgroupSandbox:
        """Make an empty sandbox; `name` names its group, and no existing sandbox has it."""
        allotment = self._host.allot(memory_mb, adjustment, next(self._turns))
        sandbox = self._sandbox(self._parent.below(name), allotment)
        sandbox.make()
        return sandbox

    def close(self) -> None:
        """Remove the parent group with everything in it."""
        for _ in range(_ERASE_TRIES):
            if self._parent.erase():
                break
            time.sleep(_ERASE_STEP_S)
        self._release()


def enforcement(by: str, parent: Group, host: Allowance, isolation: str) -> Enforcement:
    """What cgroups of either version enforce; nothing is missing."""
    tasks = f", {launch.PROCESSES:,} processes" if parent.has("pids") else ""
    return Enforcement(
        by=by,
        cpu=f"memory/1769 of a vCPU per 20 ms{host.visible}",
        memory="limit at the memory size, no swap",
        freeze="freezer",
        isolation=f"{isolation}, {launch.DESCRIPTORS:,} descriptors{tasks}",
        vcpus=host.short_of_vcpus,
        memory_mb=host.short_of_memory_mb,
    )
