"""Keeps the host's CPUs from sleeping while functions run.

A CPU that was idle for some tens of milliseconds is up to twice as slow for the next few
(docs/benchmarks/idle-cpus.txt), and at 128 MB a function's CPU is idle for 19 of every 20.
The kernel is asked for a wake-up latency of zero:
https://docs.kernel.org/power/pm_qos_interface.html
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from lambdameter.emulator.clock import Clock, Timer
from lambdameter.model.sample import Enforcement

DEVICE = Path("/dev/cpu_dma_latency")
# Longer than the pauses of a run, so that the kernel is not asked anew for every call.
LINGER_MS = 5_000.0
_NO_LATENCY = (0).to_bytes(4, "little")


class Awake:
    """A context that may be entered several times at once; CPUs may sleep some time after it.

    Args:
        device: the request stands as long as it is open. Where it may not be written, the CPUs
            sleep as they like.
    """

    def __init__(self, clock: Clock, device: Path = DEVICE) -> None:
        self._clock = clock
        self._device = device
        self._running = 0
        self._last_ms = 0.0
        self._request: int | None = None
        self._timer: Timer | None = None
        self.possible = os.access(device, os.W_OK)

    def describe(self, enforcement: Enforcement) -> Enforcement:
        """Add to what is enforced whether idle CPUs are kept awake."""
        if not enforcement.cpu:
            return enforcement
        idle = "kept awake" if self.possible else f"may sleep (only root writes {self._device})"
        return msgspec.structs.replace(enforcement, cpu=f"{enforcement.cpu}; idle CPUs {idle}")

    def __enter__(self) -> None:
        self._running += 1
        self.ask()

    def __exit__(self, *_error: object) -> None:
        self._running -= 1
        if self._request is not None:
            self._last_ms = self._clock.now_ms()
            if self._timer is None:
                self._timer = self._clock.call_later(LINGER_MS, self._perhaps)

    def ask(self) -> None:
        """Keep the CPUs awake until close(), where that is possible."""
        if self._request is None and self.possible:
            with contextlib.suppress(OSError):
                self._request = os.open(self._device, os.O_WRONLY | os.O_CLOEXEC)
                os.write(self._request, _NO_LATENCY)

    def close(self) -> None:
        """Let the CPUs sleep."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._request is not None:
            os.close(self._request)
            self._request = None

    @classmethod
    @contextlib.contextmanager
    def throughout(cls, clock: Clock) -> Iterator[None]:
        """The CPUs are awake while this is entered."""
        awake = cls(clock)
        awake.ask()
        try:
            yield
        finally:
            awake.close()

    def _perhaps(self) -> None:
        self._timer = None
        left_ms = self._last_ms + LINGER_MS - self._clock.now_ms()
        if self._running or left_ms > 0:
            self._timer = self._clock.call_later(max(left_ms, 1.0), self._perhaps)
        else:
            self.close()
