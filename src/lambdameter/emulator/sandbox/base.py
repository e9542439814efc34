"""The protocol of sandboxes, which enclose an execution environment; each is one module here."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from lambdameter.model.sample import Enforcement


class ProcessSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The function's process, with the paths that it sees.

    Attributes:
        argv: the program, with paths as they are inside (see `mounts`).
        environment: the whole environment; nothing is inherited from the emulator.
        mounts: path inside (/var/task, /var/lang, /var/runtime, /tmp) -> folder on the host.
            Everything but /tmp is read-only. A sandbox that cannot isolate the file system
            rewrites these paths in argv and environment to the host's.
        start_note: a descriptor of the emulator's, which the program does not inherit. The launcher
            writes the time into it when the program starts (CLOCK_MONOTONIC, ns).
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    mounts: dict[str, str]
    start_note: int | None = None


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What has been used since the sandbox was made; None: this host cannot tell.

    Attributes:
        cpu_ms: CPU time of all processes.
        throttled_ms: for how long they were held for their quota. Where the kernel keeps the quota,
            its own count, which may add up several queues.
        peak_memory_mb: the peak resident size of the function's own processes, MiB.
        oom_kills: how many processes the kernel killed for the memory limit.
        lost_ms: CPU time in excess of what a Lambda vCPU would have needed, because other work used
            the same cores of this host. None: not measured.
    """

    cpu_ms: float | None
    throttled_ms: float | None
    peak_memory_mb: float | None
    oom_kills: int | None
    lost_ms: float | None = None


NOTHING_USED = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=0.0, oom_kills=0, lost_ms=0.0)
"""The counters where no process has run yet."""


class HostAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """What a function does not get of its memory size.

    Attributes:
        slowness: how many times slower than usual its CPUs are made; its share of their time is
            divided by the same factor.
        reserved_mb: memory of AWS's own processes, MiB.
    """

    slowness: float = 1.0
    reserved_mb: float = 0.0


NO_ADJUSTMENT = HostAdjustment()


class PacerFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The control files by which the pacer keeps an environment to its CPU share.

    Attributes:
        quota_ns: CPU time of a Lambda vCPU per 20 ms; None: all that its CPUs have.
        usage: the file that counts its CPU time.
        counts: the format of `usage`.
        hold: the file that stops its processes, apart from the sandbox's own freezer.
        freeze, thaw: what is written into `hold`.
    """

    quota_ns: int | None
    usage: Path
    counts: Literal["ns_per_cpu", "cpu_stat"]
    hold: Path
    freeze: str
    thaw: str


class Sandbox(Protocol):
    """The sandbox of one execution environment. It starts thawed and unthrottled."""

    @property
    def cpus(self) -> tuple[int, ...]:
        """The host's CPUs that its processes may run on."""
        ...

    @property
    def pacer_files(self) -> PacerFiles | None:
        """For a pacer, instead of `throttle`; None: this host has no such files."""
        ...

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process; its stdout and stderr are one pipe (process.stdout)."""
        ...

    def throttle(self) -> None:
        """Grant only the CPU share of the memory size, from now on."""
        ...

    def unthrottle(self) -> None:
        """Grant whole vCPUs, as in Init."""
        ...

    def charge(self, cpu_ms: float) -> None:
        """Take CPU time of a Lambda vCPU from the share: AWS's own processes used it.

        Does nothing where the share is not kept by Lambda's rule.
        """
        ...

    def freeze(self) -> None:
        """Stop every process; all have stopped by the next counters() or thaw()."""
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
    """Makes sandboxes that enforce Lambda's rules in one way."""

    @property
    def enforcement(self) -> Enforcement:
        """What is enforced, by what, and what is not."""
        ...

    @property
    def has_pacer_files(self) -> bool:
        """Whether its sandboxes have `pacer_files`."""
        ...

    def create(
        self, name: str, memory_mb: int, adjustment: HostAdjustment = NO_ADJUSTMENT
    ) -> Sandbox:
        """Make an empty sandbox for a memory size."""
        ...

    def close(self) -> None:
        """Remove what all sandboxes share (a parent cgroup)."""
        ...
