"""A published figure, and ours beside it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from measure import package_bytes, published

from lambdameter.analysis import quantities
from lambdameter.analysis.run import Run
from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.model.claim import PublishedFigure, Quantity
from lambdameter.model.sample import Sample

# 800 KB written in 30 ns, and 40 additions of which an optimiser left nothing.
IMPOSSIBLE = {("C1", "rust", "squares"), ("C1", "rust", "fibonacci")}
# K's times at 128 MB come from a simulation on the text's own page.
SIMULATED_BELOW_MB = {"K": 1_024}
MEMORY, INIT, FIRST, WARM = "max_memory_mb", "init_ms", "duration_ms", "mean_ms"
# They follow from the others, are ranges of them, or of packages that are not ours.
DERIVED = frozenset(
    {
        *("billed_ms", "mean_billed_ms", "zip_bytes", "binary_bytes", "per_1000_ms"),
        *("least_init_ms", "most_init_ms", "least_second_ms", "most_second_ms"),
        *("least_ms", "most_ms"),
    }
)


class Cell(NamedTuple):
    """One published figure and our mean of the same, as a user is shown it.

    Attributes:
        error_of_mean: standard error of ours, as a share of it.
        cpu_ms: of a call, at a Lambda vCPU's speed, with what AWS's own processes use of its share.
        service_ms: what the services' model took of it.
        init_peak_mb: what the processes had after Init.
        package_mb: the published package's size where the text gives it, or ours.
        added: of ours, what is a model of what AWS adds.
    """

    figure: PublishedFigure
    ours: float
    error_of_mean: float
    cpu_ms: float
    service_ms: float
    init_peak_mb: float
    package_mb: float
    added: float

    @property
    def source(self) -> str:
        """The text's name."""
        return "K" if self.figure.claim.startswith("K") else self.figure.claim

    @property
    def judged(self) -> bool:
        """Whether a ratio means anything."""
        figure = self.figure
        impossible = (figure.claim, figure.variant, figure.metric) in IMPOSSIBLE
        return not impossible and figure.memory_mb >= SIMULATED_BELOW_MB.get(self.source, 0)

    @property
    def kind(self) -> str:
        """Init, memory, first call, Duration, or in the handler."""
        kinds = {INIT: "Init", MEMORY: "memory", FIRST: "Duration", WARM: "Duration"}
        kind = kinds.get(self.figure.metric, "in the handler")
        return "first call" if kind == "Duration" and self.figure.call == "cold" else kind

    @property
    def error(self) -> float:
        """log(ours / published)."""
        return math.log(self.ours / self.figure.value)

    def with_model(self, model: Overheads) -> Cell:
        """The same with a model of what AWS adds, for a package of the published size."""
        of = model.of(round(self.package_mb * 1e6), self.init_peak_mb)
        added = {"Init": of.init_ms, "memory": of.memory_mb, "in the handler": 0.0}.get(
            self.kind, of.invocation_ms
        )
        return self._replace(ours=self.ours - self.added + added, added=added)


def cells(runs: Mapping[str, Run]) -> list[Cell]:
    """Every cell, in the order of the texts."""
    sizes = package_bytes()
    return [
        cell(figure, runs[figure.workload], sizes)
        for figure in published()
        if figure.metric not in DERIVED
    ]


def cell(figure: PublishedFigure, run: Run, sizes: Mapping[tuple[str, str], int]) -> Cell:
    """Ours of one figure; each environment yields one value, as each of the texts' did."""
    quantity = Quantity(
        **{
            name: getattr(figure, name)
            for name in ("workload", "variant", "case", "memory_mb", "call", "metric")
        }
    )
    values = [reading.value for reading in quantities.readings(run, quantity).values()]
    if not values:
        message = f"no sample of {figure}"
        raise SystemExit(message)
    calls = quantities.samples(run, quantity)
    firsts = quantities.samples(run, msgspec.structs.replace(quantity, call="cold"))
    ours = max(values) if figure.metric == MEMORY else statistics.fmean(values)
    own = next(one.zip_bytes for one in run.manifest.artifacts if one.variant == figure.variant)
    return Cell(
        figure=figure,
        ours=ours,
        error_of_mean=standard_error(values) / ours,
        cpu_ms=mean(calls, cpu_ms) + mean(calls, modelled_cpu_ms),
        service_ms=mean(calls, service_ms),
        init_peak_mb=max((one.meter.peak_memory_mb or 0.0) for one in firsts if one.meter),
        package_mb=sizes.get((figure.workload, figure.variant), own) / 1e6,
        added=mean(calls, lambda one: added(figure.metric, one)),
    )


def standard_error(values: Sequence[float]) -> float:
    """Of their mean."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def mean(calls: Sequence[Sample], of: Callable[[Sample], float | None]) -> float:
    """Of all calls that tell it; 0 where none does."""
    known = [value for one in calls if (value := of(one)) is not None]
    return statistics.fmean(known) if known else 0.0


def cpu_ms(sample: Sample) -> float | None:
    """The CPU time of a call, as this host counted it."""
    return sample.meter.cpu_ms if sample.meter else None


def modelled_cpu_ms(sample: Sample) -> float | None:
    """The CPU time that the model of what AWS adds puts onto a call."""
    modelled = sample.meter.modelled if sample.meter else None
    return modelled.invocation_cpu_ms if modelled else None


def service_ms(sample: Sample) -> float | None:
    """How long a call waited for DynamoDB and S3, by the latency model."""
    service = sample.meter.service if sample.meter else None
    return service.modelled_ms if service else None


def added(metric: str, sample: Sample) -> float | None:
    """Of a figure, what the model of what AWS adds made."""
    modelled = sample.meter.modelled if sample.meter else None
    if modelled is None:
        return None
    parts = {INIT: modelled.init_ms, MEMORY: modelled.memory_mb}
    return parts.get(metric, modelled.invocation_ms if metric in {FIRST, WARM} else 0.0)
