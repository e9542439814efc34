"""The confidence interval of a median, exact for any distribution, by order statistics. Pure.

W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, 1999, 3.2. SciPy has it too
(`scipy.stats.quantile_test`, which the tests compare it with), but takes a second to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy  # imports `scipy.special` on first use

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
    count = len(figures)
    # The chance that no more than so many of them lie below the median.
    chances = scipy.special.bdtr(np.arange(count), count, 0.5)
    outside = int(np.sum(chances <= (1 - LEVEL) / 2))
    ordered = sorted(figures)
    return Bounds(ordered[outside - 1], ordered[count - outside])
