"""Outliers: flagged, never removed. Pure.

Times are judged by their logarithms, since they vary by factors and have a long right tail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# J. W. Tukey, "Exploratory Data Analysis", 1977: the inner fences.
_FENCE = 1.5
# B. Iglewicz, D. C. Hoaglin, "How to Detect and Handle Outliers", 1993: modified z-scores.
_NORMAL_MAD = 0.6745
_FAR_Z = 3.5


def tukey(values: Floats) -> Flags:
    """Flags of values beyond 1.5 interquartile ranges from a quartile (interpolated)."""
    low, high = np.quantile(values, [0.25, 0.75])
    reach = _FENCE * (high - low)
    flags: Flags = (values < low - reach) | (values > high + reach)
    return flags


def mad(values: Floats) -> Flags:
    """Flags of values with a modified z-score above 3.5: 0.6745 |x - median| / MAD."""
    distance = np.abs(values - np.median(values))
    flags: Flags = _NORMAL_MAD * distance > _FAR_Z * np.median(distance)
    return flags
