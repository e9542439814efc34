"""Ratios between two runs with confidence intervals. Pure.

The environment is the unit of repetition: calls of one environment are alike, so environments are
resampled, each with all of its calls. The interval is the bootstrap's percentile interval
(B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). A percentile
interval is the same for a ratio and for its logarithm, so no logarithm is taken.

The interval of a mean is too narrow in small samples. It is widened as T. Hesterberg does (What
Teachers Should Know About the Bootstrap, 2015, section 3.3: https://arxiv.org/abs/1411.5279).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lambdameter.model.gate import GateInterval, NotEnough
from lambdameter.stats import bootstrap

LEAST_ENVIRONMENTS = 10
_DRAWS = 9_999
_AT_ONCE = 2_000_000

Figures = NDArray[np.float64]


class RatioInterval(Protocol):
    """A method for the ratio of two runs, given as environments x ms of warm calls."""

    def __call__(
        self, base: Sequence[Sequence[float]], head: Sequence[Sequence[float]], seed: int
    ) -> GateInterval | NotEnough:
        """HEAD / BASE with an interval; environments without calls are ignored."""


class _Statistic(NamedTuple):
    """A statistic of resampled environments.

    Attributes:
        reduce: the calls of one environment -> one value.
        of: values and numbers of calls, both draws x environments -> draws.
        tail: numbers of environments of both runs -> share of draws beyond each end.
    """

    reduce: Callable[[Sequence[float]], float]
    of: Callable[[Figures, Figures], Figures]
    tail: Callable[[int, int], float]


def of_medians(
    base: Sequence[Sequence[float]], head: Sequence[Sequence[float]], seed: int
) -> GateInterval | NotEnough:
    """The ratio of the medians of the environments' medians."""
    return _interval(base, head, seed, _MEDIAN)


def of_means(
    base: Sequence[Sequence[float]], head: Sequence[Sequence[float]], seed: int
) -> GateInterval | NotEnough:
    """The ratio of the untrimmed means over all calls, which bills are proportional to."""
    return _interval(base, head, seed, _MEAN)


# The only place where a method is chosen.
DURATION: RatioInterval = of_medians
COST: RatioInterval = of_means


def _interval(
    base: Sequence[Sequence[float]],
    head: Sequence[Sequence[float]],
    seed: int,
    statistic: _Statistic,
) -> GateInterval | NotEnough:
    before, after = ([calls for calls in side if len(calls)] for side in (base, head))
    if min(len(before), len(after)) < LEAST_ENVIRONMENTS:
        return NotEnough(base=len(before), head=len(after), needed=LEAST_ENVIRONMENTS)
    draw = np.random.default_rng(seed)
    measured, drawn = [], []
    for side in (before, after):
        values = np.array([statistic.reduce(calls) for calls in side])
        counts = np.array([float(len(calls)) for calls in side])
        measured.append(statistic.of(values[np.newaxis], counts[np.newaxis])[0])
        blocks = []
        for size in _blocks(len(side)):
            chosen = draw.integers(len(side), size=(size, len(side)))
            blocks.append(statistic.of(values[chosen], counts[chosen]))
        drawn.append(np.concatenate(blocks))
    tail = statistic.tail(len(before), len(after))
    low, high = np.quantile(drawn[1] / drawn[0], [tail, 1 - tail])
    return GateInterval(
        ratio=float(measured[1] / measured[0]),
        low=float(low),
        high=float(high),
        level=bootstrap.LEVEL,
        base=len(before),
        head=len(after),
    )


def _blocks(environments: int) -> list[int]:
    """Sizes of blocks of draws that limit the memory for any number of environments."""
    most = max(1, _AT_ONCE // environments)
    return [min(most, _DRAWS - start) for start in range(0, _DRAWS, most)]


def _plain_tail(_base: int, _head: int) -> float:
    return (1 - bootstrap.LEVEL) / 2


def _widened_tail(base: int, head: int) -> float:
    return bootstrap.tail(min(base, head), base + head - 2)


_MEDIAN = _Statistic(
    reduce=lambda calls: float(np.median(calls)),
    of=lambda medians, _: np.asarray(np.median(medians, axis=1)),
    tail=_plain_tail,
)
_MEAN = _Statistic(
    reduce=lambda calls: float(np.sum(calls)),
    of=lambda sums, counts: np.asarray(sums.sum(axis=1) / counts.sum(axis=1)),
    tail=_widened_tail,
)
