from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lambdameter.stats import bootstrap
from lambdameter.stats.bootstrap import Draws


def draws(rounds: int, resamples: int = bootstrap.RESAMPLES, seed: int = 1) -> Draws:
    return Draws(rounds, np.random.default_rng(seed), resamples)


def test_each_resample_has_as_many_rounds_as_the_run() -> None:
    assert set(draws(7, 100).sums(np.ones((7, 1)))[:, 0]) == {7.0}


def test_two_rounds_are_drawn_as_often_as_all_four_pairs_say() -> None:
    sums = draws(2).sums(np.array([[0.0], [1.0]]))[:, 0]
    pairs = [a + b for a, b in product((0, 1), repeat=2)]
    for total in (0, 1, 2):
        expected = pairs.count(total) / 4
        assert np.mean(sums == total) == pytest.approx(expected, abs=0.02)


def test_too_many_rounds_to_hold_are_drawn_in_blocks_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "_AT_ONCE", 35)
    drawn = draws(7, 100)
    figures = np.arange(7.0)[:, np.newaxis]
    assert drawn.sums(figures).shape == (100, 1)
    assert (drawn.sums(figures) == drawn.sums(figures)).all()


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.log([0.8, 0.9, 0.85, 0.95, 1.0])
    first, second = (bootstrap.of_medians(values, draws(5, seed=3)) for _ in range(2))
    assert first == second


def test_the_tail_is_hesterbergs() -> None:
    # n = 10: t(9, 0.975) = 2.262157, times sqrt(10 / 9) = 2.384522, and Phi(-2.384522) = 0.0085511.
    assert bootstrap.tail(10) == pytest.approx(0.0085511, abs=1e-6)


def test_the_tail_of_many_rounds_is_the_plain_percentile() -> None:
    assert bootstrap.tail(1_000_000) == pytest.approx(0.025, abs=1e-5)


def test_the_ratio_of_medians_is_the_geometric_mean_of_the_rounds() -> None:
    # sqrt(0.5 x 0.98) = 0.7.
    assert bootstrap.of_medians(np.log([0.5, 0.98]), draws(2)).ratio == pytest.approx(0.7)


def test_rounds_that_agree_leave_no_doubt() -> None:
    interval = bootstrap.of_medians(np.log([0.8] * 20), draws(20))
    assert (interval.low, interval.ratio, interval.high) == pytest.approx((0.8, 0.8, 0.8))
    assert (interval.level, interval.environments, interval.resamples) == (0.95, 20, 10_000)


def test_an_interval_is_near_students_where_the_rounds_are_normal() -> None:
    values = np.random.default_rng(2).normal(0, 0.1, 60)
    interval = bootstrap.of_medians(values, draws(60))
    # t(59, 0.975) = 2.000995
    reach = 2.000995 * np.std(values, ddof=1) / np.sqrt(60)
    assert np.log(interval.high) == pytest.approx(values.mean() + reach, abs=0.1 * reach)
    assert np.log(interval.low) == pytest.approx(values.mean() - reach, abs=0.1 * reach)


def test_other_levels_stretch_both_arms_by_students_quantiles() -> None:
    # t(9): 3.249836 at 99 % and 2.262157 at 95 %: 1.436610 times as far.
    resampled = np.random.default_rng(1).normal(1, 0.1, 10_000)
    low, high = bootstrap.ends(resampled, 1.0, 0.95, 10)
    further = bootstrap.ends(resampled, 1.0, 0.99, 10)
    assert 1 - further[0] == pytest.approx(1.436610 * (1 - low))
    assert further[1] - 1 == pytest.approx(1.436610 * (high - 1))


def test_a_higher_level_is_wider() -> None:
    values = np.random.default_rng(2).normal(0, 0.1, 20)
    narrow, wide = (bootstrap.of_medians(values, draws(20), level) for level in (0.95, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_the_ratio_of_means_counts_every_call_once() -> None:
    # Reference: (10 + 20 + 60) / 3 = 30 over three calls; variant: (5 + 25) / 2 = 15.
    reference = np.array([[30.0, 2], [60.0, 1]])
    variant = np.array([[5.0, 1], [25.0, 1]])
    assert bootstrap.ratio_of_means(reference, variant) == pytest.approx(0.5)
    assert bootstrap.of_means(reference, variant, draws(2)).ratio == pytest.approx(0.5)


def test_what_a_round_does_to_both_variants_cancels() -> None:
    reference = np.array([[100.0 * factor, 1] for factor in range(1, 21)])
    variant = np.array([[80.0 * factor, 1] for factor in range(1, 21)])
    interval = bootstrap.of_means(reference, variant, draws(20))
    assert (interval.low, interval.high) == pytest.approx((0.8, 0.8))
