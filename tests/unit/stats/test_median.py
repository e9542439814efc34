from __future__ import annotations

from typing import cast

import numpy as np
import pytest
from scipy import stats

from lambdameter.stats.median import bounds


def test_too_few_environments_have_no_interval() -> None:
    assert bounds([1.0] * 9) is None


def test_ten_figures_leave_one_at_each_end() -> None:
    # Conover's table: of 10 figures the 2nd and the 9th hold the median 97.9 times of 100.
    assert bounds([float(one) for one in range(1, 11)]) == (2.0, 9.0)


def test_figures_that_are_all_the_same_are_their_own_interval() -> None:
    assert bounds([5.0] * 12) == (5.0, 5.0)


def test_it_holds_the_true_median_at_least_as_often_as_it_says() -> None:
    chance = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        found = bounds(list(chance.lognormal(size=20)))
        assert found is not None
        held += found.low <= 1.0 <= found.high
    assert held / 400 >= 0.94


@pytest.mark.parametrize("count", [10, 11, 12, 17, 20, 36, 72, 100, 501])
def test_it_is_what_scipys_quantile_test_says(count: int) -> None:
    figures = np.random.default_rng(count).normal(size=count)
    of_scipy = stats.quantile_test(figures, q=float(np.median(figures)), p=0.5)
    # Two numbers; scipy-stubs 1.17 has it as one.
    low, high = cast("tuple[float, float]", of_scipy.confidence_interval(0.95))
    assert bounds(list(figures)) == pytest.approx((low, high))
