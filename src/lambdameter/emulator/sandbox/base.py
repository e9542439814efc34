"""What encloses one execution environment: a small protocol, one module per way of enforcing it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from lambdameter.model.sample import Enforcement


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The function's process, as it is to see itself.

    Attributes:
        argv: the program, with paths as they are inside (see `mounts`).
        environment: the whole environment; nothing is inherited from the emulator.
        mounts: path inside (/var/task, /var/lang, /var/runtime, /tmp) -> folder on the host.
            Everything but /tmp is read-only. A sandbox that cannot isolate the file system
            rewrites these paths in argv and environment to the host's.
        start_note: a descriptor of the emulator's, into which the moment is written at which the
            program starts (CLOCK_MONOTONIC, ns); the program does not inherit it.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    mounts: dict[str, str]
    start_note: int | None = None


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What has been used since the sandbox was made; None where this host cannot tell.

    Attributes:
        cpu_ms: CPU time of all processes.
        throttled_ms: for how long they were held for their quota. Where the kernel keeps it, what
            it counts: it may add up several queues.
        peak_memory_mb: the process tree's peak resident size, the function's own processes alone.
        oom_kills: processes that the kernel killed for the memory limit.
        lost_ms: of CPU time, by how much it did less than as much of a Lambda vCPU's would have:
            others used the same cores of this host. None: not looked at.
    """

    cpu_ms: float | None
    throttled_ms: float | None
    peak_memory_mb: float | None
    oom_kills: int | None
    lost_ms: float | None = None


NOTHING_USED = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=0.0, oom_kills=0, lost_ms=0.0)
"""The counters where no process has run yet."""


class HostAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What a function has less of on Lambda than its tier says, and than this host would grant.

    Attributes:
        slowness: how many times slower than usual its CPUs are made: its share in CPU time is
            less by as much.
        reserved_mb: of the tier, what AWS's own processes take.
    """

    slowness: float = 1.0
    reserved_mb: float = 0.0


NO_ADJUSTMENT = HostAdjustment()


class Levers(msgspec.Struct, frozen=True, kw_only=True):
    """By what somebody else can keep an environment to its CPU share.

    Attributes:
        quota_ns: CPU time of a Lambda vCPU that every 20 ms grant; None: all that its CPUs have.
        usage: the file where its CPU time is counted, and what is in it.
        hold: what stops its processes, apart from `freeze`: a file, and the words for it.
    """

    quota_ns: int | None
    usage: Path
    counts: Literal["ns_per_cpu", "cpu_stat"]
    hold: Path
    freeze: str
    thaw: str


class Sandbox(Protocol):
    """One execution environment's enclosure. It starts thawed and unthrottled."""

    @property
    def cpus(self) -> tuple[int, ...]:
        """The host's CPUs that its processes may run on."""
        ...

    @property
    def levers(self) -> Levers | None:
        """In place of `throttle`; None: this host has none."""
        ...

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process; its stdout and stderr are one pipe (process.stdout)."""
        ...

    def throttle(self) -> None:
        """Grant the tier's CPU share and no more, from now on."""
        ...

    def unthrottle(self) -> None:
        """Grant whole vCPUs, as during INIT."""
        ...

    def charge(self, cpu_ms: float) -> None:
        """Take CPU time of a Lambda vCPU from the share: what others used beside its processes.

        Nothing, where the share is not kept by Lambda's rule.
        """
        ...

    def freeze(self) -> None:
        """Stop every process until thaw(); by the next counters() or thaw() all have stopped."""
        ...

    def thaw(self) -> None:
        """Let every process run again."""
        ...

    def counters(self) -> Counters:
        """Read the counters; cheap enough for twice per invocation."""
        ...

    async def destroy(self) -> None:
        """Kill every process and remove what the sandbox made on the host. May be called twice."""
        ...


class SandboxFactory(Protocol):
    """One way of enforcing Lambda's rules on this host."""

    @property
    def enforcement(self) -> Enforcement:
        """What is enforced, by what, and what is missing."""
        ...

    @property
    def has_levers(self) -> bool:
        """Whether its sandboxes have."""
        ...

    def create(
        self, name: str, memory_mb: int, adjustment: HostAdjustment = NO_ADJUSTMENT
    ) -> Sandbox:
        """Make an empty enclosure of a tier."""
        ...

    def close(self) -> None:
        """Remove what all sandboxes shared (a parent cgroup)."""
        ...
