"""Where the bulk of the rounds lies: an M-estimate, which a few slow rounds cannot carry away.

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

# Standard deviations beyond which a round pulls no harder. Of normal rounds one in eighty lies
# there, so next to nothing is lost: benchmarks/statistics.py.
BEND = 2.5
# Of a normal distribution: the standard deviation over the median absolute deviation.
_NORMAL = 1 / NormalDist().inv_cdf(0.75)
# At least half of the rounds lie within the bend, so each step halves the distance.
_STEPS = 40


def pseudo_values(figures: Floats) -> Floats:
    """Huber's estimate of location, as figures of which it is the plain mean.

    Each is the estimate plus the influence of its round, so what is estimated by means (a standard
    error, a bootstrap) holds for the estimate. The scale is the median absolute deviation; where
    that is 0, most figures are the same, nothing tells what is far, and they are answered as they
    are.

    Args:
        figures: rounds, or rounds x runs; each run is judged by itself.

    Returns:
        As many.
    """
    centre: Floats = np.median(figures, axis=0)
    reach = BEND * _NORMAL * np.median(np.abs(figures - centre), axis=0)
    for _ in range(_STEPS):
        centre = centre + np.clip(figures - centre, -reach, reach).mean(axis=0)
    bent = np.clip(figures - centre, -reach, reach)
    inside = np.mean(np.abs(figures - centre) <= reach, axis=0)
    return np.where(reach > 0, centre + bent / np.maximum(inside, 0.5), figures)
