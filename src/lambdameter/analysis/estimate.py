"""The measured figure for a row of a published text, with its confidence interval. Pure.

Rounds are resampled as in stats/bootstrap.py, both sides of a row together. Figures and ratios are
geometric means over rounds, differences are arithmetic means.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from lambdameter.analysis import quantities
from lambdameter.analysis.run import Run
from lambdameter.model.claim import ClaimRow, ClaimSource, Quantity
from lambdameter.model.reproduction import Estimate
from lambdameter.stats import bootstrap

Floats = NDArray[np.float64]


class _Side(NamedTuple):
    """One side of a row: the sum of its quantities, for each round."""

    values: Floats
    modelled: Floats
    scaled: float


class _NoEstimateError(Exception):
    """The reason why there is no estimate."""

    def __init__(self, why: str, *, died: bool = False) -> None:
        super().__init__(why)
        self.died = died


def estimate(row: ClaimRow, runs: Sequence[Run], source: ClaimSource) -> Estimate:
    """The measured figure for a row.

    Args:
        row: the published row.
        runs: the runs to take samples from. The run whose work per call is nearest to the published
            work is used; the first, if several are.
        source: the text of the row.

    Returns:
        An estimate; without a value where a figure is missing, with the reason in `lack`.
    """
    try:
        return _estimate(row, runs, source)
    except _NoEstimateError as lack:
        return Estimate(lack=str(lack), died=lack.died)


def _estimate(row: ClaimRow, runs: Sequence[Run], source: ClaimSource) -> Estimate:
    if not row.of:
        raise _NoEstimateError("lambdameter has nothing to run for this figure")
    if all(quantity.metric in quantities.EXACT for quantity in (*row.of, *row.over)):
        return _exact(row, runs, source)
    sides = [
        _side([(quantity, _run(runs, quantity, row, source)) for quantity in side], source)
        for side in (row.of, row.over)
        if side
    ]
    if len(sides) == 1:
        return _of_value(row, sides[0], _seed(row, runs), modelled=_any_modelled(runs))
    rounds = min(len(side.values) for side in sides)
    of, over = (_cut(side, rounds) for side in sides)
    return _of_pair(row, of, over, _seed(row, runs), modelled=_any_modelled(runs))


def _exact(row: ClaimRow, runs: Sequence[Run], source: ClaimSource) -> Estimate:
    sums = []
    for side in (row.of, row.over):
        figures = [
            quantities.exact(_run(runs, quantity, row, source), quantity) for quantity in side
        ]
        if None in figures:
            raise _NoEstimateError(f"{row.of[0].variant} has no package in these runs")
        sums.append(sum(figure for figure in figures if figure is not None))
    value = sums[0] / sums[1] if row.over else sums[0]
    value *= row.scale
    return Estimate(value=value, low=value, high=value, once=value)


def _run(runs: Sequence[Run], quantity: Quantity, row: ClaimRow, source: ClaimSource) -> Run:
    """The run with a quantity: one run for the whole row, if there is one."""

    def has(run: Run, *wanted: Quantity) -> bool:
        return all(quantities.samples(run, quantity) for quantity in wanted)

    def off(run: Run, wanted: Sequence[Quantity]) -> float:
        done = (quantities.work(run, quantity, source.count) for quantity in wanted)
        return max(math.inf if work is None else abs(math.log(work)) for work in done)

    wanted = (*row.of, *row.over)
    there = [run for run in runs if has(run, *wanted)]
    if not there:
        wanted = (quantity,)
        there = [run for run in runs if has(run, quantity)]
    if not there:
        where = f"{quantity.variant} of {quantity.workload} on {quantity.case}"
        raise _NoEstimateError(f"{where} was not measured at {quantity.memory_mb:,} MB")
    return min(there, key=lambda run: off(run, wanted))


def _side(pairs: Sequence[tuple[Quantity, Run]], source: ClaimSource) -> _Side:
    parts = [_part(quantity, run, source) for quantity, run in pairs]
    rounds = min(len(part.values) for part in parts)
    cut = [_cut(part, rounds) for part in parts]
    return _Side(
        np.sum([part.values for part in cut], axis=0),
        np.sum([part.modelled for part in cut], axis=0),
        cut[0].scaled,
    )


def _part(quantity: Quantity, run: Run, source: ClaimSource) -> _Side:
    title = f"{quantity.variant} of {quantity.workload} on {quantity.case}"
    for verdict in run.summary.equality:
        if verdict.case == quantity.case and (verdict.unequal or not verdict.agree):
            raise _NoEstimateError(f"the variants were not shown to do the same on {quantity.case}")
    read = quantities.readings(run, quantity, source.waiting)
    if not read:
        failed = [sample.error for sample in quantities.samples(run, quantity) if sample.error]
        if failed:
            raise _NoEstimateError(f"{title} failed with {failed[0].type}", died=True)
        raise _NoEstimateError(f"{title} has no figure for {quantity.metric}")
    work = quantities.work(run, quantity, source.count) or 1.0
    scale = work if quantities.grows(quantity) else 1.0
    values = np.array([reading.value for reading in read.values()])
    modelled = np.array([reading.modelled for reading in read.values()])
    return _Side(values * scale, modelled * scale, work)


def _cut(side: _Side, rounds: int) -> _Side:
    return _Side(side.values[:rounds], side.modelled[:rounds], side.scaled)


def _of_value(row: ClaimRow, side: _Side, seed: int, *, modelled: bool) -> Estimate:
    bounds = _interval(_logs(side.values), seed)
    bounds = np.exp(bounds) * row.scale
    return _from_bounds(
        bounds,
        len(side.values),
        once=float(side.values[0]) * row.scale,
        modelled=float(side.modelled.mean() / side.values.mean()) if modelled else None,
        scaled=side.scaled,
    )


def _of_pair(row: ClaimRow, of: _Side, over: _Side, seed: int, *, modelled: bool) -> Estimate:
    bounds: Floats
    if row.operation == "difference":
        bounds = _interval(of.values - over.values, seed) * row.scale
        once = float(of.values[0] - over.values[0]) * row.scale
    else:
        bounds = np.exp(_interval(_logs(of.values) - _logs(over.values), seed))
        once = float(of.values[0] / over.values[0])
        if row.operation == "saving":
            bounds, once = 1 - bounds[[0, 2, 1]], 1 - once
        bounds, once = bounds * row.scale, once * row.scale
    result = _from_bounds(
        bounds,
        len(of.values),
        once=once,
        modelled=_modelled_effect(row, of, over) if modelled else None,
        scaled=of.scaled,
    )
    return msgspec.structs.replace(
        result, of=float(of.values.mean()), over=float(over.values.mean())
    )


def _modelled_effect(row: ClaimRow, of: _Side, over: _Side) -> float:
    """The part of the published effect that comes from modelled time."""
    modelled = abs(float(of.modelled.mean() - over.modelled.mean()))
    effect = abs(float(of.values.mean() - over.values.mean()))
    if row.value is not None:
        published = row.value / row.scale
        whole = float(over.values.mean())
        effect = {
            "ratio": abs(published - 1) * whole,
            "saving": abs(published) * whole,
        }.get(row.operation, abs(published))
    return min(1.0, modelled / effect) if effect else 0.0


def _from_bounds(
    bounds: Floats, rounds: int, *, once: float, modelled: float | None, scaled: float
) -> Estimate:
    value, low, high = (float(bound) for bound in bounds)
    enough = rounds >= bootstrap.ENOUGH
    return Estimate(
        value=value,
        low=low if enough else None,
        high=high if enough else None,
        environments=rounds,
        once=once,
        modelled=modelled,
        scaled=scaled,
    )


def _interval(values: Floats, seed: int) -> Floats:
    """The mean and both ends of its interval; with too few rounds, all three are the mean."""
    mean = float(values.mean())
    rounds = len(values)
    if rounds < bootstrap.ENOUGH:
        return np.array([mean, mean, mean])
    draws = bootstrap.Draws(rounds, np.random.default_rng(seed))
    resampled = draws.sums(values[:, np.newaxis])[:, 0] / rounds
    low, high = bootstrap.ends(resampled, mean, bootstrap.LEVEL, rounds)
    return np.array([mean, float(low), float(high)])


def _logs(values: Floats) -> Floats:
    if np.any(values <= 0):
        raise _NoEstimateError("the time was too short for the clock")
    result: Floats = np.log(values)
    return result


def _seed(row: ClaimRow, runs: Sequence[Run]) -> int:
    """The same row and runs always give the same interval."""
    names = "".join(run.manifest.run for run in runs)
    return zlib.crc32(f"{row.id}{names}".encode())


def _any_modelled(runs: Sequence[Run]) -> bool:
    return any(quantities.is_modelled(run) for run in runs)
