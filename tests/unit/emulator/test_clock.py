from __future__ import annotations

import asyncio
import time

import pytest

from lambdameter.emulator.clock import SystemClock


async def test_the_systems_clock_counts_milliseconds() -> None:
    clock = SystemClock()
    assert abs(clock.epoch_ms() - time.time() * 1000) < 1_000
    before = clock.now_ms()
    called = asyncio.Event()
    clock.call_later(20.0, called.set)
    await called.wait()
    assert 15 <= clock.now_ms() - before < 5_000


async def test_a_wall_clock_that_is_stepped_back_shortens_no_duration(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    before = clock.now_ms()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert clock.epoch_ms() == 0
    called = asyncio.Event()
    clock.call_later(1.0, called.set)
    await called.wait()
    assert clock.now_ms() > before


async def test_a_cancelled_timer_does_not_call() -> None:
    clock = SystemClock()
    calls: list[str] = []
    clock.call_later(0.0, lambda: calls.append("cancelled")).cancel()
    later = asyncio.Event()
    clock.call_later(1.0, later.set)
    await later.wait()
    assert calls == []
