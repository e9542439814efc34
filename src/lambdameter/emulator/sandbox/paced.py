"""A sandbox whose CPUs are as slow as a Lambda vCPU while something runs in it."""

from __future__ import annotations

import asyncio

import msgspec

from lambdameter.emulator.sandbox.base import (
    Counters,
    Handicap,
    ProcessSpec,
    Sandbox,
    SandboxFactory,
)
from lambdameter.emulator.speed.slow_cores import Pace, SlowCores
from lambdameter.model import Calibration, Speed


class PacedSandbox:
    """Any sandbox, its CPUs slowed from the first process or thaw until the next freeze."""

    def __init__(self, inner: Sandbox, cores: SlowCores, speed: Speed) -> None:
        self._inner = inner
        self._cores = cores
        self.cpus = inner.cpus
        self._pace = Pace(speed.busy_ns, speed.cycle_ns)
        self._slowness = 1 / speed.cpu_share
        self._slowed = False

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        self._slow()
        return await self._inner.spawn(spec)

    def throttle(self) -> None:
        """Grant the tier's share of the slower CPU."""
        self._inner.throttle()

    def unthrottle(self) -> None:
        """Grant whole vCPUs, which are slow all the same."""
        self._inner.unthrottle()

    def freeze(self) -> None:
        """Stop every process; the CPUs have their own speed again."""
        self._inner.freeze()
        self._let_go()

    def thaw(self) -> None:
        """Let every process run again, on slow CPUs."""
        self._slow()
        self._inner.thaw()

    def counters(self) -> Counters:
        """CPU time as a Lambda vCPU would have counted it."""
        used = self._inner.counters()
        cpu_ms = None if used.cpu_ms is None else used.cpu_ms * self._slowness
        return msgspec.structs.replace(used, cpu_ms=cpu_ms)

    async def destroy(self) -> None:
        """Kill every process. May be called twice."""
        self._let_go()
        await self._inner.destroy()

    def _slow(self) -> None:
        if not self._slowed:
            self._cores.hold(self.cpus, self._pace)
        self._slowed = True

    def _let_go(self) -> None:
        if self._slowed:
            self._cores.release(self.cpus, self._pace)
        self._slowed = False


class Paced:
    """Makes sandboxes whose CPUs are as slow as Lambda's, by another way of enclosing.

    Args:
        calibration: None: this host's own speed.
        cores: what slows CPUs; None where there is no calibration.
    """

    def __init__(
        self, factory: SandboxFactory, calibration: Calibration | None, cores: SlowCores | None
    ) -> None:
        self._factory = factory
        self._calibration = calibration
        self._cores = cores

    def create(self, name: str, memory_mb: int, runtime: str, reserved_mb: float) -> Sandbox:
        """Make an empty enclosure of a tier; `reserved_mb` of its memory is AWS's own."""
        if self._calibration is None or self._cores is None:
            return self._factory.create(name, memory_mb, Handicap(reserved_mb=reserved_mb))
        speed = self._calibration.of(runtime)
        handicap = Handicap(slowness=1 / speed.cpu_share, reserved_mb=reserved_mb)
        inner = self._factory.create(name, memory_mb, handicap)
        return PacedSandbox(inner, self._cores, speed)
