"""The emulator's clock and timers: injected, so that no test has to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A pending call that can be taken back."""

    def cancel(self) -> None:
        """Make sure that the callback is not called any more."""
        ...


CallLater = Callable[[float, Callable[[], None]], Timer]
"""(delay in ms, callback) -> the timer."""


class Clock(Protocol):
    """Times and timers, all in milliseconds."""

    def now_ms(self) -> float:
        """Monotonic time."""
        ...

    def epoch_ms(self) -> float:
        """Wall-clock time since 1970, UTC."""
        ...

    def call_later(self, delay_ms: float, callback: Callable[[], None]) -> Timer:
        """Call back once, `delay_ms` from now."""
        ...

    async def wait(self, ms: float) -> None:
        """Wait for `ms`, to a tenth of a millisecond."""
        ...


def call_later(delay_ms: float, callback: Callable[[], None]) -> Timer:
    """Call back once on the running event loop, `delay_ms` from now."""
    return asyncio.get_running_loop().call_later(delay_ms / 1000, callback)


class SystemClock:
    """This machine's time, on the running event loop."""

    def now_ms(self) -> float:
        """CLOCK_MONOTONIC, which the launcher reads too (crates/launch/src/start_note.rs)."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e6

    def epoch_ms(self) -> float:
        """Wall-clock time since 1970, UTC."""
        return time.time_ns() / 1e6

    def call_later(self, delay_ms: float, callback: Callable[[], None]) -> Timer:
        """Call back once, `delay_ms` from now."""
        return call_later(delay_ms, callback)

    async def wait(self, ms: float) -> None:
        """Wait in a thread: the loop's own timers know only whole milliseconds."""
        await asyncio.to_thread(time.sleep, ms / 1000)
