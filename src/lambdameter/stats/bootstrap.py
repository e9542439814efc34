"""Intervals by cluster bootstrap: what is drawn again is the environment, not the call.

A round holds one environment of each cell, so rounds are drawn, and both variants of a drawn round
together: what a round did to both (a drift of the host) cancels. Every environment is reduced
before anything is drawn.

* A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application", 1997, 3.8 (clusters)
* T. C. Hesterberg, "What Teachers Should Know About the Bootstrap", 2015, 4.3: the percentile
  interval is too narrow for small n, and by how much; https://doi.org/10.1080/00031305.2015.1089789
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy  # imports `scipy.special` on first use
from numpy.typing import NDArray

from lambdameter.model.comparison import Interval

Floats = NDArray[np.float64]

LEVEL = 0.95
# The smallest numbers of environments at which 95 % intervals cover 94 to 96 %, of medians and of
# means, to which a rare stall matters more: benchmarks/statistics.py.
ENOUGH = 10
ENOUGH_FOR_COST = 40
RESAMPLES = 10_000
# Draws that are held at once: 80 MB of counts.
_AT_ONCE = 10_000_000


class Draws:
    """Resamples of rounds, drawn once and used for every ratio over so many rounds.

    Args:
        rounds: how many there are; at least 1.
        generator: seeded by the caller, so that a report can be told again.
        resamples: how many times all rounds are drawn.
    """

    def __init__(
        self, rounds: int, generator: np.random.Generator, resamples: int = RESAMPLES
    ) -> None:
        self.rounds = rounds
        self.resamples = resamples
        self._seed = generator.integers(2**63)
        self._kept = list(self._blocks()) if rounds * resamples <= _AT_ONCE else None

    def sums(self, figures: Floats) -> Floats:
        """The sum of each figure over the rounds of each resample.

        Args:
            figures: rounds x figures.

        Returns:
            resamples x figures.
        """
        return np.concatenate([counts @ figures for counts in self._kept or self._blocks()])

    def _blocks(self) -> Iterator[Floats]:
        """How often each round was drawn, resamples x rounds, as many at once as may be held."""
        generator = np.random.default_rng(self._seed)
        step = max(1, _AT_ONCE // self.rounds)
        for start in range(0, self.resamples, step):
            yield _counts(self.rounds, min(step, self.resamples - start), generator)


def _counts(rounds: int, resamples: int, generator: np.random.Generator) -> Floats:
    drawn = generator.integers(rounds, size=(resamples, rounds))
    drawn += rounds * np.arange(resamples)[:, np.newaxis]
    flat = np.bincount(drawn.ravel(), minlength=resamples * rounds)
    return flat.reshape(resamples, rounds).astype(np.float64)


def tail(rounds: int, freedom: int | None = None) -> float:
    """The share of resamples that lies beyond each end of a 95 % interval.

    Hesterberg's expanded percentiles: Phi(-sqrt(n / (n - 1)) t), t being Student's two-sided
    quantile of n - 1 degrees of freedom. The plain percentile is 0.025.

    Args:
        rounds: n; of two samples, that of the smaller.
        freedom: of t, where it is another.
    """
    freedom = rounds - 1 if freedom is None else freedom
    expansion = np.sqrt(rounds / (rounds - 1)) * _student(LEVEL, freedom)
    return float(scipy.special.ndtr(-expansion))


def ends(resampled: Floats, estimate: Floats | float, level: float, rounds: int) -> Floats:
    """Both ends of the interval of each estimate, as logarithms: 2 x estimates.

    At 95 % they are percentiles. Other levels, which looks at a run need, lie in tails that hold
    too few resamples: there both arms are those of 95 %, stretched by the ratio of Student's
    quantiles.

    Args:
        resampled: resamples x estimates, or resamples alone.
        estimate: of the samples themselves.
        level: how often the interval is to hold the true value.
        rounds: that were drawn from.
    """
    beyond = tail(rounds)
    stretch = _student(level, rounds - 1) / _student(LEVEL, rounds - 1)
    quantiles: Floats = np.quantile(resampled, [beyond, 1 - beyond], axis=0)
    result: Floats = estimate + stretch * (quantiles - estimate)
    return result


def _student(level: float, freedom: int) -> float:
    return float(scipy.special.stdtrit(freedom, (1 + level) / 2))


def of_medians(log_ratios: Floats, draws: Draws, level: float = LEVEL) -> Interval:
    """The ratio of environment medians, and its interval.

    Args:
        log_ratios: pseudo-values (`location`) of each round's log(median of the variant's
            environment / the reference's).
        draws: of as many rounds, at least 2.
        level: how often the interval is to hold the true ratio.
    """
    resampled = draws.sums(log_ratios[:, np.newaxis])[:, 0] / draws.rounds
    return _interval(float(np.mean(log_ratios)), resampled, draws, level)


def of_means(reference: Floats, variant: Floats, draws: Draws, level: float = LEVEL) -> Interval:
    """The ratio of untrimmed means over all calls, and its interval.

    Args:
        reference: rounds x (sum over the environment's calls, number of calls).
        variant: the same.
        draws: of as many rounds, at least 2.
        level: how often the interval is to hold the true ratio.
    """
    resampled = _log_ratio_of_means(draws.sums(np.hstack([reference, variant])))
    return _interval(float(np.log(ratio_of_means(reference, variant))), resampled, draws, level)


def ratio_of_means(reference: Floats, variant: Floats) -> float:
    """The variant's mean over the reference's; arguments as for `of_means`."""
    sums = np.hstack([reference, variant]).sum(axis=0)[np.newaxis]
    return float(np.exp(_log_ratio_of_means(sums))[0])


def _log_ratio_of_means(sums: Floats) -> Floats:
    result: Floats = np.log(sums[:, 2] / sums[:, 3]) - np.log(sums[:, 0] / sums[:, 1])
    return result


def _interval(estimate: float, resampled: Floats, draws: Draws, level: float) -> Interval:
    low, high = np.exp(ends(resampled, estimate, level, draws.rounds))
    return Interval(
        level=level,
        environments=draws.rounds,
        resamples=draws.resamples,
        ratio=float(np.exp(estimate)),
        low=float(low),
        high=float(high),
    )
