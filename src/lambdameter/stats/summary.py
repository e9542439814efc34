"""A run's samples reduced to one figure per cell, call and quantity.

Equality comes before speed: a case whose variants were not shown to do the same gets no figure.
"""

from __future__ import annotations

import hashlib
import statistics
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import numpy as np

from lambdameter.model.base import CALLS, Call
from lambdameter.model.comparison import Comparison, Flagged, Stopping
from lambdameter.model.sample import Manifest, Sample, SampleError
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary, Summary
from lambdameter.model.workload import ResponseShape
from lambdameter.stats import bootstrap
from lambdameter.stats.compare import Measured, Pair, compare, measured
from lambdameter.stats.flagged import Place, flagged
from lambdameter.stats.percentiles import percentiles

_NUMBERS = (int, float)
_Key = tuple[int, str, str, Call]

_NOT_COLD = SampleError(
    kind="invoke",
    type="NotCold",
    message="the REPORT line carries no Init Duration, so this call was not a cold start",
)
_NOT_WARM = SampleError(
    kind="invoke",
    type="NotWarm",
    message="the REPORT line carries an Init Duration, so this call was a cold start",
)


class _Kept(NamedTuple):
    """The samples of one call of one cell: all, those in the figures, why others are not."""

    samples: Sequence[Sample]
    good: Sequence[Sample]
    failures: Sequence[SampleError]
    measured: Measured


def summarise(
    manifest: Manifest,
    samples: Sequence[Sample],
    equality: tuple[CaseEquality, ...],
    stopping: Stopping | None = None,
) -> Summary:
    """Reduce a run.

    Args:
        manifest: what was planned; its plan decides which cells there are, workload.toml their
            order.
        samples: what was measured, in any order; failed ones included.
        equality: the verdict on each case. A case without one counts as not shown equal.
        stopping: why a run without a fixed number of rounds ended: its intervals have that look's
            level.
    """
    equal_cases = {verdict.case for verdict in equality if verdict.agree and not verdict.unequal}
    by_call = _by_call(samples)
    planned = {(trial.memory_mb, trial.case, trial.variant) for trial in manifest.plan}
    cells = tuple(
        _cell(
            manifest.workload.response,
            by_call,
            (memory_mb, case.name, variant.name),
            equal=case.name in equal_cases,
        )
        for memory_mb in manifest.memory_mb
        for case in manifest.workload.cases
        for variant in manifest.workload.variants
        if (memory_mb, case.name, variant.name) in planned
    )
    return Summary(
        cells=cells,
        equality=equality,
        equal={trial.case for trial in manifest.plan} <= equal_cases,
        rounds=len({sample.trial.round for sample in samples}),
        complete=_complete(manifest, samples, stopping),
        comparisons=tuple(_comparisons(manifest, cells, by_call, stopping)),
        flagged=tuple(_flagged(cells, by_call, equal_cases)),
        stopping=stopping,
    )


def _complete(manifest: Manifest, samples: Iterable[Sample], stopping: Stopping | None) -> bool:
    """Whether all is there that the plan has, up to the round after which the run ended."""
    if manifest.stopping_rule is not None and (stopping is None or not stopping.stop):
        return False
    rounds = stopping.rounds if stopping is not None else None
    wanted = {trial.index for trial in manifest.plan if rounds is None or trial.round < rounds}
    return wanted <= {sample.trial.index for sample in samples}


def _by_call(samples: Iterable[Sample]) -> dict[_Key, _Kept]:
    by_key: dict[_Key, list[Sample]] = {}
    for sample in samples:
        trial = sample.trial
        key = trial.memory_mb, trial.case, trial.variant, trial.call
        by_key.setdefault(key, []).append(sample)
    return {key: _sorted_out(mine) for key, mine in by_key.items()}


def _sorted_out(samples: Sequence[Sample]) -> _Kept:
    good, failures = [], []
    for sample in samples:
        error = failure(sample)
        if error is None:
            good.append(sample)
        else:
            failures.append(error)
    return _Kept(samples, good, failures, measured(good))


