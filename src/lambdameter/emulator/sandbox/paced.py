"""A sandbox whose CPUs have a Lambda vCPU's speed and share while something runs in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from lambdameter import binaries
from lambdameter.emulator.clock import CallLater, Timer, call_later
from lambdameter.emulator.sandbox.base import (
    Counters,
    HostAdjustment,
    ProcessSpec,
    Sandbox,
    SandboxFactory,
)
from lambdameter.emulator.speed import kernels, tick
from lambdameter.emulator.speed.orders import (
    NOT_CONVERTED,
    TICK_NS,
    Alone,
    Cold,
    Pace,
    Slowness,
)
from lambdameter.emulator.speed.pacer import PROGRAM, Pacer, Registration
from lambdameter.errors import HostError
from lambdameter.model.calibration import Calibration, Speed
from lambdameter.model.sample import Enforcement

_NS_PER_MS, _NS_PER_US = 1_000_000, 1_000
# The program is told of a freeze so much later. Often the next thaw comes earlier; meanwhile the
# environment uses nothing and slows nothing.
_LINGER_MS = 1.0
_BY_RULE = (
    f"by Lambda's rule, kept here: charged at a tick of {TICK_NS // _NS_PER_MS} ms and when a "
    "thread sleeps, debts carried"
)


class Pacing(NamedTuple):
    """What the pacer does for an environment.

    Attributes:
        keeps_share: the pacer keeps the CPU share, instead of the sandbox.
        slows_cpus: the CPUs are slowed while the environment runs.
        is_unlimited: the share is all that the CPUs have, so nothing need keep it.
        watches_cores: page faults are counted, and it is noticed when others use the cores.
    """

    keeps_share: bool
    slows_cpus: bool
    is_unlimited: bool = False
    watches_cores: bool = False


class PacedSandbox:
    """Any sandbox, paced from its first process or a thaw until the next freeze."""

    pacer_files = None

    def __init__(
        self,
        inner: Sandbox,
        registration: Registration,
        pacing: Pacing,
        later: CallLater = call_later,
    ) -> None:
        self._inner = inner
        self._registration = registration
        self._pacing = pacing
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
        if self._pacing.watches_cores:
            self._registration.add_process(process.pid)
        return process

    def throttle(self) -> None:
        """Grant only the memory size's share of a Lambda vCPU."""
        # The kernel's quota would be too low while others use the core: CPUs are then slowed less.
        if not self._pacing.is_unlimited:
            (self._registration if self._pacing.keeps_share else self._inner).throttle()

    def unthrottle(self) -> None:
        """Grant whole vCPUs, which stay slowed."""
        if not self._pacing.is_unlimited:
            (self._registration if self._pacing.keeps_share else self._inner).unthrottle()

    def charge(self, cpu_ms: float) -> None:
        """Take CPU time from the share, where the pacer keeps it."""
        (self._registration if self._pacing.keeps_share else self._inner).charge(cpu_ms)

    def freeze(self) -> None:
        """Stop every process; the CPUs have their own speed again."""
        self._inner.freeze()
        self._held_at_freeze_ms = self._held_ms()
        if self._pacing.slows_cpus:
            self._rest()
        elif self._running:
            self._lingering = self._later(_LINGER_MS, self._rest_late)

    def thaw(self) -> None:
        """Let every process run again, unless the environment still owes CPU time."""
        if self._held_at_freeze_ms is not None:
            self._held_frozen_ms += self._held_ms() - self._held_at_freeze_ms
        self._held_at_freeze_ms = None
        self._run()
        self._inner.thaw()

    def counters(self) -> Counters:
        """CPU time as a Lambda vCPU would have counted it."""
        counters = self._inner.counters()
        if counters.cpu_ms is not None:
            used = self._registration.used(counters.cpu_ms, at_rest=not self._running)
            lost_ms = used.lost_ms if self._pacing.watches_cores else None
            counters = msgspec.structs.replace(counters, cpu_ms=used.cpu_ms, lost_ms=lost_ms)
        if not self._pacing.keeps_share:
            return counters
        held_ms = self._held_ms() if self._held_at_freeze_ms is None else self._held_at_freeze_ms
        return msgspec.structs.replace(counters, throttled_ms=held_ms - self._held_frozen_ms)

    async def destroy(self) -> None:
        """Kill every process, and release those that are held. May be called twice."""
        self._cancel_rest()
        self._running = False
        self._registration.close()
        await self._inner.destroy()

    def _run(self) -> None:
        self._cancel_rest()
        if not self._running:
            self._registration.run()
        self._running = True

    def _rest(self) -> None:
        self._lingering = None
        if self._running:
            self._running = False
            self._registration.rest()

    def _rest_late(self) -> None:
        # If the program has died, the next run raises the error.
        with contextlib.suppress(HostError):
            self._rest()

    def _cancel_rest(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
        self._lingering = None

    def _held_ms(self) -> float:
        """For how long the environment was held so far, also while it was frozen."""
        return self._registration.held_ms() if self._pacing.keeps_share else 0.0


class PacedFactory:
    """Makes sandboxes whose CPUs are as slow as Lambda's and shared by its rule.

    Args:
        factory: makes the sandboxes that are paced.
        calibration: how the CPUs are slowed; None: this host's own speed.
        pacer: slows CPUs and keeps the rule; None: it is not needed, or `refusal` says why there
            is none.
        refusal: why this host has no pacer.
        published: what is known of Lambda; published.toml, unless a benchmark replaces it.
    """

    def __init__(
        self,
        factory: SandboxFactory,
        calibration: Calibration | None,
        pacer: Pacer | None,
        refusal: HostError | None = None,
        published: kernels.Published | None = None,
    ) -> None:
        self._factory = factory
        self._calibration = calibration
        self._published = published or kernels.published()
        self._pacer = pacer
        self._refusal = refusal

    @classmethod
    def start(
        cls,
        factory: SandboxFactory,
        calibration: Calibration | None,
        published: kernels.Published | None = None,
    ) -> PacedFactory:
        """Start the pacer where it is needed.

        Without a calibration and without the right to real-time threads, this kernel's own quota
        replaces Lambda's rule, and `enforcement` says so.

        Raises:
            HostError: there is a calibration, and CPUs cannot be slowed.
        """
        if calibration is None and not factory.has_pacer_files:
            return cls(factory, None, None)
        try:
            return cls(
                factory,
                calibration,
                Pacer.start(binaries.find(PROGRAM)),
                published=published,
            )
        except HostError as refusal:
            if calibration is not None:
                raise
            return cls(factory, None, None, refusal)

    @property
    def pid(self) -> int | None:
        """The pacer's process; None: there is no pacer."""
        return self._pacer.pid if self._pacer else None

    def watch(self) -> asyncio.Future[HostError] | None:
        """Resolves if the pacer dies; None: there is no pacer."""
        return self._pacer.watch() if self._pacer else None

    def close(self) -> None:
        """End the pacer."""
        if self._pacer is not None:
            self._pacer.close()

    def enforcement(self, hz: Callable[[], int | None] = tick.hz) -> Enforcement:
        """What is enforced, and by whose rule; `hz` returns this kernel's tick rate."""
        granted = self._factory.enforcement
        if not self._factory.has_pacer_files:
            return msgspec.structs.replace(granted, cpu=f"{granted.cpu}{self._unmodelled(granted)}")
        by = _BY_RULE if self._pacer else f"by this kernel's quota, charged {tick.line(hz())}"
        why = f" (not by Lambda's own rule: {self._refusal.cause})" if self._refusal else ""
        return msgspec.structs.replace(granted, cpu=f"{granted.cpu}; {by}{why}{self._modelled}")

    def _unmodelled(self, granted: Enforcement) -> str:
        """What is not modelled where the pacer does not count CPU time."""
        if self._calibration is None or not granted.cpu:
            return ""
        return "; page faults, and caches after a freeze, take this host's own time"

    @property
    def _modelled(self) -> str:
        """What is modelled of a Lambda vCPU beside its speed."""
        if self._pacer is None or self._calibration is None:
            return ""
        published = self._published
        cold = f"; {published.cold.cpu_ms} ms after a freeze not slowed"
        if self._pacer.uncounted_faults:
            return f"{cold}; page faults take this host's own time: {self._pacer.uncounted_faults}"
        return f"{cold}; page faults {published.faults.us:g} µs longer"

    def create(self, name: str, memory_mb: int, runtime: str, reserved_mb: float) -> Sandbox:
        """Make an empty sandbox for a function.

        Args:
            name: of its group.
            memory_mb: the memory size.
            runtime: its calibration is used.
            reserved_mb: memory of AWS's own processes, MiB.
        """
        speed = self._calibration.of(runtime) if self._calibration else None
        slowness = 1 / speed.cpu_share if speed else 1.0
        adjustment = HostAdjustment(slowness=slowness, reserved_mb=reserved_mb)
        inner = self._factory.create(name, memory_mb, adjustment)
        pacer_files = inner.pacer_files
        keeps_share = pacer_files is not None and pacer_files.quota_ns is not None
        if self._pacer is None or not (keeps_share or speed):
            return inner
        pace = self._pace(speed) if speed else None
        modelled = _slowness(slowness, self._published) if pace else NOT_CONVERTED
        registration = self._pacer.open(inner.cpus, pace, pacer_files, modelled)
        watches_cores = pace is not None and pacer_files is not None
        pacing = Pacing(
            keeps_share=keeps_share,
            slows_cpus=pace is not None,
            is_unlimited=watches_cores and not keeps_share,
            watches_cores=watches_cores,
        )
        return PacedSandbox(inner, registration, pacing)

    def _pace(self, speed: Speed) -> Pace:
        streams_ns = self._calibration.streams_ns if self._calibration else None
        # A CPU that is not slowed cannot be sped up while others use its core.
        is_watched = streams_ns is not None and speed.busy_ns > 0
        alone = Alone(max(1.0, speed.reached), streams_ns or 1) if is_watched else None
        return Pace(speed.busy_ns, speed.cycle_ns, alone)


def _slowness(by: float, published: kernels.Published) -> Slowness:
    cold = Cold(
        round(published.cold.cpu_ms * _NS_PER_MS), round(published.cold.after_ms * _NS_PER_MS)
    )
    return Slowness(by, cold, round(published.faults.us * _NS_PER_US))
