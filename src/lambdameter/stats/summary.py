"""A run's samples reduced to one figure per cell, call and quantity. Pure.

Equality comes before speed: a case that was not shown equal has no figures.
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

from lambdameter.model.base import CALLS, Call, CallKey, CellKey
from lambdameter.model.comparison import Comparison, FlaggedCalls, Stopping
from lambdameter.model.sample import Manifest, Sample, SampleError
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary, Summary
from lambdameter.model.workload import ResponseShape
from lambdameter.stats import bootstrap
from lambdameter.stats.compare import Measured, Pair, compare, measured
from lambdameter.stats.flagged import CellCall, flagged
from lambdameter.stats.percentiles import percentiles

_NUMBERS = (int, float)

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


class _CallSamples(NamedTuple):
    """The samples of one call of one cell: all, the good ones, and why the others failed."""

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
    """Reduce a run to its figures.

    Args:
        manifest: its plan determines the cells, and workload.toml their order.
        samples: all samples, also failed ones, in any order.
        equality: the verdict on each case; a case without a verdict was not shown equal.
        stopping: state of a run with `--rounds auto`; its look determines the level of intervals.
    """
    equal_cases = {verdict.case for verdict in equality if verdict.agree and not verdict.unequal}
    calls = {key: _sorted_out(group) for key, group in by_call(samples).items()}
    planned = {trial.key for trial in manifest.plan}
    cells = tuple(
        _cell(
            manifest.workload.response,
            calls,
            (variant.name, case.name, memory_mb),
            equal=case.name in equal_cases,
        )
        for memory_mb in manifest.memory_mb
        for case in manifest.workload.cases
        for variant in manifest.workload.variants
        if (variant.name, case.name, memory_mb) in planned
    )
    return Summary(
        cells=cells,
        equality=equality,
        equal={trial.case for trial in manifest.plan} <= equal_cases,
        rounds=len({sample.trial.round for sample in samples}),
        complete=_complete(manifest, samples, stopping),
        comparisons=tuple(_comparisons(manifest, cells, calls, stopping)),
        flagged=tuple(_flagged(cells, calls, equal_cases)),
        stopping=stopping,
    )


def _complete(manifest: Manifest, samples: Iterable[Sample], stopping: Stopping | None) -> bool:
    """Whether every planned call was made, up to the round after which the run ended."""
    if manifest.stopping_rule is not None and (stopping is None or not stopping.stop):
        return False
    rounds = stopping.rounds if stopping is not None else None
    wanted = {trial.index for trial in manifest.plan if rounds is None or trial.round < rounds}
    return wanted <= {sample.trial.index for sample in samples}


def by_call(samples: Iterable[Sample]) -> dict[CallKey, list[Sample]]:
    """Samples by cell and call, in their order."""
    groups: dict[CallKey, list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.trial.key, sample.trial.call), []).append(sample)
    return groups


def _sorted_out(samples: Sequence[Sample]) -> _CallSamples:
    good, failures = [], []
    for sample in samples:
        error = failure(sample)
        if error is None:
            good.append(sample)
        else:
            failures.append(error)
    return _CallSamples(samples, good, failures, measured(good))


def _cell(
    shape: ResponseShape,
    groups: Mapping[CallKey, _CallSamples],
    key: CellKey,
    *,
    equal: bool,
) -> CellSummary:
    variant, case, memory_mb = key
    calls = {
        call: _call(shape, call, groups[key, call], equal=equal)
        for call in CALLS
        if (key, call) in groups
    }
    return CellSummary(
        variant=variant,
        case=case,
        memory_mb=memory_mb,
        cold=calls.get("cold"),
        warm=calls.get("warm"),
    )


def _flagged(
    cells: Iterable[CellSummary],
    groups: Mapping[CallKey, _CallSamples],
    equal_cases: Container[str],
) -> Iterator[FlaggedCalls]:
    for cell in cells:
        for call in CALLS:
            mine = groups.get((cell.key, call))
            if mine is None or cell.case not in equal_cases:
                continue
            flags = flagged(CellCall(cell.variant, cell.case, cell.memory_mb, call), mine.good)
            if flags is not None:
                yield flags


def _comparisons(
    manifest: Manifest,
    cells: Iterable[CellSummary],
    groups: Mapping[CallKey, _CallSamples],
    stopping: Stopping | None,
) -> Iterator[Comparison]:
    """Each variant compared with the first candidate that has figures.

    In a run of copies, each copy is compared with its original only.
    """
    not_candidates = {
        variant.name
        for variant in manifest.workload.variants
        if variant.not_a_candidate is not None
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
            mine = groups[cell.key, call].measured
            pair_of = manifest.copies and manifest.copies.get(cell.variant, cell.variant)
            place = cell.memory_mb, cell.case, call, pair_of or ""
            if place not in references and cell.variant not in not_candidates:
                references[place] = cell.variant, mine
            elif place in references:
                name, theirs = references[place]
                pair = Pair(name, cell.variant, cell.case, cell.memory_mb, call)
                comparison = compare(pair, theirs, mine, draws, level)
                if comparison is not None:
                    yield comparison


def failure(sample: Sample) -> SampleError | None:
    """Why no figure includes a sample; None for good samples.

    Only an invocation whose REPORT line carries Init Duration is a cold start, whatever was
    planned: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    """
    if sample.error is not None or sample.report is None:
        return sample.error
    cold = sample.report.init_ms is not None
    if sample.trial.call == "cold":
        return None if cold else _NOT_COLD
    return _NOT_WARM if cold else None


def _call(shape: ResponseShape, call: Call, group: _CallSamples, *, equal: bool) -> CallSummary:
    summary = CallSummary(
        n=len(group.samples),
        errors=len(group.failures),
        error=group.failures[0] if group.failures else None,
        **_disturbances(group.samples),
    )
    return _with_figures(summary, shape, call, group) if group.good and equal else summary


def _disturbances(samples: Sequence[Sample]) -> dict[str, Any]:
    """Retries and injected faults of all calls, also of failed and unequal ones."""
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
    summary: CallSummary, shape: ResponseShape, call: Call, group: _CallSamples
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
    """The figure at a dotted path of a response; None for anything but a number from 0 on."""
    if path is None:
        return None
    here = response
    try:
        for key in path.split("."):
            here = here[key]
    except (KeyError, TypeError):
        return None
    # Not isinstance: a bool is an int, but not a figure.
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
    """A median that was observed, since counts and sizes have no halves."""
    figures = [value for value in values if value is not None]
    return statistics.median_high(figures) if figures else None


def _residual(
    duration_ms: float | None, cpu_ms: float | None, throttled_ms: float | None
) -> float | None:
    """The rest of Duration: computed from medians, so that the three parts add up to Duration."""
    if duration_ms is None or cpu_ms is None or throttled_ms is None:
        return None
    waiting_ms = duration_ms - cpu_ms - throttled_ms
    return waiting_ms if waiting_ms >= 0 else None
