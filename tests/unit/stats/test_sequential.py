from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from scipy import special

from lambdameter.model.comparison import Comparison, Interval, Look, Outliers, Verdict
from lambdameter.stats import sequential

OUTLIERS = Outliers(calls=1, tukey=0, mad=0, rounds=0, without=1, cost_without=1)


def comparison(verdict: Verdict, low: float = 0.9, high: float = 1.1) -> Comparison:
    return Comparison(
        reference="a",
        variant="b",
        case="c",
        memory_mb=128,
        call="warm",
        environments=20,
        needed=20,
        needed_for_cost=40,
        ratio=1,
        cost_ratio=1,
        verdict=verdict,
        interval=Interval(level=0.95, environments=20, resamples=1, ratio=1, low=low, high=high),
        outliers=OUTLIERS,
    )


def look(rounds: int, *found: Comparison, time_left: bool = True) -> tuple[bool, str | None]:
    told = sequential.look(rounds, lambda _: found, time_left=time_left)
    return told.stop, told.reason


def test_the_boundaries_are_the_published_ones_of_o_brien_and_fleming() -> None:
    # Two looks: 2.797 and 1.977 (Jennison and Turnbull, table 2.3; two-sided 5 %).
    first = 2 * (1 - special.ndtr(2.797))
    assert sequential.boundaries((0.5, 1), (first, 0.05)) == pytest.approx(
        (2.797, 1.977), abs=0.001
    )


def test_the_boundaries_are_the_published_ones_of_lan_and_demets() -> None:
    # Five looks, O'Brien and Fleming's spending: Reboussin et al., Control. Clin. Trials 21, 2000.
    shares = (0.2, 0.4, 0.6, 0.8, 1.0)
    allowed = [4 * special.ndtr(-2.241403 / share**0.5) for share in shares]
    published = (4.8769, 3.3569, 2.6803, 2.2898, 2.0310)
    assert sequential.boundaries(shares, allowed) == pytest.approx(published, abs=0.001)


def test_one_look_is_the_plain_test() -> None:
    assert sequential.levels((20,)) == pytest.approx((0.95,))


def test_a_third_of_the_rounds_may_spend_a_729th_of_the_false_alarms() -> None:
    assert sequential.spent(1 / 3) == pytest.approx(0.05 / 729)
    assert sequential.levels((20, 30, 60))[0] == pytest.approx(1 - 0.05 / 729)


def test_every_look_is_stricter_than_the_whole() -> None:
    levels = sequential.levels()
    assert list(levels) == sorted(levels, reverse=True)
    assert min(levels) > 0.95


def test_between_looks_it_goes_on_without_a_look() -> None:
    def never(_: float) -> Sequence[Comparison]:
        raise AssertionError("looked")

    assert not sequential.look(21, never, time_left=True).stop


def test_a_look_is_at_its_own_level() -> None:
    asked: list[float] = []

    def compared(level: float) -> Sequence[Comparison]:
        asked.append(level)
        return (comparison("no-difference"),)

    told = sequential.look(30, compared, time_left=True)
    assert asked == [sequential.levels()[1]] == [told.level]


def test_it_ends_when_every_comparison_has_its_verdict() -> None:
    assert look(20, comparison("faster"), comparison("slower")) == (True, "decided")
    assert look(20, comparison("faster"), comparison("no-difference")) == (False, None)


def test_it_ends_when_what_is_left_is_as_good_as_equal() -> None:
    equal = comparison("no-difference", 0.995, 1.005)
    assert look(20, comparison("faster"), equal) == (True, "equivalent")
    wider = comparison("no-difference", 0.985, 1.005)
    assert look(20, wider) == (False, None)


def test_a_comparison_without_interval_decides_nothing() -> None:
    bare = msgspec.structs.replace(comparison("not-enough-environments"), interval=None)
    assert look(20, bare) == (False, None)


def test_a_look_that_has_nothing_to_compare_is_the_last() -> None:
    assert look(20) == (True, "nothing-to-compare")


def test_a_look_tells_how_much_is_decided() -> None:
    equal = comparison("no-difference", 0.995, 1.005)
    found = (comparison("slower", 1.001, 1.005), equal, comparison("no-difference"))
    told = sequential.look(30, lambda _: found, time_left=True)
    assert told.history == (
        Look(
            rounds=30,
            level=sequential.levels()[1],
            comparisons=3,
            decided=1,
            equivalent=1,
        ),
    )
    assert sequential.look(31, lambda _: found, time_left=True).history == ()


def test_the_last_look_is_the_last() -> None:
    assert look(60, comparison("no-difference")) == (True, "last-look")


def test_a_budget_that_is_used_up_ends_it_anywhere() -> None:
    assert look(21, time_left=False) == (True, "out-of-budget")
    assert look(20, comparison("faster"), time_left=False) == (True, "decided")


def test_a_last_look_that_the_clock_chose_spends_what_is_left() -> None:
    assert sequential.last_level(12) == pytest.approx(0.95)
    assert sequential.last_level(60) == pytest.approx(sequential.levels()[-1])
    forced = sequential.look(45, lambda _: (comparison("no-difference"),), time_left=False)
    assert forced.level == sequential.last_level(45)
    assert 0.95 < sequential.last_level(45) < sequential.levels()[1]
