"""Lambda's CPU share and memory limit without cgroups: stop, let run, and watch.

An approximation: the emulator measures what an environment uses and stops it by SIGSTOP for whole
periods, as the kernel's own quota does. It is for hosts that grant no cgroups.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from lambdameter.emulator.sandbox import allowance, launch, processes, sessions
from lambdameter.emulator.sandbox.allowance import Allotment, Allowance
from lambdameter.emulator.sandbox.base import NO_ADJUSTMENT, Counters, HostAdjustment, ProcessSpec
from lambdameter.emulator.sandbox.sessions import SessionSandbox
from lambdameter.model.sample import Enforcement

_US_PER_MS, _US_PER_S, _NS_PER_US = 1_000, 1_000_000, 1_000
# The kernel looks at a quota as often, at its usual tick of 250 Hz.
CHECK_MS = 4
# Finding new processes means to look through all of the host's.
_SEARCH_MS = 100


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time against a quota, as the kernel keeps it.

    https://docs.kernel.org/scheduler/sched-bwc.html

    Attributes:
        quota_us: what each period grants; it cannot be saved up.
        left_us: what may still be used in this period; negative: a debt, that later ones pay.
        period: the present one, from 0.
    """

    quota_us: int
    left_us: float
    period: int = 0

    def charge(self, used_us: float, period: int) -> Account:
        """The account in a later period or the same one, after `used_us` more up to its start."""
        granted = (period - self.period) * self.quota_us
        left = min(self.quota_us, self.left_us - used_us + granted)
        return Account(quota_us=self.quota_us, left_us=left, period=period)

    @property
    def pause(self) -> int:
        """How many periods must begin before it may run again; 0: it may run now."""
        return 0 if self.left_us > 0 else math.floor(-self.left_us / self.quota_us) + 1


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Let it not come."""


def _on_the_loop(delay_s: float, call: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(delay_s, call)


class DutyCycleSandbox(SessionSandbox):
    """One execution environment that is looked after every few milliseconds while it runs."""

    def __init__(
        self,
        allotment: Allotment,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        later: Callable[[float, Callable[[], None]], Timer] = _on_the_loop,
        **injected: Any,
    ) -> None:
        super().__init__(allotment.cpus, **injected)
        self._limit_mb = allotment.limit_mb
        self._bandwidth = allotment.bandwidth
        self._clock_ns = clock_ns
        self._later = later
        self._timer: Timer | None = None
        self._account: Account | None = None
        self._throttled_at_us = 0
        self._charged_ms = 0.0
        self._held_at_us: int | None = None
        self._held_us = 0
        self._frozen = False
        self._members: list[int] = []
        self._searched_at_us = 0
        self._killed: set[int] = set()

    async def spawn(self, spec: ProcessSpec) -> asyncio.subprocess.Process:
        """Start the function's process. Raises HostError."""
        process = await super().spawn(spec)
        self._search()
        self._look()
        return process

    def throttle(self) -> None:
        """Grant the tier's CPU share and no more, from now on."""
        quota_us = self._bandwidth.quota_us
        self._account = Account(quota_us=quota_us, left_us=quota_us)
        self._throttled_at_us = self._now_us()
        self._charged_ms = self._used_ms(self._members)
        self._look()

    def unthrottle(self) -> None:
        """Grant whole vCPUs."""
        self._account = None
        self._look()

    def freeze(self) -> None:
        """Stop every process by SIGSTOP. Raises HostError: they have not within a second."""
        self._frozen = True
        self._cancel()
        self._let_run(send=False)
        super().freeze()

    def thaw(self) -> None:
        """Let every process run again, at once or, after a debt, at the period that pays it."""
        self._frozen = False
        self._search()
        self._held_at_us = self._now_us()
        self._look()

    def counters(self) -> Counters:
        """The counters; throttled is for how long the environment was held for its quota."""
        held = self._held_us
        if self._held_at_us is not None:
            held += self._now_us() - self._held_at_us
        read = super().counters()
        peak = float(self._limit_mb) if self._killed else read.peak_memory_mb
        return msgspec.structs.replace(
            read, throttled_ms=held / _US_PER_MS, peak_memory_mb=peak, oom_kills=len(self._killed)
        )

    async def destroy(self) -> None:
        """Kill every process of the sessions and wait until our own are reaped."""
        self._cancel()
        await super().destroy()

    def _look(self) -> None:
        """Stop or let run, kill what is too large, and come back; while frozen there is no need."""
        self._cancel()
        if self._frozen:
            return
        now_us = self._now_us()
        if now_us - self._searched_at_us >= _SEARCH_MS * _US_PER_MS:
            self._search()
        if not self._members:
            return
        self._watch_memory()
        pause_us = self._charge(now_us)
        if pause_us == 0:
            self._let_run()
            pause_us = CHECK_MS * _US_PER_MS
        elif self._held_at_us is None:
            self._hold(now_us)
        self._timer = self._later(pause_us / _US_PER_S, self._look)

    def _charge(self, now_us: int) -> int:
        """Charge what was used since the last time; for how long it is to be held now."""
        used_ms = self._used_ms(self._members)
        used_us, self._charged_ms = (used_ms - self._charged_ms) * _US_PER_MS, used_ms
        if self._account is None:
            return 0
        elapsed_us = now_us - self._throttled_at_us
        period = elapsed_us // self._bandwidth.period_us
        self._account = self._account.charge(used_us, period)
        if self._account.pause == 0:
            return 0
        return (period + self._account.pause) * self._bandwidth.period_us - elapsed_us

    def _hold(self, now_us: int) -> None:
        self._search()
        self._held_at_us = now_us
        sessions.send(self._members, signal.SIGSTOP)

    def _let_run(self, *, send: bool = True) -> None:
        if self._held_at_us is None:
            return
        self._held_us += self._now_us() - self._held_at_us
        self._held_at_us = None
        if send:
            sessions.send(self._members, signal.SIGCONT)

    def _watch_memory(self) -> None:
        """As the kernel does: the largest is killed, once they have more than the tier together."""
        sizes = {pid: processes.resident_mb(pid) for pid in self._members}
        if sum(sizes.values()) <= self._limit_mb or self._killed & sizes.keys():
            return
        largest = max(sizes, key=sizes.__getitem__)
        self._killed.add(largest)
        sessions.send([largest], signal.SIGKILL)

    def _search(self) -> None:
        self._members = self._pids()
        self._searched_at_us = self._now_us()

    def _now_us(self) -> int:
        return self._clock_ns() // _NS_PER_US

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None