def _cell(
    shape: ResponseShape,
    groups: Mapping[_Key, _Kept],
    cell: tuple[int, str, str],
    *,
    equal: bool,
) -> CellSummary:
    memory_mb, case, variant = cell
    by_call = {
        call: _call(shape, call, groups[*cell, call], equal=equal)
        for call in CALLS
        if (*cell, call) in groups
    }
    return CellSummary(
        variant=variant,
        case=case,
        memory_mb=memory_mb,
        cold=by_call.get("cold"),
        warm=by_call.get("warm"),
    )


def _flagged(
    cells: Iterable[CellSummary], groups: Mapping[_Key, _Kept], equal_cases: Container[str]
) -> Iterator[Flagged]:
    for cell in cells:
        for call in CALLS:
            mine = groups.get((cell.memory_mb, cell.case, cell.variant, call))
            if mine is None or cell.case not in equal_cases:
                continue
            flags = flagged(Place(cell.variant, cell.case, cell.memory_mb, call), mine.good)
            if flags is not None:
                yield flags


def _comparisons(
    manifest: Manifest,
    cells: Iterable[CellSummary],
    groups: Mapping[_Key, _Kept],
    stopping: Stopping | None,
) -> Iterator[Comparison]:
    """Each variant against the first that has figures and is no exhibit; none without figures.

    A copy is held against what it is a copy of, and nothing else is then compared.
    """
    exhibits = {
        variant.name for variant in manifest.workload.variants if variant.exhibit is not None
    }
    level = stopping.level if stopping and stopping.level else bootstrap.LEVEL
    seed = int.from_bytes(hashlib.sha256(manifest.run.encode()).digest())

    @cache
    def draws(rounds: int) -> bootstrap.Draws:
        return bootstrap.Draws(rounds, np.random.default_rng([seed, rounds]))

    references: dict[tuple[int, str, Call, str], tuple[str, Measured]] = {}
    for cell in cells:
        for call in CALLS:
            summary = cell.cold if call == "cold" else cell.warm
            if summary is None or summary.duration_ms is None:
                continue
            mine = groups[cell.memory_mb, cell.case, cell.variant, call].measured
            pair_of = manifest.copies and manifest.copies.get(cell.variant, cell.variant)
            place = cell.memory_mb, cell.case, call, pair_of or ""
            if place not in references and cell.variant not in exhibits:
                references[place] = cell.variant, mine
            elif place in references:
                name, theirs = references[place]
                pair = Pair(name, cell.variant, cell.case, cell.memory_mb, call)
                comparison = compare(pair, theirs, mine, draws, level)
                if comparison is not None:
                    yield comparison


