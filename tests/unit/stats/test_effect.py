from __future__ import annotations

import numpy as np
import pytest

from lambdameter.model.comparison import Interval
from lambdameter.stats import effect


def interval(low: float, high: float) -> Interval:
    return Interval(
        level=0.95, environments=20, resamples=10, ratio=(low + high) / 2, low=low, high=high
    )


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.8, 0.9, "faster"),
        (1.1, 1.2, "slower"),
        (0.9, 1.1, "no-difference"),
        (0.9, 1.0, "no-difference"),
        (1.0, 1.1, "no-difference"),
    ],
)
def test_a_verdict_needs_an_interval_without_one(low: float, high: float, verdict: str) -> None:
    assert effect.verdict(interval(low, high)) == verdict


def test_without_an_interval_there_are_not_enough_environments() -> None:
    assert effect.verdict(None) == "not-enough-environments"


def test_the_detectable_effect_is_two_students_quantiles_of_standard_errors() -> None:
    # Ten 0.1 and ten -0.1: s = 0.1 sqrt(20 / 19) = 0.102598, over sqrt(20) = 0.0229416.
    # t(19): 2.093024 + 0.860951 = 2.953975; exp(2.953975 x 0.0229416) - 1 = 0.070119.
    values = np.array([0.1, -0.1] * 10)
    assert effect.detectable(values, 0.95) == pytest.approx(0.070119, abs=1e-5)


def test_two_rounds_tell_nothing_of_noise() -> None:
    assert effect.noise([[np.zeros(1)] * 2] * 2) is None


def test_noise_within_environments_is_pooled_over_them() -> None:
    # Each environment holds m - 0.1, m and m + 0.1: variance 0.01 with two degrees of freedom.
    cell = [np.array([m - 0.1, m, m + 0.1]) for m in (0.0, 0.0, 0.0)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.within_log_sd == pytest.approx(0.1)
    assert found.between_log_sd == 0


def test_noise_between_environments_is_what_no_straight_line_explains() -> None:
    # 0, 0.3, 0 about its line (flat, at 0.1): squares 0.01 + 0.04 + 0.01, one degree of freedom.
    cell = [np.array([m]) for m in (0.0, 0.3, 0.0)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.within_log_sd is None
    assert found.between_log_sd == pytest.approx(np.sqrt(0.06))
    assert found.warning == (
        "environments that did the same work differ by 28 % (one standard deviation)"
    )
    assert found.next_step is not None


def test_what_the_calls_explain_is_taken_off_between() -> None:
    # Medians as above; within 0.1 and three calls: pi / 2 x 0.01 / 3 of the variance are theirs.
    cell = [np.array([m - 0.1, m, m + 0.1]) for m in (0.0, 0.3, 0.0)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.between_log_sd == pytest.approx(np.sqrt(0.06 - np.pi / 2 * 0.01 / 3))


def test_a_drift_is_told_with_what_to_do() -> None:
    cell = [np.array([0.02 * number]) for number in range(10)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.drift == pytest.approx(np.exp(0.18))
    assert found.coefficient == pytest.approx(1)
    assert found.warning == "the times drift by 20 % from the first round to the last"


def test_three_rounds_in_order_are_no_drift_yet() -> None:
    cell = [np.array([0.1 * number]) for number in range(3)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.coefficient == pytest.approx(1)
    assert found.warning is None


def test_the_coefficient_is_spearmans() -> None:
    # Ranks 0 2 1 3 against 0 1 2 3: 1 - 6 x 2 / (4 x 15) = 0.8.
    cell = [np.array([value]) for value in (0.0, 0.2, 0.1, 0.3)]
    found = effect.noise([cell, cell])
    assert found is not None
    assert found.coefficient == pytest.approx(0.8)


def test_identical_rounds_have_no_trend() -> None:
    found = effect.noise([[np.zeros(2)] * 5] * 2)
    assert found is not None
    assert (found.coefficient, found.warning) == (0, None)
    assert found.drift == pytest.approx(1)
