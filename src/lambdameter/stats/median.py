"""Between what a median lies. Exact for any distribution: by order statistics.

W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, 3.2, as scipy has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from lambdameter.stats.bootstrap import ENOUGH, LEVEL


class Bounds(NamedTuple):
    """Of a confidence interval."""

    low: float
    high: float


def bounds(figures: Sequence[float]) -> Bounds | None:
    """The 95 % confidence interval of the median of what these were drawn from.

    Args:
        figures: independent ones, as the medians of environments are.

    Returns:
        None where there are fewer than 10, from which on intervals are told here.
    """
    if len(figures) < ENOUGH:
        return None
    test = stats.quantile_test(np.asarray(figures), q=float(np.median(figures)), p=0.5)
    low, high = test.confidence_interval(LEVEL)
    return Bounds(float(low), float(high))
