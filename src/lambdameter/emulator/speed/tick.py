"""This kernel's tick: a CFS quota is checked then, and may be overdrawn until then."""

from __future__ import annotations

import time
from collections.abc import Callable

LAMBDA_HZ = 250
"""The tick rate of Lambda's kernel: https://arxiv.org/abs/2506.01283, table 3."""
_MS_PER_S = 1_000
# CLOCK_MONOTONIC_COARSE, for which Python has no name: the time of the last tick, so its resolution
# is the tick (Linux, include/uapi/linux/time.h; `posix_get_coarse_res` in
# kernel/time/posix-timers.c).
_COARSE = 6
# Linux can be built for 100 to 1,000 Hz, on one architecture for 1,200.
_SLOWEST_S, _FASTEST_S = 1 / 24, 1 / 2_000


def _resolution_s() -> float:
    return time.clock_getres(_COARSE)


def hz(resolution_s: Callable[[], float] = _resolution_s) -> int | None:
    """Ticks per second; None: not known, for instance because the kernel is not Linux."""
    try:
        tick_s = resolution_s()
    except OSError:
        return None
    return round(1 / tick_s) if _FASTEST_S <= tick_s <= _SLOWEST_S else None


def line(ticks: int | None) -> str:
    """A part of `Enforcement.cpu`."""
    if ticks is None:
        return "at the kernel's tick, whose length is not known here"
    text = f"at the kernel's tick of {_MS_PER_S / ticks:.3g} ms ({ticks} Hz)"
    if ticks == LAMBDA_HZ:
        return text
    return f"{text}; on Lambda the tick is {_MS_PER_S / LAMBDA_HZ:.3g} ms"
