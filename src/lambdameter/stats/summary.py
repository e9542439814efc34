"""A run's samples reduced to one figure per cell, call and quantity.

Equality comes before speed: a case whose variants were not shown to do the same gets no figure.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from lambdameter.model import (
    CALLS,
    Call,
    CallSummary,
    CaseEquality,
    CellSummary,
    Manifest,
    ResponseShape,
    Sample,
    SampleError,
    Summary,
)

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


def summarise(
    manifest: Manifest, samples: Sequence[Sample], equality: tuple[CaseEquality, ...]
) -> Summary:
    """Reduce a run.

    Args:
        manifest: what was planned; its plan decides which cells there are, workload.toml their
            order.
        samples: what was measured, in any order; failed ones included.
        equality: the verdict on each case. A case without one counts as not shown equal.
    """
    equal_cases = {one.case for one in equality if one.agree and not one.unequal}
    planned = {(trial.memory_mb, trial.case, trial.variant) for trial in manifest.plan}
    cells = tuple(
        _cell(
            manifest, samples, (memory_mb, case.name, variant.name), equal=case.name in equal_cases
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
        complete={trial.index for trial in manifest.plan}
        <= {sample.trial.index for sample in samples},
    )


def _cell(
    manifest: Manifest, samples: Iterable[Sample], key: tuple[int, str, str], *, equal: bool
) -> CellSummary:
    memory_mb, case, variant = key
    mine = [
        sample
        for sample in samples
        if (sample.trial.memory_mb, sample.trial.case, sample.trial.variant) == key
    ]
    by_call = {
        call: _call(manifest.workload.response, call, of_call, equal=equal)
        for call in CALLS
        if (of_call := [sample for sample in mine if sample.trial.call == call])
    }
    return CellSummary(
        variant=variant,
        case=case,
        memory_mb=memory_mb,
        cold=by_call.get("cold"),
        warm=by_call.get("warm"),
    )


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


def _call(
    shape: ResponseShape, call: Call, samples: Sequence[Sample], *, equal: bool
) -> CallSummary:
    failures = [found for sample in samples if (found := failure(sample))]
    good = [sample for sample in samples if failure(sample) is None]
    told = CallSummary(
        n=len(samples),
        errors=len(failures),
        error=failures[0] if failures else None,
        **_disturbances(samples),
    )
    return _with_figures(told, shape, call, good) if good and equal else told


def _disturbances(samples: Sequence[Sample]) -> dict[str, Any]:
    """What befell the calls, the failed ones above all: counts, so no verdict is needed."""
    meters = [sample.meter for sample in samples if sample.meter is not None]
    services = [meter.service for meter in meters if meter.service is not None]
    faults: Counter[str] = Counter()
    for service in services:
        faults.update(service.faults)
    return {
        "retries": sum(service.retries for service in services) if services else None,
        "faults": dict(sorted(faults.items())),
    }


def _with_figures(
    told: CallSummary, shape: ResponseShape, call: Call, good: Sequence[Sample]
) -> CallSummary:
    reports = [sample.report for sample in good if sample.report is not None]
    meters = [sample.meter for sample in good if sample.meter is not None]
    proofs = [sample.equality for sample in good if sample.equality is not None]
    duration_ms = _median(report.duration_ms for report in reports)
    cpu_ms = _median(meter.cpu_ms for meter in meters)
    throttled_ms = _median(meter.throttled_ms for meter in meters)
    billed_ms = [report.billed_ms for report in reports]
    durations_ms = [report.duration_ms for report in reports]
    return msgspec.structs.replace(
        told,
        count=_middle(_count(shape, sample.response) for sample in good),
        duration_ms=duration_ms,
        least_ms=min(durations_ms, default=None),
        mean_ms=statistics.fmean(durations_ms) if durations_ms else None,
        most_ms=max(durations_ms, default=None),
        init_ms=_median(report.init_ms for report in reports) if call == "cold" else None,
        billed_ms=_median(billed_ms),
        mean_billed_ms=statistics.fmean(billed_ms) if billed_ms else None,
        total_ms=_median(figure(sample.response, shape.total) for sample in good),
        phases=_phases(shape, good),
        per_1000_ms=_median(_per_1000(shape, sample.response) for sample in good),
        max_memory_mb=_middle(report.max_memory_mb for report in reports),
        cpu_ms=cpu_ms,
        throttled_ms=throttled_ms,
        waiting_ms=_residual(duration_ms, cpu_ms, throttled_ms),
        modelled_ms=_median(
            meter.service.modelled_ms if meter.service is not None else None for meter in meters
        ),
        client_ms=_median(sample.client_ms for sample in good),
        write_units=_middle(proof.write_units for proof in proofs),
    )


def figure(response: Any, path: str | None) -> float | None:
    """The figure at a dotted path of a response; None where it is missing, odd or negative."""
    if path is None:
        return None
    here = response
    for key in path.split("."):
        if not isinstance(here, dict) or key not in here:
            return None
        here = here[key]
    if isinstance(here, bool) or not isinstance(here, int | float) or here < 0:
        return None
    return float(here)


def _count(shape: ResponseShape, response: Any) -> int | None:
    if shape.count is None:
        return 1
    count = figure(response, shape.count)
    return int(count) if count is not None and count.is_integer() else None


def _per_1000(shape: ResponseShape, response: Any) -> float | None:
    if shape.count is None:
        return None
    total_ms, count = figure(response, shape.total), _count(shape, response)
    return total_ms / count * 1000 if total_ms is not None and count else None


def _phases(shape: ResponseShape, good: Sequence[Sample]) -> dict[str, float]:
    medians = {
        phase.name: _median(figure(sample.response, phase.field) for sample in good)
        for phase in shape.phases
    }
    return {name: value for name, value in medians.items() if value is not None}


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _middle(values: Iterable[int | None]) -> int | None:
    """A median that was observed: a count or a size has no halves."""
    known = [value for value in values if value is not None]
    return statistics.median_high(known) if known else None


def _residual(
    duration_ms: float | None, cpu_ms: float | None, throttled_ms: float | None
) -> float | None:
    """What is left of Duration: of the medians, so that the three parts add up to it."""
    if duration_ms is None or cpu_ms is None or throttled_ms is None:
        return None
    waiting_ms = duration_ms - cpu_ms - throttled_ms
    return waiting_ms if waiting_ms >= 0 else None
