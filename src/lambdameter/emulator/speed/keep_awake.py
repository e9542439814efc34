"""Keeps the host's CPUs from sleeping while functions run.

After some tens of milliseconds of idling, a CPU is up to twice as slow for a few milliseconds
(docs/benchmarks/idle-cpus.txt), and at 128 MB a function's CPU is idle for 19 of every 20 ms. So
the kernel is asked for a wake-up latency of zero:
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
# Longer than the pauses of a run, so that the kernel is not asked again for every call.
LINGER_MS = 5_000.0
_NO_LATENCY = (0).to_bytes(4, "little")


class KeepAwake:
    """A context that may be entered several times at once; CPUs stay awake for a while after it.

    Args:
        clock: for the end of that while.
        device: the request lasts as long as this file is open. Where we may not write it, the CPUs
            sleep as before.
    """

    def __init__(self, clock: Clock, device: Path = DEVICE) -> None:
        self._clock = clock
        self._device = device
        self._running = 0
        self._last_ms = 0.0
        self._descriptor: int | None = None
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
        self.request()

    def __exit__(self, *_error: object) -> None:
        self._running -= 1
        if self._descriptor is not None:
            self._last_ms = self._clock.now_ms()
            if self._timer is None:
                self._timer = self._clock.call_later(LINGER_MS, self._close_if_unused)

    def request(self) -> None:
        """Keep the CPUs awake until close(), where that is possible."""
        if self._descriptor is None and self.possible:
            with contextlib.suppress(OSError):
                self._descriptor = os.open(self._device, os.O_WRONLY | os.O_CLOEXEC)
                os.write(self._descriptor, _NO_LATENCY)

    def close(self) -> None:
        """Let the CPUs sleep."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @classmethod
    @contextlib.contextmanager
    def throughout(cls, clock: Clock) -> Iterator[None]:
        """Keep the CPUs awake within a context."""
        awake = cls(clock)
        awake.request()
        try:
            yield
        finally:
            awake.close()

    def _close_if_unused(self) -> None:
        self._timer = None
        left_ms = self._last_ms + LINGER_MS - self._clock.now_ms()
        if self._running or left_ms > 0:
            self._timer = self._clock.call_later(max(left_ms, 1.0), self._close_if_unused)
        else:
            self.close()
