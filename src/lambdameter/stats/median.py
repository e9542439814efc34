"""The confidence interval of a median, exact for any distribution, by order statistics. Pure.

W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, 3.2, as scipy has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from lambdameter.stats.bootstrap import ENOUGH, LEVEL


class Bounds(NamedTuple):
    """The ends of a confidence interval."""

    low: float
    high: float


def bounds(figures: Sequence[float]) -> Bounds | None:
    """The 95 % confidence interval of the median of a distribution.

    Args:
        figures: independent samples, such as the medians of environments.

    Returns:
        The interval; None for fewer than 10 samples.
    """
    if len(figures) < ENOUGH:
        return None
    test = stats.quantile_test(np.asarray(figures), q=float(np.median(figures)), p=0.5)
    low, high = test.confidence_interval(LEVEL)
    return Bounds(float(low), float(high))
