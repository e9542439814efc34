"""The location of most rounds: an M-estimate, which a few slow rounds hardly change. Pure.

* P. J. Huber, "Robust Estimation of a Location Parameter", Ann. Math. Stat. 35, 1964; the
  algorithm by modified residuals; https://doi.org/10.1214/aoms/1177703732
* F. R. Hampel et al., "Robust Statistics: The Approach Based on Influence Functions", 1986, 2.1:
  the influence of each figure, and the variance that follows from it.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The distance, in standard deviations, from which on the influence of a round no longer grows. One
# in eighty normal rounds is farther, so hardly any efficiency is lost: benchmarks/statistics.py.
BEND = 2.5
# Of a normal distribution: the standard deviation over the median absolute deviation.
_NORMAL = 1 / NormalDist().inv_cdf(0.75)
# At least half of the rounds lie within the bend, so each step halves the distance.
_STEPS = 40


def pseudo_values(figures: Floats) -> Floats:
    """Huber's estimate of location, as figures whose plain mean is the estimate.

    Each figure is the estimate plus the influence of its round, so methods for means (standard
    error, bootstrap) apply to the estimate. The scale is the median absolute deviation. If it is 0,
    most figures are the same and no scale is known; then the figures are returned unchanged.

    Args:
        figures: rounds, or rounds x runs, each run independently.

    Returns:
        Figures of the same shape.
    """
    centre: Floats = np.median(figures, axis=0)
    reach = BEND * _NORMAL * np.median(np.abs(figures - centre), axis=0)
    for _ in range(_STEPS):
        centre = centre + np.clip(figures - centre, -reach, reach).mean(axis=0)
    bent = np.clip(figures - centre, -reach, reach)
    inside = np.mean(np.abs(figures - centre) <= reach, axis=0)
    return np.where(reach > 0, centre + bent / np.maximum(inside, 0.5), figures)
