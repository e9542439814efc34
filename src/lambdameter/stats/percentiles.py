"""High percentiles with intervals, if there are enough independent times. Pure.

The interval holds for any distribution: among n independent times, the number below the true
percentile p is binomial(n, p), so two of the ordered times enclose it (H. A. David, H. N. Nagaraja,
"Order Statistics", 2003, 7.1). Its upper end is one of them only if p^n <= 0.025: from 36, 72 and
368 on for p90, p95 and p99.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # imports `scipy.special` on first use

from lambdameter.model.comparison import Percentile

SHARES = (0.9, 0.95, 0.99)
_BEYOND = 0.025


def needed(share: float) -> int:
    """The smallest number of independent times with an upper end of a 95 % interval."""
    return math.ceil(math.log(_BEYOND) / math.log(share))


def percentiles(times_ms: Sequence[float]) -> tuple[Percentile, ...]:
    """p90, p95 and p99 with their 95 % intervals, without values where there are too few times.

    Args:
        times_ms: independent times, one per environment.
    """
    ordered = sorted(times_ms)
    return tuple(_percentile(ordered, share) for share in SHARES)


def _percentile(ordered: Sequence[float], share: float) -> Percentile:
    count = len(ordered)
    percentile = Percentile(share=share, environments=count, needed=needed(share))
    if count < percentile.needed:
        return percentile
    low, high = ranks(count, share)
    return Percentile(
        share=share,
        environments=count,
        needed=percentile.needed,
        value_ms=ordered[math.ceil(count * share) - 1],
        low_ms=ordered[low - 1],
        high_ms=ordered[high - 1],
    )


def ranks(count: int, share: float) -> tuple[int, int]:
    """Which of the ordered times (from 1) enclose the percentile in at least 95 % of all cases."""
    below = scipy.special.bdtr(np.arange(count), count, share)
    low = int(np.searchsorted(below, _BEYOND))
    high = int(np.searchsorted(below, 1 - _BEYOND)) + 1
    return low, high