class DutyCycle:
    """Makes sandboxes that share the emulator's loop, on any Linux host and for any user."""

    has_levers = False

    def __init__(self, host: Allowance, missing: str) -> None:
        self._host = host
        self._turns = itertools.count()
        self.enforcement = Enforcement(
            by="duty cycle",
            cpu=f"memory/1769 of a vCPU, approximated: measured every {CHECK_MS} "
            f"ms and stopped by SIGSTOP for periods of 20 ms{host.visible}",
            memory=f"checked every {CHECK_MS} ms: the largest process is killed above "
            "the memory size; swapping is possible",
            freeze="SIGSTOP",
            isolation=f"{launch.ON_HOST}, {launch.DESCRIPTORS:,} descriptors",
            missing=missing,
            vcpus=host.short_of_vcpus,
            memory_mb=host.short_of_memory_mb,
        )

    def create(
        self,
        name: str,  # noqa: ARG002  it is unnamed
        memory_mb: int,
        adjustment: HostAdjustment = NO_ADJUSTMENT,
    ) -> DutyCycleSandbox:
        """Make an empty enclosure of a tier."""
        return DutyCycleSandbox(self._host.allot(memory_mb, adjustment, next(self._turns)))

    def close(self) -> None:
        """Nothing is shared."""


def grant(state: Path, missing: str) -> DutyCycle:
    """Check what even this needs. Raises HostError."""
    sessions.check(state)
    return DutyCycle(
        allowance.of_host(),
        missing or 'The sandbox "duty-cycle" was chosen, so the kernel\'s own limits are not used.',
    )
