from __future__ import annotations

import asyncio
import time

from lambdameter.emulator.clock import SystemClock


async def test_the_systems_clock_counts_milliseconds():
    clock = SystemClock()
    assert abs(clock.epoch_ms() - time.time() * 1000) < 1_000
    before = clock.now_ms()
    called = asyncio.Event()
    clock.call_later(20.0, called.set)
    await called.wait()
    assert 15 <= clock.now_ms() - before < 5_000


async def test_a_cancelled_timer_does_not_call():
    clock = SystemClock()
    calls: list[str] = []
    clock.call_later(0.0, lambda: calls.append("cancelled")).cancel()
    later = asyncio.Event()
    clock.call_later(1.0, later.set)
    await later.wait()
    assert calls == []
