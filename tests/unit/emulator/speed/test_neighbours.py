from __future__ import annotations

import pytest

from lambdameter.emulator.speed.neighbours import Core
from lambdameter.errors import HostError


class Neighbour:
    """On a core whose work takes 1,000 ns alone, 2,000 beside them; time passes as it is slept."""

    def __init__(self, *stays_ms: tuple[float, float]) -> None:
        self._stays_ms = stays_ms
        self.ms = 0.0

    def streams_ns(self) -> int:
        self.ms += 20.0
        return 2_000 if any(come <= self.ms < go for come, go in self._stays_ms) else 1_000

    def now_ms(self) -> float:
        return self.ms

    def sleep(self, seconds: float) -> None:
        self.ms += seconds * 1_000


def core(neighbour: Neighbour) -> Core:
    return Core(neighbour.streams_ns, neighbour.now_ms, neighbour.sleep)


def test_alone_is_how_it_was_in_the_fastest_quarter() -> None:
    assert core(Neighbour((0.0, 3_000.0))).alone_ns == 1_000


def test_its_speed_is_told_as_a_share_of_what_it_is_alone() -> None:
    neighbour = Neighbour((6_500.0, 9_000.0))
    measured = core(neighbour)
    assert measured.speed() == 1.0
    neighbour.ms = 7_000.0
    assert measured.speed() == 0.5


def test_what_must_be_alone_waits_until_the_neighbour_has_gone() -> None:
    neighbour = Neighbour((6_500.0, 20_000.0))
    measured = core(neighbour)
    neighbour.ms = 7_000.0
    measured.wait_until_alone()
    assert neighbour.ms >= 20_000.0
    at = neighbour.ms
    measured.wait_until_alone()
    assert neighbour.ms - at < 100.0


def test_a_core_that_is_never_alone_is_told_and_by_how_much_slower_it_is() -> None:
    neighbour = Neighbour((6_500.0, float("inf")))
    measured = core(neighbour)
    neighbour.ms = 7_000.0
    with pytest.raises(HostError, match=r"2\.0 times slower") as told:
        measured.wait_until_alone()
    assert "nothing else runs" in told.value.next_step


def test_a_neighbour_that_never_goes_is_told_by_what_an_earlier_calibration_knows() -> None:
    neighbour = Neighbour((0.0, float("inf")))
    learnt = Core(neighbour.streams_ns, neighbour.now_ms, neighbour.sleep)
    learnt.wait_until_alone()
    known = Core(neighbour.streams_ns, neighbour.now_ms, neighbour.sleep, 1_100)
    with pytest.raises(HostError, match=r"1\.8 times slower") as told:
        known.wait_until_alone()
    assert "delete speed-*.json" in told.value.next_step


def test_what_is_faster_than_before_is_what_it_is_now() -> None:
    neighbour = Neighbour()
    assert Core(neighbour.streams_ns, neighbour.now_ms, neighbour.sleep, 1_400).alone_ns == 1_000
