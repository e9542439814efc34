"""Lambda's CPU share and memory limit without cgroups, approximated by stopping and watching.

The emulator measures what an environment uses, and stops it by SIGSTOP for whole periods, as the
kernel's own quota does. This sandbox is for hosts that grant no cgroups.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lambdameter.emulator.clock import CallLater, Timer, call_later
from lambdameter.emulator.sandbox import allowance, launch, processes, sessions
from lambdameter.emulator.sandbox.allowance import Allotment, Allowance
from lambdameter.emulator.sandbox.base import NO_ADJUSTMENT, Counters, HostAdjustment, ProcessSpec
from lambdameter.emulator.sandbox.sessions import SessionSandbox
from lambdameter.model.sample import Enforcement

_US_PER_MS, _NS_PER_US = 1_000, 1_000
# The kernel checks a quota as often, at its usual tick of 250 Hz.
CHECK_MS = 4
# To find new processes, all processes of the host are searched.
_SEARCH_MS = 100


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time against a quota, as the kernel keeps it.

    https://docs.kernel.org/scheduler/sched-bwc.html

    Attributes:
        quota_us: what each period grants; unused quota expires.
        left_us: what may still be used in this period; negative: a debt, which later periods pay.
        period: the number of the present period, from 0.
    """

    quota_us: int
    left_us: float
    period: int = 0

    def charge(self, used_us: float, period: int) -> Account:
        """The account in the same or a later period, after `used_us` more were used before it."""
        granted_us = (period - self.period) * self.quota_us
        left_us = min(self.quota_us, self.left_us - used_us + granted_us)
        return Account(quota_us=self.quota_us, left_us=left_us, period=period)

    @property
    def pause(self) -> int:
        """How many periods must begin before the environment may run; 0: it may run now."""
        return 0 if self.left_us > 0 else math.floor(-self.left_us / self.quota_us) + 1


class DutyCycleSandbox(SessionSandbox):
    """One execution environment that is checked every few milliseconds while it runs."""

    def __init__(
        self,
        allotment: Allotment,
        *,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        later: CallLater = call_later,
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
        self._check()
        return process

    def throttle(self) -> None:
        """Grant only the CPU share of the memory size, from now on."""
        quota_us = self._bandwidth.quota_us
        self._account = Account(quota_us=quota_us, left_us=quota_us)
        self._throttled_at_us = self._now_us()
        self._charged_ms = self._used_ms(self._members)
        self._check()

    def unthrottle(self) -> None:
        """Grant whole vCPUs."""
        self._account = None
        self._check()

    def freeze(self) -> None:
        """Stop every process by SIGSTOP. Raises HostError after a second."""
        self._frozen = True
        self._cancel()
        self._let_run(send=False)
        super().freeze()

    def thaw(self) -> None:
        """Let every process run again; after a debt, only from the period that pays it."""
        self._frozen = False
        self._search()
        self._held_at_us = self._now_us()
        self._check()

    def counters(self) -> Counters:
        """The counters; `throttled_ms` is for how long the environment was held for its quota."""
        held_us = self._held_us
        if self._held_at_us is not None:
            held_us += self._now_us() - self._held_at_us
        counters = super().counters()
        return msgspec.structs.replace(
            counters,
            throttled_ms=held_us / _US_PER_MS,
            peak_memory_mb=float(self._limit_mb) if self._killed else counters.peak_memory_mb,
            oom_kills=len(self._killed),
        )

    async def destroy(self) -> None:
        """Kill every process of the sessions and wait until our own are reaped."""
        self._cancel()
        await super().destroy()

    def _check(self) -> None:
        """Stop the processes or let them run, kill one that is too large, and check again later."""
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
        self._timer = self._later(pause_us / _US_PER_MS, self._check)

    def _charge(self, now_us: int) -> int:
        """Charge the CPU time since the last check; how long to hold the environment now, µs."""
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
        """Kill the largest process, as the kernel does, where all together exceed the limit."""
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
    """Makes sandboxes on the emulator's own event loop, on any Linux host and for any user."""

    has_pacer_files = False

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
        name: str,  # noqa: ARG002  the sandbox has no name
        memory_mb: int,
        adjustment: HostAdjustment = NO_ADJUSTMENT,
    ) -> DutyCycleSandbox:
        """Make an empty sandbox for a memory size."""
        return DutyCycleSandbox(self._host.allot(memory_mb, adjustment, next(self._turns)))

    def close(self) -> None:
        """Do nothing: the sandboxes share nothing."""


def grant(state: Path, missing: str) -> DutyCycle:
    """Make the factory. Raises HostError: this host cannot start functions."""
    sessions.check(state)
    return DutyCycle(
        allowance.of_host(),
        missing or 'The sandbox "duty-cycle" was chosen, so the kernel\'s own limits are not used.',
    )
