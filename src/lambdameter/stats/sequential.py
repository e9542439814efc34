"""Several looks at a run without more false alarms: group sequential tests. Pure.

The looks are declared before the first round. Each look may spend a part of the 5 % of false alarms
of the whole run: up to look k, alpha (n_k / n_last)^6, so early looks stop only for large effects.

* K. K. G. Lan, D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70,
  1983: error spending; https://doi.org/10.1093/biomet/70.3.659
* K. Kim, D. L. DeMets, Biometrika 74, 1987: the family alpha t^rho, between Pocock's (rho near 1)
  and O'Brien and Fleming's (near 3); https://doi.org/10.1093/biomet/74.1.149
* P. Armitage, C. K. McPherson, B. C. Rowe, J. R. Stat. Soc. A 132, 1969: the recursive integral.
* C. Jennison, B. W. Turnbull, "Group Sequential Methods", 2000, 9: repeated confidence intervals;
  11.4: Student's quantile at the look's own significance level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import scipy  # imports `scipy.special` on first use
from numpy.typing import NDArray

from lambdameter.model.comparison import Comparison, Look, Reason, Stopping

Floats = NDArray[np.float64]

LOOKS = (20, 30, 45, 60)
ALPHA = 0.05
_RHO = 6.0
# Variants that differ by less than this share are practically equal.
EQUIVALENT = 0.01
_NODES = 200
# A normal deviate that is never reached: upper end of the search for a boundary.
_FAR = 12.0
_HALVINGS = 60
_ROOT_2PI = float(np.sqrt(2 * np.pi))


def spent(share: float, alpha: float = ALPHA) -> float:
    """The false alarms that are allowed up to a share (0 to 1) of all rounds: alpha share^6."""
    return float(alpha * share**_RHO)


@lru_cache
def levels(looks: tuple[int, ...] = LOOKS, alpha: float = ALPHA) -> tuple[float, ...]:
    """The confidence level of each look's intervals, so that all looks together have 1 - alpha.

    Args:
        looks: numbers of rounds, ascending.
        alpha: probability of a false alarm over all looks.
    """
    shares = [look / looks[-1] for look in looks]
    beyond = boundaries(shares, [spent(share, alpha) for share in shares])
    return tuple(float(2 * scipy.special.ndtr(bound) - 1) for bound in beyond)


def last_level(rounds: int, looks: tuple[int, ...] = LOOKS) -> float:
    """The level of a last look that the budget forces: it may spend the rest of alpha.

    This is valid because the clock chose the look, not the data.
    """
    earlier = [look for look in looks if look < rounds]
    shares = [look / looks[-1] for look in earlier]
    allowed = [*(spent(share) for share in shares), ALPHA]
    bound = boundaries([*shares, rounds / looks[-1]], allowed)[-1]
    return float(2 * scipy.special.ndtr(bound) - 1)


def boundaries(shares: Sequence[float], allowed: Sequence[float]) -> tuple[float, ...]:
    """Two-sided normal boundaries that spend `allowed` (cumulative) at shares of information.

    Between two looks the sum of the observations moves by a normal step. Its density among the runs
    that have not stopped is computed from look to look on Gauss-Legendre nodes.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    at, alive = np.zeros(1), np.ones(1)
    bounds = []
    for share, may, past, used in zip(
        shares, allowed, (0.0, *shares), (0.0, *allowed), strict=False
    ):
        step, root = np.sqrt(share - past), np.sqrt(share)
        bound = _boundary(may - used, at, alive, step, root)
        reached, mass = nodes * bound * root, weights * bound * root
        density = np.exp(-(((reached[:, np.newaxis] - at) / step) ** 2) / 2) / (_ROOT_2PI * step)
        at, alive = reached, mass * (density @ alive)
        bounds.append(bound)
    return tuple(bounds)


def _boundary(may: float, at: Floats, alive: Floats, step: float, root: float) -> float:
    """The boundary that the remaining runs cross with probability `may`, by bisection."""
    low, high = 0.0, _FAR
    for _ in range(_HALVINGS):
        bound = (low + high) / 2
        crossing = scipy.special.ndtr((at - bound * root) / step) + scipy.special.ndtr(
            (-bound * root - at) / step
        )
        low, high = (bound, high) if alive @ crossing > may else (low, bound)
    return (low + high) / 2


def look(
    rounds: int,
    compare: Callable[[float], Sequence[Comparison]],
    *,
    time_left: bool,
    looks: tuple[int, ...] = LOOKS,
) -> Stopping:
    """Decide whether a run continues.

    Args:
        rounds: number of completed rounds.
        compare: confidence level -> the comparisons at that level; called at declared looks, and
            when the time is used up.
        time_left: whether the budget allows another round.
        looks: the looks that were declared before the first round.
    """
    history: list[Look] = []
    reason: Reason | None = None
    if rounds in looks:
        history = [_look(rounds, levels(looks)[looks.index(rounds)], compare)]
        reason = _reason(history[0], looks)
    if reason is None and not time_left:
        history = [_look(rounds, last_level(rounds, looks), compare)]
        reason = "out-of-budget"
    return Stopping(
        rounds=rounds,
        looks=looks,
        level=history[0].level if history else None,
        stop=reason is not None,
        reason=reason,
        history=tuple(history),
    )


def _look(rounds: int, level: float, compare: Callable[[float], Sequence[Comparison]]) -> Look:
    comparisons = compare(level)
    decided = [comparison.verdict in {"faster", "slower"} for comparison in comparisons]
    equal = [_equivalent(comparison) for comparison in comparisons]
    return Look(
        rounds=rounds,
        level=level,
        comparisons=len(comparisons),
        decided=sum(decided),
        equivalent=sum(
            same and not is_decided for same, is_decided in zip(equal, decided, strict=True)
        ),
    )


def _reason(latest: Look, looks: tuple[int, ...]) -> Reason | None:
    if not latest.comparisons:
        return "nothing-to-compare"
    if latest.decided == latest.comparisons:
        return "decided"
    if latest.decided + latest.equivalent == latest.comparisons:
        return "equivalent"
    return "last-look" if latest.rounds >= looks[-1] else None


def _equivalent(comparison: Comparison) -> bool:
    """Whether the interval has only negligible differences."""
    interval = comparison.interval
    return (
        interval is not None
        and interval.low > 1 / (1 + EQUIVALENT)
        and interval.high < 1 + EQUIVALENT
    )
