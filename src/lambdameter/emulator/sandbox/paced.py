"""A sandbox whose CPUs have a Lambda vCPU's speed and share while something runs in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

from lambdameter import binaries
from lambdameter.emulator.sandbox.base import (
    Counters,
    Handicap,
    ProcessSpec,
    Sandbox,
    SandboxFactory,
)
from lambdameter.emulator.speed import pacer as program
from lambdameter.emulator.speed import tick
from lambdameter.emulator.speed.pacer import TICK_NS, Pace, Pacer, Registration
from lambdameter.errors import HostError
from lambdameter.model import Calibration, Enforcement

_NS_PER_MS = 1_000_000
# Who is called again by then never rested. Nothing is used meanwhile, and nobody is slowed.
_LINGER_S = 0.001
_BY_RULE = (
    f"by Lambda's rule, kept here: charged at a tick of {TICK_NS // _NS_PER_MS} ms and when a "
    "thread sleeps, debts carried"
)


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


def _on_the_loop(delay_s: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(delay_s, call)


class Care(NamedTuple):
    """How an environment is looked after.

    Attributes:
        slowness: what CPU time here is worth in a Lambda vCPU's.
        by_rule: its share is kept by whoever looks after it, not by the sandbox itself.
        slowed: its CPUs are slower while it runs, and only then.
    """

    slowness: float
    by_rule: bool
    slowed: bool


class PacedSandbox:
    """Any sandbox, looked after from the first process or thaw until the next freeze."""

    levers = None

    def __init__(
        self,
        inner: Sandbox,
        registration: Registration,
        care: Care,
        later: Callable[[float, Callable[[], None]], Timer] = _on_the_loop,
    ) -> None:
        self._inner = inner
        self._registration = registration
        self._care = care
        self._later = later
        self._running = False
        self._lingering: Timer | None = None
        self._held_at_freeze_ms: float | None = None
        self._held_frozen_ms = 0.0
        self.cpus = inner.cpus

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        self._run()
        return await self._inner.spawn(spec)

    def throttle(self) -> None:
        """Grant the tier's share of a Lambda vCPU."""
        (self._registration if self._care.by_rule else self._inner).throttle()

    def unthrottle(self) -> None:
        """Grant whole vCPUs, which are slow all the same."""
        (self._registration if self._care.by_rule else self._inner).unthrottle()

    def freeze(self) -> None:
        """Stop every process; the CPUs have their own speed again."""
        self._inner.freeze()
        self._held_at_freeze_ms = self._held_ms()
        if self._care.slowed:
            self._rest()
        elif self._running:
            self._lingering = self._later(_LINGER_S, self._rest_by_and_by)

    def thaw(self) -> None:
        """Let every process run again, unless it still owes CPU time."""
        if self._held_at_freeze_ms is not None:
            self._held_frozen_ms += self._held_ms() - self._held_at_freeze_ms
        self._held_at_freeze_ms = None
        self._run()
        self._inner.thaw()

    def counters(self) -> Counters:
        """CPU time as a Lambda vCPU would have counted it."""
        used = self._inner.counters()
        cpu_ms = None if used.cpu_ms is None else used.cpu_ms * self._care.slowness
        if not self._care.by_rule:
            return msgspec.structs.replace(used, cpu_ms=cpu_ms)
        held_ms = self._held_ms() if self._held_at_freeze_ms is None else self._held_at_freeze_ms
        throttled_ms = held_ms - self._held_frozen_ms
        return msgspec.structs.replace(used, cpu_ms=cpu_ms, throttled_ms=throttled_ms)

    async def destroy(self) -> None:
        """Kill every process: none is held from now on. May be called twice."""
        self._stay()
        self._running = False
        self._registration.close()
        await self._inner.destroy()

    def _run(self) -> None:
        self._stay()
        if not self._running:
            self._registration.run()
        self._running = True

    def _rest(self) -> None:
        self._lingering = None
        ran, self._running = self._running, False
        if ran:
            self._registration.rest()

    def _rest_by_and_by(self) -> None:
        # Should nobody be there to be told, the next run says so.
        with contextlib.suppress(HostError):
            self._rest()

    def _stay(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
        self._lingering = None

    def _held_ms(self) -> float:
        """Also while it was frozen, which is nobody's time."""
        return self._registration.held_ms() if self._care.by_rule else 0.0


class Paced:
    """Makes sandboxes whose CPUs are as slow as Lambda's and shared by its rule.

    Args:
        calibration: None: this host's own speed.
        pacer: what slows CPUs and keeps the rule; None: there are no real-time threads, for
            `refusal`, or none are needed.
    """

    def __init__(
        self,
        factory: SandboxFactory,
        calibration: Calibration | None,
        pacer: Pacer | None,
        refusal: HostError | None = None,
    ) -> None:
        self._factory = factory
        self._calibration = calibration
        self._pacer = pacer
        self._refusal = refusal

    @classmethod
    def start(cls, factory: SandboxFactory, calibration: Calibration | None) -> Paced:
        """Start what is needed for it.

        Raises:
            HostError: CPUs are to be slowed, and cannot be. Without a calibration there is this
                kernel's own quota in place of Lambda's rule, and `enforcement` says so.
        """
        if calibration is None and not factory.has_levers:
            return cls(factory, None, None)
        try:
            return cls(factory, calibration, Pacer.start(binaries.find(program.PROGRAM)))
        except HostError as refusal:
            if calibration is not None:
                raise
            return cls(factory, None, None, refusal)

    @property
    def pid(self) -> int | None:
        """Of what keeps CPUs; None: nothing does."""
        return self._pacer.pid if self._pacer else None

    def watch(self) -> asyncio.Future[HostError] | None:
        """Resolves should what keeps CPUs die; None: nothing does."""
        return self._pacer.watch() if self._pacer else None

    def close(self) -> None:
        """Let go of all CPUs and environments."""
        if self._pacer is not None:
            self._pacer.close()

    def enforcement(self, hz: Callable[[], int | None] = tick.hz) -> Enforcement:
        """What is enforced, and by whose rule; `hz` tells this kernel's tick."""
        granted = self._factory.enforcement
        if not self._factory.has_levers:
            return granted
        by = _BY_RULE if self._pacer else f"by this kernel's quota, charged {tick.line(hz())}"
        why = f" (not by Lambda's own rule: {self._refusal.cause})" if self._refusal else ""
        return msgspec.structs.replace(granted, cpu=f"{granted.cpu}; {by}{why}")

    def create(self, name: str, memory_mb: int, runtime: str, reserved_mb: float) -> Sandbox:
        """Make an empty enclosure of a tier; `reserved_mb` of its memory is AWS's own."""
        speed = self._calibration.of(runtime) if self._calibration else None
        slowness = 1 / speed.cpu_share if speed else 1.0
        handicap = Handicap(slowness=slowness, reserved_mb=reserved_mb)
        inner = self._factory.create(name, memory_mb, handicap)
        levers = inner.levers
        if self._pacer is None or (levers is None and speed is None):
            return inner
        pace = Pace(speed.busy_ns, speed.cycle_ns) if speed else None
        registration = self._pacer.open(inner.cpus, pace, levers, slowness)
        care = Care(slowness, by_rule=levers is not None, slowed=pace is not None)
        return PacedSandbox(inner, registration, care)
