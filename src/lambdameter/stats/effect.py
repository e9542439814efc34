"""The verdict of an interval, the minimum detectable effect, and the noise of a run. Pure."""

from __future__ import annotations

import numpy as np
import scipy  # imports `scipy.special` on first use
from numpy.typing import NDArray

from lambdameter.model.comparison import Interval, Noise, Verdict

Floats = NDArray[np.float64]

POWER = 0.8
# Fewer rounds show no trend.
TREND_FROM = 3
# pyperf calls a benchmark unstable from 10 % on:
# https://pyperf.readthedocs.io/en/latest/analyze.html
_UNSTABLE = 0.1
_DRIFTS = 0.05
# Threshold of a normal deviate: one trend in a hundred is chance.
_SIGNIFICANT = 2.576


def verdict(interval: Interval | None) -> Verdict:
    """The verdict: faster or slower if the interval excludes 1."""
    if interval is None:
        return "not-enough-environments"
    if interval.high < 1:
        return "faster"
    return "slower" if interval.low > 1 else "no-difference"


def detectable(log_ratios: Floats, level: float) -> float:
    """The minimum detectable effect: the smallest change that is found with 80 % power.

    The arguments are log ratios, or their pseudo-values or influences.

    (t(level) + t(0.8)) standard errors of the mean log ratio, with n - 1 degrees of freedom:
    H. S. Bloom, Evaluation Review 19, 1995; https://doi.org/10.1177/0193841X9501900504.

    Returns:
        A share: 0.03 is 3 % more time.
    """
    count = len(log_ratios)
    deviates = scipy.special.stdtrit(count - 1, np.array([(1 + level) / 2, POWER]))
    return float(np.expm1(deviates.sum() * np.std(log_ratios, ddof=1) / np.sqrt(count)))


def noise(cells: list[list[Floats]]) -> Noise | None:
    """How much calls that do the same work differ; None for fewer than three rounds.

    Args:
        cells: for each variant, for each round in order, the logarithms of its calls' times.
    """
    count = len(cells[0])
    if count < TREND_FROM:
        return None
    within = _within(cells)
    medians = np.array([[np.median(calls) for calls in cell] for cell in cells])
    numbers = np.arange(count)
    between = _between(medians, within, float(np.mean([len(c) for cell in cells for c in cell])))
    rounds = medians.mean(axis=0)
    slope = float(np.polyfit(numbers, rounds, 1)[0])
    coefficient = _rank_correlation(rounds)
    drift = float(np.exp(slope * (count - 1)))
    drifts = abs(coefficient) * np.sqrt(count - 1) > _SIGNIFICANT and abs(drift - 1) > _DRIFTS
    warning, next_step = _warning(count, between, drift if drifts else None)
    return Noise(
        within_log_sd=within,
        between_log_sd=between,
        drift=drift,
        coefficient=coefficient,
        warning=warning,
        next_step=next_step,
    )


def _within(cells: list[list[Floats]]) -> float | None:
    """The calls' standard deviation, pooled over environments; None for one call in each."""
    several = [calls for cell in cells for calls in cell if len(calls) > 1]
    freedom = sum(len(calls) - 1 for calls in several)
    if not freedom:
        return None
    squares = sum(float(np.var(calls)) * len(calls) for calls in several)
    return float(np.sqrt(squares / freedom))


def _rank_correlation(values: Floats) -> float:
    """Spearman's coefficient of values with their position; times sqrt(n - 1) it is normal.

    https://en.wikipedia.org/wiki/Spearman%27s_rank_correlation_coefficient
    """
    if np.ptp(values) == 0:
        return 0.0
    ranks = np.argsort(np.argsort(values, kind="stable"))
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def _between(medians: Floats, within: float | None, calls: float) -> float:
    """The environments' standard deviation about a straight line over the rounds.

    The median of k calls has a variance of its own, about pi / 2 times a call's / k, which is
    subtracted: https://en.wikipedia.org/wiki/Median#Sampling_distribution
    """
    numbers = np.arange(medians.shape[1])
    residuals = medians.T - np.vander(numbers, 2) @ np.polyfit(numbers, medians.T, 1)
    variance = float(np.sum(residuals**2)) / (medians.shape[0] * (medians.shape[1] - 2))
    own = np.pi / 2 * within**2 / calls if within is not None else 0.0
    return float(np.sqrt(max(0.0, variance - own)))


def _warning(count: int, between: float, drift: float | None) -> tuple[str | None, str | None]:
    if drift is not None:
        return (
            f"the times drift by {100 * abs(drift - 1):.0f} % from the first round to the last",
            "check what else runs on this machine, let it cool down, and measure again",
        )
    if between > _UNSTABLE:
        differ = f"{100 * np.expm1(between):.0f} %"
        return (
            f"environments that did the same work differ by {differ} (one standard deviation)",
            f"close other programs and measure again; `--cold {4 * count}` halves the interval",
        )
    return None, None
