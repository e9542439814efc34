"""The outliers of a cell: flagged, but included in every figure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lambdameter.model.base import Call
from lambdameter.model.comparison import FlaggedCalls
from lambdameter.model.sample import Sample
from lambdameter.stats import outliers
from lambdameter.stats.compare import time_ms


class CellCall(NamedTuple):
    """A cell and one of its calls."""

    variant: str
    case: str
    memory_mb: int
    call: Call


def flagged(place: CellCall, good: Sequence[Sample]) -> FlaggedCalls | None:
    """The outliers by the logarithms of the times; None where there are none.

    Args:
        place: the cell and call.
        good: samples without failures.
    """
    reports = [(sample.trial.index, sample.report) for sample in good if sample.report is not None]
    if not reports:
        return None
    trials = np.array([index for index, _ in reports])
    times_ms = np.array([time_ms(report) for _, report in reports])
    logs = np.log(times_ms)
    tukey, mad = outliers.tukey(logs), outliers.mad(logs)
    if not (tukey | mad).any():
        return None
    remaining = times_ms[~(tukey | mad)]
    return FlaggedCalls(
        **place._asdict(),
        calls=len(times_ms),
        tukey=_indices(trials[tukey]),
        mad=_indices(trials[mad]),
        median_ms=float(np.median(times_ms)),
        mean_ms=float(np.mean(times_ms)),
        median_without_ms=float(np.median(remaining)) if len(remaining) else None,
        mean_without_ms=float(np.mean(remaining)) if len(remaining) else None,
    )


def _indices(trials: NDArray[np.int_]) -> tuple[int, ...]:
    return tuple(int(trial) for trial in trials)
