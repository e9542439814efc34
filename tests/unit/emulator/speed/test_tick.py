from __future__ import annotations

import pytest

from lambdameter.emulator.speed import tick


@pytest.mark.parametrize(("tick_s", "ticks"), [(0.004, 250), (0.01, 100), (0.001, 1000)])
def test_the_coarse_clock_moves_once_a_tick(tick_s: float, ticks: int) -> None:
    assert tick.hz(lambda: tick_s) == ticks


def test_3_333_333_ns_are_300_hz() -> None:
    assert tick.hz(lambda: 3_333_333e-9) == 300


@pytest.mark.parametrize("tick_s", [1e-9, 0.0, 1.0])
def test_a_resolution_that_is_no_tick_tells_nothing(tick_s: float) -> None:
    assert tick.hz(lambda: tick_s) is None


def test_a_kernel_without_such_a_clock_tells_nothing() -> None:
    def refuse() -> float:
        raise OSError

    assert tick.hz(refuse) is None


@pytest.mark.parametrize(
    ("ticks", "line"),
    [
        (250, "at the kernel's tick of 4 ms (250 Hz)"),
        (1000, "at the kernel's tick of 1 ms (1000 Hz); on Lambda the tick is 4 ms"),
        (300, "at the kernel's tick of 3.33 ms (300 Hz); on Lambda the tick is 4 ms"),
        (None, "at the kernel's tick, whose length is not known here"),
    ],
)
def test_a_tick_that_is_not_lambdas_is_told_beside_it(ticks: int | None, line: str) -> None:
    assert tick.line(ticks) == line
