"""The metrics that a published text may state, measured in each execution environment. Pure.

An environment answers one cold call and its warm calls, so it is one repetition of a published
protocol. A text's own statistic (mean, minimum or maximum of five calls) is taken within it.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from lambdameter.analysis.run import Run
from lambdameter.model.claim import Quantity
from lambdameter.model.sample import Manifest, Meter, Sample
from lambdameter.stats.summary import failure, figure

_MB_PER_GB = 1024
_MS_PER_S = 1000
# The only metric of failed calls.
TIMED_OUT = "billed_of_timeout"


class Reading(NamedTuple):
    """A figure of one environment, and the part of the figure that comes from our own models."""

    value: float
    modelled: float


OfCall = Callable[[Sample, Manifest], float | None]


class _Metric(NamedTuple):
    of: OfCall
    modelled: OfCall
    reduce: Callable[[Sequence[float]], float] = statistics.fmean


def _part(of: Callable[[Meter], float]) -> OfCall:
    """The modelled part of one call's figure; None where the sample has no meter."""

    def modelled(sample: Sample, _: Manifest) -> float | None:
        return of(sample.meter) if sample.meter else None

    return modelled


def _in_service_ms(meter: Meter) -> float:
    return meter.service.modelled_ms if meter.service else 0.0


def _in_duration_ms(meter: Meter) -> float:
    return _in_service_ms(meter) + (meter.modelled.invocation_ms if meter.modelled else 0.0)


def _in_init_ms(meter: Meter) -> float:
    return meter.modelled.init_ms if meter.modelled else 0.0


_nothing = _part(lambda _: 0.0)
_service = _part(_in_service_ms)
_time = _part(_in_duration_ms)
_init = _part(_in_init_ms)
_start = _part(lambda meter: _in_init_ms(meter) + _in_duration_ms(meter))
_memory = _part(lambda meter: meter.modelled.memory_mb if meter.modelled else 0.0)


def _init_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.report.init_ms if sample.report else None


def _duration_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.report.duration_ms if sample.report else None


def _start_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.report.duration_ms + (sample.report.init_ms or 0) if sample.report else None


def _billed_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.report.billed_ms if sample.report else None


def _gb_s(sample: Sample, _: Manifest) -> float | None:
    report = sample.report
    return report.billed_ms * report.memory_mb / (_MB_PER_GB * _MS_PER_S) if report else None


def _max_memory_mb(sample: Sample, _: Manifest) -> float | None:
    return sample.report.max_memory_mb if sample.report else None


def _cpu_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.meter.cpu_ms if sample.meter else None


def _init_cpu_ms(sample: Sample, _: Manifest) -> float | None:
    return sample.meter.init_cpu_ms if sample.meter else None


def _total_ms(sample: Sample, manifest: Manifest) -> float | None:
    return figure(sample.response, manifest.workload.response.total)


def _billed_of_timeout(sample: Sample, manifest: Manifest) -> float | None:
    report = sample.report
    if report is None or report.status != "timeout":
        return None
    return (report.billed_ms - (report.init_ms or 0)) / (manifest.workload.timeout_s * _MS_PER_S)


def _per_1000(total: OfCall) -> OfCall:
    def per_1000_ms(sample: Sample, manifest: Manifest) -> float | None:
        ms, count = total(sample, manifest), units(sample, manifest)
        return ms / count * 1000 if ms is not None and count else None

    return per_1000_ms


def _first(values: Sequence[float]) -> float:
    return values[0]


