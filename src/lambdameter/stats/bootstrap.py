"""Confidence intervals by cluster bootstrap: environments are resampled, not calls.

A round has one environment of each cell, so whole rounds are resampled, both variants of a round
together: effects on both, such as a drift of the host, cancel. Every environment is reduced before
resampling.

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
# The smallest numbers of environments with a real coverage of 94 to 96 %, for medians and for
# means, which a rare stall affects more: benchmarks/statistics.py.
ENOUGH = 10
ENOUGH_FOR_COST = 40
RESAMPLES = 10_000
# Resampled counts in memory at the same time: 80 MB.
_AT_ONCE = 10_000_000


class Draws:
    """Resamples of rounds, drawn once and used for every ratio over as many rounds.

    Args:
        rounds: number of rounds, at least 1.
        generator: seeded by the caller, so that a report can be repeated.
        resamples: number of resamples.
    """

    def __init__(
        self, rounds: int, generator: np.random.Generator, resamples: int = RESAMPLES
    ) -> None:
        self.rounds = rounds
        self.resamples = resamples
        self._seed = generator.integers(2**63)
        self._saved = list(self._blocks()) if rounds * resamples <= _AT_ONCE else None

    def sums(self, figures: Floats) -> Floats:
        """The sum of each figure over the rounds of each resample.

        Args:
            figures: rounds x figures.

        Returns:
            resamples x figures.
        """
        return np.concatenate([counts @ figures for counts in self._saved or self._blocks()])

    def _blocks(self) -> Iterator[Floats]:
        """Blocks of counts: how often each round was drawn, resamples x rounds."""
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
    """The share of resamples beyond each end of a 95 % interval.

    Hesterberg's expanded percentiles: Phi(-sqrt(n / (n - 1)) t), where t is Student's two-sided
    quantile with n - 1 degrees of freedom. The plain percentile is 0.025.

    Args:
        rounds: n; for two samples, the n of the smaller one.
        freedom: degrees of freedom of t; None: n - 1.
    """
    freedom = rounds - 1 if freedom is None else freedom
    expansion = np.sqrt(rounds / (rounds - 1)) * _student(LEVEL, freedom)
    return float(scipy.special.ndtr(-expansion))


def ends(resampled: Floats, estimate: Floats | float, level: float, rounds: int) -> Floats:
    """Both ends of the interval of each estimate, as logarithms: 2 x estimates.

    At 95 % the ends are percentiles. The higher levels of several looks would lie in tails with too
    few resamples: they are the 95 % interval, stretched by the ratio of Student's quantiles.

    Args:
        resampled: resamples x estimates, or only resamples.
        estimate: the estimate from the samples themselves.
        level: confidence level.
        rounds: number of rounds.
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
        draws: resamples of as many rounds, at least 2.
        level: confidence level.
    """
    resampled = draws.sums(log_ratios[:, np.newaxis])[:, 0] / draws.rounds
    return _interval(float(np.mean(log_ratios)), resampled, draws, level)


def of_means(reference: Floats, variant: Floats, draws: Draws, level: float = LEVEL) -> Interval:
    """The ratio of untrimmed means over all calls, and its interval.

    Args:
        reference: rounds x (sum over the environment's calls, number of calls).
        variant: the same.
        draws: resamples of as many rounds, at least 2.
        level: confidence level.
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
