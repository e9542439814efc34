"""The samples of two variants -> their comparison. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lambdameter.model.base import Call
from lambdameter.model.comparison import Comparison, InitRatio, Outliers
from lambdameter.model.sample import Report, Sample
from lambdameter.stats import bootstrap, effect, location, outliers

Floats = NDArray[np.float64]

# The smallest times in a REPORT: Duration has two decimals, Billed Duration none.
_LEAST_MS = 0.01
_LEAST_BILLED_MS = 1


class Pair(NamedTuple):
    """The two variants, and the cell and call of a comparison."""

    reference: str
    variant: str
    case: str
    memory_mb: int
    call: Call


class Measured(NamedTuple):
    """One call of one cell: round -> times and billed times of the environment's calls."""

    times_ms: Mapping[int, Sequence[float]]
    billed_ms: Mapping[int, Sequence[int]]
    init_ms: Mapping[int, float] = {}


def time_ms(report: Report) -> float:
    """The compared time: Duration, for cold calls Init Duration + Duration."""
    return report.duration_ms + (report.init_ms or 0) or _LEAST_MS


def measured(good: Sequence[Sample]) -> Measured:
    """The times of samples without failures, by round."""
    times_ms: dict[int, list[float]] = defaultdict(list)
    billed_ms: dict[int, list[int]] = defaultdict(list)
    init_ms: dict[int, float] = {}
    for sample in good:
        report, number = sample.report, sample.trial.round
        if report is not None:
            times_ms[number].append(time_ms(report))
            billed_ms[number].append(report.billed_ms or _LEAST_BILLED_MS)
            if report.init_ms is not None:
                init_ms[number] = report.init_ms or _LEAST_MS
    return Measured(times_ms, billed_ms, init_ms)


def compare(
    pair: Pair,
    reference: Measured,
    variant: Measured,
    draws: Callable[[int], bootstrap.Draws],
    level: float = bootstrap.LEVEL,
) -> Comparison | None:
    """Compare a variant with the reference over the rounds of both; None if they share none.

    Args:
        pair: names, cell and call.
        reference: the reference's times.
        variant: the variant's times.
        draws: number of rounds -> resamples of as many rounds.
        level: confidence level; above 95 % if the run has several looks.
    """
    rounds = sorted(reference.times_ms.keys() & variant.times_ms.keys())
    if not rounds:
        return None
    log_ratios = _log_ratios(*([cell.times_ms[r] for r in rounds] for cell in (reference, variant)))
    bulk = location.pseudo_values(log_ratios)
    costs = _sums(reference.billed_ms, rounds), _sums(variant.billed_ms, rounds)
    logs = [[np.log(cell.times_ms[r]) for r in rounds] for cell in (reference, variant)]
    interval = cost_interval = least = least_cost = None
    if len(rounds) >= bootstrap.ENOUGH:
        drawn = draws(len(rounds))
        interval = bootstrap.of_medians(bulk, drawn, level)
        if len(rounds) >= bootstrap.ENOUGH_FOR_COST:
            cost_interval = bootstrap.of_means(*costs, drawn, level)
            least_cost = effect.detectable(_influences(*costs), level)
        least = effect.detectable(bulk, level)
    return Comparison(
        **pair._asdict(),
        environments=len(rounds),
        needed=bootstrap.ENOUGH,
        needed_for_cost=bootstrap.ENOUGH_FOR_COST,
        ratio=float(np.exp(np.mean(bulk))),
        cost_ratio=bootstrap.ratio_of_means(*costs),
        verdict=effect.verdict(interval),
        interval=interval,
        cost_interval=cost_interval,
        detectable=least,
        cost_detectable=least_cost,
        init=_init(reference.init_ms, variant.init_ms, draws, level),
        outliers=_outliers(logs, [reference, variant], rounds, log_ratios),
        noise=effect.noise(logs),
    )


def _log_ratios(reference: list[Sequence[float]], variant: list[Sequence[float]]) -> Floats:
    """For each round: log(median of the variant's environment / of the reference's)."""
    medians = [[statistics.median(calls) for calls in cell] for cell in (reference, variant)]
    result: Floats = np.log(medians[1]) - np.log(medians[0])
    return result


def _init(
    reference: Mapping[int, float],
    variant: Mapping[int, float],
    draws: Callable[[int], bootstrap.Draws],
    level: float,
) -> InitRatio | None:
    both = sorted(reference.keys() & variant.keys())
    if not both:
        return None
    logs = location.pseudo_values(
        np.log([variant[r] for r in both]) - np.log([reference[r] for r in both])
    )
    ratio = float(np.exp(np.mean(logs)))
    if len(both) < bootstrap.ENOUGH:
        return InitRatio(ratio=ratio)
    return InitRatio(
        ratio=ratio,
        interval=bootstrap.of_medians(logs, draws(len(both)), level),
        detectable=effect.detectable(logs, level),
    )


def _influences(reference: Floats, variant: Floats) -> Floats:
    """The influence of each round on the log ratio of means, by the delta method.

    A ratio of sums is linear in its rounds except for terms of second order, so these influences
    have its standard error (A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their
    Application", 1997, 2.7: influence values).
    """
    parts = [
        (cell[:, 0] - cell[:, 1] * cell[:, 0].sum() / cell[:, 1].sum()) / cell[:, 0].mean()
        for cell in (reference, variant)
    ]
    result: Floats = parts[1] - parts[0]
    return result


def _sums(billed_ms: Mapping[int, Sequence[int]], rounds: Sequence[int]) -> Floats:
    """Rounds x (sum, number) of billed ms."""
    return np.array([(sum(billed_ms[r]), len(billed_ms[r])) for r in rounds], dtype=np.float64)


def _outliers(
    logs: list[list[Floats]], cells: list[Measured], rounds: Sequence[int], log_ratios: Floats
) -> Outliers:
    flat = [np.concatenate(cell) for cell in logs]
    flagged = [outliers.tukey(calls) for calls in flat]
    far_rounds = outliers.tukey(log_ratios)
    included = [
        np.split(~flags, np.cumsum([len(calls) for calls in cell])[:-1])
        for flags, cell in zip(flagged, logs, strict=True)
    ]
    medians = [
        [
            float(np.median(calls[keep])) if keep.any() else None
            for calls, keep in zip(*of, strict=True)
        ]
        for of in zip(logs, included, strict=True)
    ]
    remaining = [
        theirs - ours
        for ours, theirs, far in zip(*medians, far_rounds, strict=True)
        if ours is not None and theirs is not None and not far
    ]
    means = [_mean_of(cell, rounds, keep) for cell, keep in zip(cells, included, strict=True)]
    return Outliers(
        calls=sum(len(calls) for calls in flat),
        tukey=int(sum(flags.sum() for flags in flagged)),
        mad=int(sum(outliers.mad(calls).sum() for calls in flat)),
        rounds=int(far_rounds.sum()),
        without=float(np.exp(np.mean(location.pseudo_values(np.array(remaining)))))
        if remaining
        else None,
        cost_without=means[1] / means[0],
    )


def _mean_of(cell: Measured, rounds: Sequence[int], keep: list[NDArray[np.bool_]]) -> float:
    billed = np.concatenate([np.asarray(cell.billed_ms[r]) for r in rounds])
    return float(np.mean(billed[np.concatenate(keep)]))
