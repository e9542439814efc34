"""What a rewrite gains, as a function of the service latency. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lambdameter import units
from lambdameter.analysis.caveat import Caveat
from lambdameter.analysis.decision import decide, only_candidate
from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.model.base import Record
from lambdameter.model.comparison import Comparison
from lambdameter.model.summary import CellSummary
from lambdameter.words import capitalised, listed


class Point(Record, frozen=True, kw_only=True):
    """Warm calls of a variant compared with the reference at one service latency.

    Attributes:
        reference_ms, variant_ms: medians of Duration.
        comparison: None where one of the two has no figure.
        bill_saving: the saved share of the whole bill; None where there is no bill.
        lack: why there is no comparison; empty where there is one.
    """

    latency_ms: float
    reference_ms: float | None
    variant_ms: float | None
    comparison: Comparison | None
    bill_saving: float | None
    lack: str


class Curve(Record, frozen=True, kw_only=True):
    """A variant compared with the reference on one case at one memory size, at each latency."""

    reference: str
    variant: str
    case: str
    memory_mb: int
    points: tuple[Point, ...]


def curves(sweep: LatencySweep, memory_mb: int) -> list[Curve]:
    """Every candidate of every case at a memory size, compared with the first candidate."""
    first = sweep.runs[0]
    all_curves = []
    for case in first.cases:
        cells = first.candidates(memory_mb, case)
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


def sentences(sweep: LatencySweep) -> tuple[str, ...]:
    """The verdict: what each variant saves at each latency, by memory size and case."""
    first = sweep.runs[0]
    unequal = [
        f"At {latency(latency_ms)}: {decide(run)[0].verdict}"
        for latency_ms, run in sweep.at_each
        if not run.samples or decide(run)[0].action == "make-equal"
    ]
    if unequal:
        return tuple(unequal)
    lines = [
        _sentence(first, curve)
        for memory_mb in first.memory_sizes
        for curve in curves(sweep, memory_mb)
    ]
    if lines:
        return tuple(lines)
    candidate = first.candidates(first.memory_sizes[0], first.cases[0])[0].variant
    return (f"{capitalised(only_candidate(first, candidate))}.",)


def with_every_latency(sweep: LatencySweep) -> Run:
    """The first run, with every latency in the description of its target."""
    first = sweep.runs[0]
    latencies = listed([f"{latency_ms:.10g}" for latency_ms, _ in sweep.at_each])
    target = msgspec.structs.replace(
        first.manifest.target, latency_model=f"{latencies} ms, one run at each, modelled"
    )
    manifest = msgspec.structs.replace(first.manifest, target=target)
    return msgspec.structs.replace(first, manifest=manifest)


def latency(latency_ms: float) -> str:
    """A latency with its unit: "6 ms", "2.5 ms"."""
    return f"{latency_ms:.10g} ms"


def signed_percent(ratio: float) -> str:
    """A ratio of times as a signed percentage: 0.45 is -55 %."""
    figure = units.number(round(100 * (ratio - 1), 1))
    return f"{figure} %" if ratio <= 1 else f"+{figure} %"


def caveats(sweep: LatencySweep) -> Iterator[str]:
    """Beside the curves."""
    yield from (Caveat.SWEEP, Caveat.LATENCY_MARK)
    comparisons = sweep.runs[0].summary.comparisons
    short = [comparison for comparison in comparisons if comparison.interval is None]
    if short:
        yield Caveat.SWEEP_NEEDS.format(needed=short[0].needed)
    elif any(comparison.cost_interval is None for comparison in comparisons):
        yield Caveat.NO_COST_INTERVALS


def _points(sweep: LatencySweep, reference: CellSummary, other: CellSummary) -> Iterator[Point]:
    for latency_ms, run in sweep.at_each:
        ours, theirs = (run.cells_by_key[cell.key] for cell in (reference, other))
        comparison = run.comparison(ours, theirs)
        bills = [run.bill_of(cell) for cell in (ours, theirs)]
        sums = [bill.run_usd for bill in bills if bill is not None and bill.run_usd]
        yield Point(
            latency_ms=latency_ms,
            reference_ms=ours.warm.duration_ms if ours.warm else None,
            variant_ms=theirs.warm.duration_ms if theirs.warm else None,
            comparison=comparison,
            bill_saving=float(1 - sums[1] / sums[0]) if len(sums) == len(bills) else None,
            lack="" if comparison is not None else _lack(run, ours, theirs),
        )


def _lack(run: Run, *cells: CellSummary) -> str:
    for cell in cells:
        if cell.warm is not None and cell.died and cell.warm.error is not None:
            return f"{run.variant_title(cell.variant)} died: {cell.warm.error.type}"
    return "not measured"


def _sentence(run: Run, curve: Curve) -> str:
    variant, reference = (run.variant_title(name) for name in (curve.variant, curve.reference))
    at = f"At {curve.memory_mb:,} MB on {run.case_title(curve.case)}"
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
    """A verb, which is written once for several latencies in a row, and the text of one latency."""
    at, comparison = f"at {latency(point.latency_ms)}", point.comparison
    if comparison is None:
        return "", f"nothing to compare {at} ({point.lack})"
    if comparison.interval is None:
        count = f"{comparison.environments} of {comparison.needed} environments"
        return "", f"not enough samples {at} ({count})"
    low, high = comparison.interval.low, comparison.interval.high
    if comparison.verdict == "no-difference":
        return "no difference found", f"{at} ({signed_percent(low)} to {signed_percent(high)})"
    is_saved = comparison.ratio < 1
    ends = (1 - high, 1 - low) if is_saved else (low - 1, high - 1)
    least, most = (units.percent(end) for end in ends)
    share = (
        f"{units.percent(abs(1 - comparison.ratio))} {at} ({least.removesuffix(' %')} to {most})"
    )
    return ("saves" if is_saved else "takes more by"), share