METRICS: Mapping[str, _Metric] = {
    "init_ms": _Metric(_init_ms, _init),
    "duration_ms": _Metric(_duration_ms, _time),
    "start_ms": _Metric(_start_ms, _start),
    "mean_ms": _Metric(_duration_ms, _time),
    "least_ms": _Metric(_duration_ms, _time, min),
    "most_ms": _Metric(_duration_ms, _time, max),
    "second_ms": _Metric(_duration_ms, _time, _first),
    "billed_ms": _Metric(_billed_ms, _start),
    "mean_billed_ms": _Metric(_billed_ms, _time),
    "gb_s": _Metric(_gb_s, _nothing),
    "max_memory_mb": _Metric(_max_memory_mb, _memory, max),
    "cpu_ms": _Metric(_cpu_ms, _nothing),
    "init_cpu_ms": _Metric(_init_cpu_ms, _nothing),
    "total_ms": _Metric(_total_ms, _service),
    "per_1000_ms": _Metric(_per_1000(_total_ms), _per_1000(_service)),
    "cpu_per_1000_ms": _Metric(_per_1000(_cpu_ms), _nothing),
    TIMED_OUT: _Metric(_billed_of_timeout, _nothing),
}
# Figures of the package, not of an environment.
EXACT = ("zip_bytes", "binary_bytes")
# Figures that grow with the work of a call.
_GROWING = ("total_ms", "mean_billed_ms", "mean_ms", "gb_s")
_PER_UNIT = ("per_1000_ms", "cpu_per_1000_ms")


def units(sample: Sample, manifest: Manifest) -> float | None:
    """Units of work of a call; None where the workload does not count them."""
    return figure(sample.response, manifest.workload.response.count)


def exact(run: Run, quantity: Quantity) -> float | None:
    """A figure of the package; None where the run has no package of this variant."""
    for artifact in run.manifest.artifacts:
        if artifact.variant == quantity.variant:
            zipped = quantity.metric == "zip_bytes"
            return float(artifact.zip_bytes if zipped else artifact.unzipped_bytes)
    return None


def samples(run: Run, quantity: Quantity) -> Sequence[Sample]:
    """The calls of a quantity, failed ones included."""
    if quantity.workload != run.manifest.workload.name:
        return ()
    return run.calls((quantity.variant, quantity.case, quantity.memory_mb), quantity.call)


def readings(run: Run, quantity: Quantity, waiting: Collection[str] = ()) -> dict[int, Reading]:
    """Round -> the figure of its environment; rounds without the figure are omitted.

    Args:
        run: the measured run.
        quantity: cell, call and metric.
        waiting: names of the phases that wait for a service.
    """
    metric = METRICS.get(quantity.metric) or _phase(run.manifest, quantity.metric, waiting)
    if metric is None:
        return {}
    by_round: dict[int, list[Sample]] = defaultdict(list)
    for sample in sorted(samples(run, quantity), key=lambda sample: sample.trial.index):
        if failure(sample) is None or quantity.metric == TIMED_OUT:
            by_round[sample.trial.round].append(sample)
    per_round = {number: _read(metric, mine, run.manifest) for number, mine in by_round.items()}
    return {number: reading for number, reading in sorted(per_round.items()) if reading is not None}


def work(run: Run, quantity: Quantity, count: int | None) -> float | None:
    """Published units of work per call / units of work of our calls.

    Returns:
        1 where the figure does not depend on the work; None where no call reported its work.
    """
    related = quantity.metric in (*_GROWING, *_PER_UNIT) or quantity.metric not in METRICS
    if count is None or not related or quantity.metric in EXACT:
        return 1.0
    ours = [units(sample, run.manifest) for sample in samples(run, quantity)]
    counts = [units_done for units_done in ours if units_done]
    return count / statistics.median(counts) if counts else None


def grows(quantity: Quantity) -> bool:
    """Whether a figure is proportional to the work of a call."""
    return quantity.metric in _GROWING or quantity.metric not in METRICS


def is_modelled(run: Run) -> bool:
    """Whether any figure of this run includes modelled time or memory."""
    target = run.manifest.target
    return target.latency_model is not None or target.overheads is not None


def _phase(manifest: Manifest, name: str, waiting: Collection[str]) -> _Metric | None:
    fields = {phase.name: phase.field for phase in manifest.workload.response.phases}
    if name not in fields:
        return None

    def of(sample: Sample, _: Manifest) -> float | None:
        return figure(sample.response, fields[name])

    return _Metric(of, _service if name in waiting else _nothing)


def _read(metric: _Metric, calls: Sequence[Sample], manifest: Manifest) -> Reading | None:
    values = [metric.of(call, manifest) for call in calls]
    figures = [value for value in values if value is not None]
    if not figures:
        return None
    value = metric.reduce(figures)
    parts = [metric.modelled(call, manifest) for call in calls]
    modelled = [part for part in parts if part is not None]
    return Reading(value, min(value, statistics.fmean(modelled)) if modelled else 0.0)
