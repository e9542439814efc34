from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lambdameter.emulator.speed.kernels import Timing
from lambdameter.emulator.speed.yardstick import CYCLE_NS, Slowed, find_busy, speed, yardstick
from lambdameter.errors import HostError

SWITCHING_NS = 7_000


def slowdown(busy_ns: int) -> Slowed:
    """A CPU that loses some of each cycle in getting there and back, on the kernel's account."""
    lost = busy_ns + SWITCHING_NS if busy_ns else 0
    return Slowed(by=CYCLE_NS / (CYCLE_NS - lost), cpu_share=1 - busy_ns / CYCLE_NS)


@pytest.mark.parametrize("factor", [1.1, 1.55, 1.7, 3.0])
def test_the_factor_is_reached_although_switching_takes_its_share(factor: float) -> None:
    _, reached = find_busy(factor, slowdown)
    assert reached.by == pytest.approx(factor, rel=0.01)


def test_a_factor_below_what_switching_costs_is_met_as_nearly_as_can_be() -> None:
    busy_ns, reached = find_busy(1.01, slowdown)
    assert busy_ns >= 0
    assert reached.by <= slowdown(round(0.01 * CYCLE_NS)).by


def test_the_best_of_all_trials_is_kept() -> None:
    wild: Iterator[Slowed] = iter([Slowed(9.0, 0.1), Slowed(1.5, 0.7), Slowed(9.0, 0.2)] * 2)
    assert find_busy(1.5, lambda _: next(wild))[1] == Slowed(1.5, 0.7)


class FakeHost:
    """A kernel on a CPU that is slowed by the model above."""

    def __init__(self, digest_ns: float, share: float = 1.0) -> None:
        self._digest_ns = digest_ns
        self._share = share
        self._busy_ns = 0
        self.held = 0

    def run(self, digests: int) -> Timing:
        slowed = slowdown(self._busy_ns)
        wall_ms = digests * self._digest_ns / 1e6 * slowed.by
        return Timing(wall_ms, wall_ms * self._share * slowed.cpu_share)

    def open(self, _cpus: Iterable[int], pace: Any) -> Any:
        """A registration: while it runs the CPU is slow."""

        def run() -> None:
            self.held += 1
            self._busy_ns = pace.busy_ns

        def rest() -> None:
            self.held -= 1
            self._busy_ns = 0

        return SimpleNamespace(run=run, rest=rest, close=lambda: None)


ALONE: Any = SimpleNamespace(wait_until_alone=lambda: None, speed=lambda: 1.0)


def measured(host: Any, lambda_ms: float) -> Any:
    return speed(yardstick("python3.13", host, 500_000, 0, ALONE), lambda_ms, host)


def test_a_faster_host_is_slowed_to_lambdas_time_and_let_go_again() -> None:
    host = FakeHost(digest_ns=400)
    found = measured(host, lambda_ms=310.0)
    assert (found.here_ms, found.factor) == (pytest.approx(200.0), pytest.approx(1.55))
    assert found.reached == pytest.approx(1.55, rel=0.01)
    assert host.held == 0


def test_what_the_cores_clock_goes_down_is_taken_off() -> None:
    host: Any = FakeHost(digest_ns=400 / 0.95)
    core: Any = SimpleNamespace(wait_until_alone=lambda: None, speed=lambda: 0.95)
    assert yardstick("python3.13", host, 500_000, 0, core).here_ms == pytest.approx(200.0)


def test_runs_in_which_somebody_came_or_went_are_left_out() -> None:
    host: Any = FakeHost(digest_ns=400)
    speeds = iter([1.0, 0.7, 0.7, 1.0] * 3 + [1.0] * 99)
    waits: list[None] = []
    core: Any = SimpleNamespace(
        wait_until_alone=lambda: waits.append(None), speed=lambda: next(speeds)
    )
    found = yardstick("python3.13", host, 500_000, 0, core)
    assert found.here_ms == pytest.approx(200.0)
    assert len(waits) == 9 + 6


class Unsteady:
    """A kernel whose runs take what is said, in pairs of which the faster counts."""

    def __init__(self, times_ms: Iterable[float]) -> None:
        self._times_ms = itertools.chain.from_iterable((one, one) for one in times_ms)

    def run(self, _digests: int) -> Timing:
        wall_ms = next(self._times_ms)
        return Timing(wall_ms, wall_ms)


def test_runs_that_somebody_unseen_made_longer_or_shorter_are_not_in_it() -> None:
    host: Any = Unsteady([130.0, 100.0, 170.0, 101.0, 90.0, 100.0, 102.0, 150.0, 101.0])
    assert yardstick("digests", host, 500_000, 0, ALONE).here_ms == pytest.approx(101.0)


def test_until_half_of_the_runs_agree_more_are_made() -> None:
    scattered = [100.0, 107.0, 114.0, 122.0, 131.0, 140.0, 150.0, 160.0, 171.0]
    host: Any = Unsteady([*scattered, *[121.0] * 9])
    assert yardstick("digests", host, 500_000, 0, ALONE).here_ms == pytest.approx(121.0)


def test_where_they_never_agree_there_is_no_calibration() -> None:
    host: Any = Unsteady(100.0 * 1.07 ** (number % 9) for number in range(99))
    with pytest.raises(HostError, match="in too many of 60 runs other work used the CPU"):
        yardstick("digests", host, 500_000, 0, ALONE)


def test_a_core_that_others_come_to_all_the_time_is_not_calibrated() -> None:
    host: Any = FakeHost(digest_ns=400)
    speeds = itertools.cycle([1.0, 0.6])
    core: Any = SimpleNamespace(wait_until_alone=lambda: None, speed=lambda: next(speeds))
    with pytest.raises(HostError, match="other work on the same core"):
        yardstick("python3.13", host, 500_000, 0, core)


def test_what_counts_as_cpu_time_on_a_slowed_cpu_is_measured_on_it() -> None:
    found = measured(FakeHost(digest_ns=400), lambda_ms=310.0)
    assert found.cpu_share == pytest.approx(1 - found.busy_ns / CYCLE_NS)
    # The switches are on the kernel's account, so it is more than what its work got.
    assert 1 / found.reached < found.cpu_share < 1


def test_a_slower_host_is_left_as_it_is() -> None:
    found = measured(FakeHost(digest_ns=900), lambda_ms=310.0)
    assert (found.factor, found.busy_ns, found.reached, found.cpu_share) == (1.0, 0, 1.0, 1.0)


def test_a_busy_host_is_not_calibrated() -> None:
    with pytest.raises(HostError, match=r"busy: .* had a CPU for only 90%") as refusal:
        measured(FakeHost(digest_ns=400, share=0.9), lambda_ms=310.0)
    assert "nothing else runs" in refusal.value.next_step
