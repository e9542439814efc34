"""Between what a median lies. Exact for any distribution: by order statistics.

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
    count = len(figures)
    # The chance that no more than so many of them lie below the median.
    chances = scipy.special.bdtr(np.arange(count), count, 0.5)
    outside = int(np.sum(chances <= (1 - LEVEL) / 2))
    ordered = sorted(figures)
    return Bounds(ordered[outside - 1], ordered[count - outside])
