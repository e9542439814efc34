from __future__ import annotations

import numpy as np
import pytest

from lambdameter.model.gate import GateInterval, NotEnough
from lambdameter.stats import ratio
from lambdameter.stats.ratio import LEAST_ENVIRONMENTS, of_means, of_medians

BOTH = pytest.mark.parametrize("of", [of_medians, of_means])


def drawn(
    seed: int, *, environments: int = 20, calls: int = 5, shift: float = 1.0
) -> list[list[float]]:
    """Durations around 100 ms: log-sd 0.05 between environments, 0.1 within."""
    draw = np.random.default_rng(seed)
    own = draw.normal(0, 0.05, (environments, 1)) + draw.normal(0, 0.1, (environments, calls))
    return [[float(ms) for ms in row] for row in 100 * shift * np.exp(own)]


def interval(told: GateInterval | NotEnough) -> GateInterval:
    assert isinstance(told, GateInterval)
    return told


@BOTH
def test_sides_that_do_not_vary_have_an_interval_of_no_width(of: ratio.RatioInterval) -> None:
    told = of([[10.0, 10.0]] * 10, [[12.0]] * 12, 1)
    assert told == GateInterval(ratio=1.2, low=1.2, high=1.2, level=0.95, base=10, head=12)


def test_the_ratio_of_medians_is_that_of_the_environments_medians() -> None:
    base = [[1.0, 10.0, 90.0]] * 5 + [[20.0]] * 5
    head = [[30.0]] * 10
    assert interval(of_medians(base, head, 1)).ratio == 2.0


def test_the_ratio_of_means_is_that_of_all_calls() -> None:
    base = [[10.0]] * 9 + [[10.0, 30.0, 50.0]]
    head = [[15.0]] * 10
    assert interval(of_means(base, head, 1)).ratio == pytest.approx(15 / 15)


@BOTH
def test_below_the_smallest_size_there_is_no_interval(of: ratio.RatioInterval) -> None:
    nine, ten = drawn(1, environments=9), drawn(2, environments=10)
    assert of(nine, ten, 1) == NotEnough(base=9, head=10, needed=LEAST_ENVIRONMENTS)
    assert of(ten, nine, 1) == NotEnough(base=10, head=9, needed=LEAST_ENVIRONMENTS)
    assert isinstance(of(ten, ten, 1), GateInterval)


@BOTH
def test_an_environment_without_calls_does_not_count(of: ratio.RatioInterval) -> None:
    assert of([*drawn(1, environments=9), []], drawn(2), 1) == NotEnough(base=9, head=20, needed=10)


@BOTH
def test_many_calls_in_one_environment_are_no_many_environments(of: ratio.RatioInterval) -> None:
    told = of(drawn(1, environments=1, calls=1_000), drawn(2, environments=1, calls=1_000), 1)
    assert told == NotEnough(base=1, head=1, needed=10)


@BOTH
def test_the_same_seed_gives_the_same_interval_and_another_seed_another(
    of: ratio.RatioInterval,
) -> None:
    base, head = drawn(1), drawn(2)
    assert of(base, head, 7) == of(base, head, 7)
    assert of(base, head, 7) != of(base, head, 8)


@BOTH
def test_a_head_twice_as_slow_has_twice_the_interval(of: ratio.RatioInterval) -> None:
    base, head = drawn(1), drawn(2)
    once = interval(of(base, head, 1))
    twice = interval(of(base, [[2 * ms for ms in calls] for calls in head], 1))
    assert (twice.low, twice.high) == pytest.approx((2 * once.low, 2 * once.high))
    assert once.low < once.ratio < once.high


@BOTH
@pytest.mark.parametrize("environments", [10, 20])
def test_the_true_ratio_is_inside_about_as_often_as_the_level_says(
    of: ratio.RatioInterval, environments: int
) -> None:
    runs = 200
    inside = 0
    for run in range(runs):
        base = drawn(2 * run, environments=environments)
        head = drawn(2 * run + 1, environments=environments, shift=1.08)
        told = interval(of(base, head, run))
        inside += told.low <= 1.08 <= told.high
    assert 0.91 <= inside / runs <= 0.99


def test_draws_that_are_made_in_blocks_are_all_made(monkeypatch: pytest.MonkeyPatch) -> None:
    base, head = drawn(1), drawn(2)
    at_once = of_medians(base, head, 1)
    monkeypatch.setattr(ratio, "_AT_ONCE", 70)
    assert of_medians(base, head, 1) == at_once
