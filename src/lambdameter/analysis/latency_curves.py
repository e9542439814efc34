"""What a rewrite gains as a function of the services' latency. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.analysis.decision import decide
from lambdameter.model.base import Record
from lambdameter.model.comparison import Comparison
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CellSummary
from lambdameter.model.sweep import SweepInput
from lambdameter.words import listed


class Point(Record, frozen=True, kw_only=True):
    """A variant against the reference at one latency: warm calls.

    Attributes:
        reference_ms, variant_ms: medians of Duration.
        comparison: None where one of them has no figure.
        bill_saving: of the whole bill, as a share; None where there is no bill.
        lack: why there is nothing to compare; empty: there is.
    """

    latency_ms: float
    reference_ms: float | None
    variant_ms: float | None
    comparison: Comparison | None
    bill_saving: float | None
    lack: str


class Curve(Record, frozen=True, kw_only=True):
    """A variant against the reference on one case at one tier, latency by latency."""

    reference: str
    variant: str
    case: str
    memory_mb: int
    points: tuple[Point, ...]


def curves(sweep: SweepInput, memory_mb: int) -> list[Curve]:
    """Every variant of every case at a tier against the workload's first that was run."""
    first = sweep.runs[0]
    all_curves = []
    for case in find.cases(first):
        cells = find.candidates(first, memory_mb, case)
        all_curves += [
            Curve(
                reference=cells[0].variant,
                variant=other.variant,
                case=case,
                memory_mb=memory_mb,
                points=tuple(_points(sweep, cells[0], other)),
            )
            for other in cells[1:]
        ]
    return all_curves


def sentences(sweep: SweepInput) -> tuple[str, ...]:
    """What decides: of each tier, case and variant, what it saves at each latency."""
    first = sweep.runs[0]
    unequal = [
        f"At {number(swept.latency_ms)}: {decide(run)[0].verdict}"
        for swept, run in zip(sweep.sweep.runs, sweep.runs, strict=True)
        if not run.samples or decide(run)[0].action == "make-equal"
    ]
    if unequal:
        return tuple(unequal)
    lines = [
        _sentence(first, curve)
        for memory_mb in find.tiers(first)
        for curve in curves(sweep, memory_mb)
    ]
    return tuple(lines) or (
        ("Only one variant was measured, so there is nothing to choose between."),
    )


def with_every_latency(sweep: SweepInput) -> ReportInput:
    """The first run, whose target says that every latency was modelled."""
    first = sweep.runs[0]
    latencies = listed([f"{swept.latency_ms:.10g}" for swept in sweep.sweep.runs])
    target = msgspec.structs.replace(
        first.manifest.target, latency_model=f"{latencies} ms, one run at each, modelled"
    )
    manifest = msgspec.structs.replace(first.manifest, target=target)
    return msgspec.structs.replace(first, manifest=manifest)


def number(latency_ms: float) -> str:
    """A latency as it is said: "6 ms", "2.5 ms"."""
    return f"{latency_ms:.10g} ms"


def more(ratio: float) -> str:
    """A ratio of times as signed percent: 0.45 is -55 %."""
    figure = units.number(round(100 * (ratio - 1), 1))
    return f"{figure} %" if ratio <= 1 else f"+{figure} %"


def beside(sweep: SweepInput) -> Iterator[str]:
    """What is to be known before the figures."""
    yield "warm calls; a separate run for each latency, with interleaved rounds"
    yield (
        "≈ the latency is modelled: the median of every request to DynamoDB and "
        "S3, chosen and not measured"
    )
    run = sweep.runs[0]
    short = [comparison for comparison in run.summary.comparisons if comparison.interval is None]
    if short:
        yield f"intervals need {short[0].needed} environments"
    elif any(comparison.cost_interval is None for comparison in run.summary.comparisons):
        yield "no intervals for billed duration and bill"


def _points(sweep: SweepInput, reference: CellSummary, other: CellSummary) -> Iterator[Point]:
    for swept, run in zip(sweep.sweep.runs, sweep.runs, strict=True):
        ours, theirs = (
            next(
                candidate
                for candidate in run.summary.cells
                if (candidate.variant, candidate.case, candidate.memory_mb)
                == (cell.variant, cell.case, cell.memory_mb)
            )
            for cell in (reference, other)
        )
        comparison = find.comparison(run, ours, theirs)
        bills = [find.bill(run, cell) for cell in (ours, theirs)]
        sums = [bill.run_usd for bill in bills if bill is not None and bill.run_usd]
        yield Point(
            latency_ms=swept.latency_ms,
            reference_ms=ours.warm.duration_ms if ours.warm else None,
            variant_ms=theirs.warm.duration_ms if theirs.warm else None,
            comparison=comparison,
            bill_saving=float(1 - sums[1] / sums[0]) if len(sums) == len(bills) else None,
            lack="" if comparison is not None else _lack(run, ours, theirs),
        )


def _lack(run: ReportInput, *cells: CellSummary) -> str:
    for cell in cells:
        if cell.warm is not None and find.died(cell.warm) and cell.warm.error is not None:
            return f"{find.variant_title(run, cell.variant)} died: {cell.warm.error.type}"
    return "not measured"


def _sentence(run: ReportInput, curve: Curve) -> str:
    variant, reference = (
        find.variant_title(run, name) for name in (curve.variant, curve.reference)
    )
    at = f"At {curve.memory_mb:,} MB on {find.case_title(run, curve.case)}"
    whole = [point for point in curve.points if point.comparison and point.comparison.interval]
    if not whole:
        return f"{at} this run cannot tell what {variant} saves: {_too_few(curve)}."
    segments: list[str] = []
    before = ""
    for point in curve.points:
        verb, rest = _segment(point)
        segments.append(rest if verb == before else f"{verb} {rest}".lstrip())
        before = verb
    return f"{at} {variant} compared with {reference}: {listed(segments)}."


def _too_few(curve: Curve) -> str:
    for point in curve.points:
        if point.comparison is not None:
            count, needed = point.comparison.environments, point.comparison.needed
            return f"not enough samples ({count} of {needed} environments)"
    return listed(list(dict.fromkeys(point.lack for point in curve.points)))


def _segment(point: Point) -> tuple[str, str]:
    """What is said once for several latencies on end, and what is said at each."""
    at, comparison = f"at {number(point.latency_ms)}", point.comparison
    if comparison is None:
        return "", f"nothing to compare {at} ({point.lack})"
    if comparison.interval is None:
        count = f"{comparison.environments} of {comparison.needed} environments"
        return "", f"not enough samples {at} ({count})"
    low, high = comparison.interval.low, comparison.interval.high
    if comparison.verdict == "no-difference":
        return "no difference found", f"{at} ({more(low)} to {more(high)})"
    is_saved = comparison.ratio < 1
    ends = (1 - high, 1 - low) if is_saved else (low - 1, high - 1)
    least, most = (units.percent(end) for end in ends)
    share = (
        f"{units.percent(abs(1 - comparison.ratio))} {at} ({least.removesuffix(' %')} to {most})"
    )
    return ("saves" if is_saved else "takes more by"), share
