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
    HostAdjustment,
    ProcessSpec,
    Sandbox,
    SandboxFactory,
)
from lambdameter.emulator.speed import kernels, tick
from lambdameter.emulator.speed import pacer as program
from lambdameter.emulator.speed.pacer import (
    TICK_NS,
    Alone,
    Cold,
    Pace,
    Pacer,
    Registration,
    Slowness,
)
from lambdameter.errors import HostError
from lambdameter.model.calibration import Calibration, Speed
from lambdameter.model.sample import Enforcement

_NS_PER_MS, _NS_PER_US = 1_000_000, 1_000
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
        by_rule: its share is kept by whoever looks after it, not by the sandbox itself.
        whole: its share is all that its CPUs have, and nobody need keep it.
        seen: its page faults are counted, and whether others use its cores.
        slowed: its CPUs are slower while it runs, and only then.
    """

    by_rule: bool
    slowed: bool
    whole: bool = False
    seen: bool = False


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
        process = await self._inner.spawn(spec)
        if self._care.seen:
            self._registration.has(process.pid)
        return process

    def throttle(self) -> None:
        """Grant the tier's share of a Lambda vCPU."""
        # The kernel's quota would be short beside a neighbour, where CPUs are slowed by less.
        if not self._care.whole:
            (self._registration if self._care.by_rule else self._inner).throttle()

    def unthrottle(self) -> None:
        """Grant whole vCPUs, which are slow all the same."""
        if not self._care.whole:
            (self._registration if self._care.by_rule else self._inner).unthrottle()

    def charge(self, cpu_ms: float) -> None:
        """Take it from the share, where that is kept by the rule."""
        (self._registration if self._care.by_rule else self._inner).charge(cpu_ms)

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
        if used.cpu_ms is not None:
            told = self._registration.told(used.cpu_ms, at_rest=not self._running)
            used = msgspec.structs.replace(
                used, cpu_ms=told.cpu_ms, lost_ms=told.lost_ms if self._care.seen else None
            )
        if not self._care.by_rule:
            return used
        held_ms = self._held_ms() if self._held_at_freeze_ms is None else self._held_at_freeze_ms
        return msgspec.structs.replace(used, throttled_ms=held_ms - self._held_frozen_ms)

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
        known: what CPU time is worth beside the speed; published.toml's, unless a benchmark
            wants the rule without it.
    """

    def __init__(
        self,
        factory: SandboxFactory,
        calibration: Calibration | None,
        pacer: Pacer | None,
        refusal: HostError | None = None,
        known: kernels.Published | None = None,
    ) -> None:
        self._factory = factory
        self._calibration = calibration
        self._known = known or kernels.published()
        self._pacer = pacer
        self._refusal = refusal

    @classmethod
    def start(
        cls,
        factory: SandboxFactory,
        calibration: Calibration | None,
        known: kernels.Published | None = None,
    ) -> Paced:
        """Start what is needed for it.

        Raises:
            HostError: CPUs are to be slowed, and cannot be. Without a calibration there is this
                kernel's own quota in place of Lambda's rule, and `enforcement` says so.
        """
        if calibration is None and not factory.has_levers:
            return cls(factory, None, None)
        try:
            return cls(
                factory, calibration, Pacer.start(binaries.find(program.PROGRAM)), known=known
            )
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
            return msgspec.structs.replace(granted, cpu=f"{granted.cpu}{self._plain(granted)}")
        by = _BY_RULE if self._pacer else f"by this kernel's quota, charged {tick.line(hz())}"
        why = f" (not by Lambda's own rule: {self._refusal.cause})" if self._refusal else ""
        return msgspec.structs.replace(granted, cpu=f"{granted.cpu}; {by}{why}{self._told}")

    def _plain(self, granted: Enforcement) -> str:
        """What is not modelled where nobody counts CPU time, as what it is limited to is told."""
        if self._calibration is None or not granted.cpu:
            return ""
        return "; page faults, and caches after a freeze, take this host's own time"

    @property
    def _told(self) -> str:
        """What of a Lambda vCPU is modelled beside its speed."""
        if self._pacer is None or self._calibration is None:
            return ""
        known = self._known
        cold = f"; {known.cold.cpu_ms} ms after a freeze not slowed"
        if self._pacer.blind:
            return f"{cold}; page faults take this host's own time: {self._pacer.blind}"
        return f"{cold}; page faults {known.faults.us:g} µs longer"

    def create(self, name: str, memory_mb: int, runtime: str, reserved_mb: float) -> Sandbox:
        """Make an empty enclosure of a tier; `reserved_mb` of its memory is AWS's own."""
        speed = self._calibration.of(runtime) if self._calibration else None
        slowness = 1 / speed.cpu_share if speed else 1.0
        adjustment = HostAdjustment(slowness=slowness, reserved_mb=reserved_mb)
        inner = self._factory.create(name, memory_mb, adjustment)
        levers = inner.levers
        is_kept = levers is not None and levers.quota_ns is not None
        if self._pacer is None or not (is_kept or speed):
            return inner
        pace = self._pace(speed) if speed else None
        is_slowed = pace is not None
        worth = _slowness(slowness, self._known) if pace else Slowness()
        registration = self._pacer.open(inner.cpus, pace, levers, worth)
        care = Care(
            by_rule=is_kept,
            slowed=is_slowed,
            whole=is_slowed and levers is not None and not is_kept,
            seen=is_slowed and levers is not None,
        )
        return PacedSandbox(inner, registration, care)

    def _pace(self, speed: Speed) -> Pace:
        streams_ns = self._calibration.streams_ns if self._calibration else None
        # One that is not slowed is no faster for being watched.
        watched = streams_ns is not None and speed.busy_ns > 0
        alone = Alone(max(1.0, speed.reached), streams_ns or 1) if watched else None
        return Pace(speed.busy_ns, speed.cycle_ns, alone)


def _slowness(by: float, known: kernels.Published) -> Slowness:
    cold = Cold(round(known.cold.cpu_ms * _NS_PER_MS), round(known.cold.after_ms * _NS_PER_MS))
    return Slowness(by, cold, round(known.faults.us * _NS_PER_US))