def failure(sample: Sample) -> SampleError | None:
    """Why a sample is in no figure; None when it is in all of them.

    Only an invocation whose REPORT line carries Init Duration is a cold start, whatever was
    planned: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    if sample.error is not None or sample.report is None:
        return sample.error
    cold = sample.report.init_ms is not None
    if sample.trial.call == "cold":
        return None if cold else _NOT_COLD
    return _NOT_WARM if cold else None


def _call(shape: ResponseShape, call: Call, group: _Kept, *, equal: bool) -> CallSummary:
    summary = CallSummary(
        n=len(group.samples),
        errors=len(group.failures),
        error=group.failures[0] if group.failures else None,
        **_disturbances(group.samples),
    )
    return _with_figures(summary, shape, call, group) if group.good and equal else summary


def _disturbances(samples: Sequence[Sample]) -> dict[str, Any]:
    """What befell the calls, the failed ones above all: counts, so no verdict is needed."""
    meters = [sample.meter for sample in samples if sample.meter is not None]
    services = [meter.service for meter in meters if meter.service is not None]
    faults: Counter[str] = Counter()
    for service in services:
        if service.faults:
            faults.update(service.faults)
    return {
        "retries": sum(service.retries for service in services) if services else None,
        "faults": dict(sorted(faults.items())),
    }


def _with_figures(
    summary: CallSummary, shape: ResponseShape, call: Call, group: _Kept
) -> CallSummary:
    good = group.good
    counts = [_count(shape, sample.response) for sample in good]
    totals_ms = [figure(sample.response, shape.total) for sample in good]
    reports = [sample.report for sample in good if sample.report is not None]
    meters = [sample.meter for sample in good if sample.meter is not None]
    proofs = [sample.equality for sample in good if sample.equality is not None]
    duration_ms = _median(report.duration_ms for report in reports)
    cpu_ms = _median(meter.cpu_ms for meter in meters)
    throttled_ms = _median(meter.throttled_ms for meter in meters)
    billed_ms = [report.billed_ms for report in reports]
    durations_ms = [report.duration_ms for report in reports]
    return msgspec.structs.replace(
        summary,
        count=_middle(counts),
        duration_ms=duration_ms,
        least_ms=min(durations_ms, default=None),
        mean_ms=statistics.fmean(durations_ms) if durations_ms else None,
        most_ms=max(durations_ms, default=None),
        init_ms=_median(report.init_ms for report in reports) if call == "cold" else None,
        billed_ms=_median(billed_ms),
        mean_billed_ms=statistics.fmean(billed_ms) if billed_ms else None,
        total_ms=_median(totals_ms),
        phases=_phases(shape, good),
        per_1000_ms=_per_1000(shape, totals_ms, counts),
        max_memory_mb=_middle(report.max_memory_mb for report in reports),
        cpu_ms=cpu_ms,
        throttled_ms=throttled_ms,
        waiting_ms=_residual(duration_ms, cpu_ms, throttled_ms),
        modelled_ms=_median(
            meter.service.modelled_ms if meter.service is not None else None for meter in meters
        ),
        client_ms=_median(sample.client_ms for sample in good),
        write_units=_middle(proof.write_units for proof in proofs),
        percentiles=percentiles([calls[-1] for calls in group.measured.times_ms.values()]),
    )


def figure(response: Any, path: str | None) -> float | None:
    """The figure at a dotted path of a response; None where it is missing, odd or negative."""
    if path is None:
        return None
    here = response
    try:
        for key in path.split("."):
            here = here[key]
    except (KeyError, TypeError):
        return None
    # Not isinstance: a bool is an int, and no figure.
    return float(here) if type(here) in _NUMBERS and here >= 0 else None


def _count(shape: ResponseShape, response: Any) -> int | None:
    if shape.count is None:
        return 1
    count = figure(response, shape.count)
    return int(count) if count is not None and count.is_integer() else None


def _per_1000(
    shape: ResponseShape, totals_ms: Iterable[float | None], counts: Iterable[int | None]
) -> float | None:
    if shape.count is None:
        return None
    return _median(
        total_ms / count * 1000 if total_ms is not None and count else None
        for total_ms, count in zip(totals_ms, counts, strict=True)
    )


def _phases(shape: ResponseShape, good: Sequence[Sample]) -> dict[str, float]:
    medians = {
        phase.name: _median(figure(sample.response, phase.field) for sample in good)
        for phase in shape.phases
    }
    return {name: value for name, value in medians.items() if value is not None}


def _median(values: Iterable[float | None]) -> float | None:
    figures = [value for value in values if value is not None]
    return statistics.median(figures) if figures else None


def _middle(values: Iterable[int | None]) -> int | None:
    """A median that was observed: a count or a size has no halves."""
    figures = [value for value in values if value is not None]
    return statistics.median_high(figures) if figures else None


def _residual(
    duration_ms: float | None, cpu_ms: float | None, throttled_ms: float | None
) -> float | None:
    """What is left of Duration: of the medians, so that the three parts add up to it."""
    if duration_ms is None or cpu_ms is None or throttled_ms is None:
        return None
    waiting_ms = duration_ms - cpu_ms - throttled_ms
    return waiting_ms if waiting_ms >= 0 else None
