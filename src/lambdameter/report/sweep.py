"""A sweep over service latencies, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import caveats, latency_curves
from lambdameter.analysis.latency_curves import Curve, Point
from lambdameter.analysis.run import LatencySweep
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import HEAD, labelled, measured, modelled, prose, variant_styles
from lambdameter.report.terminal import section, what_ran

_WORDS = {
    "faster": "faster",
    "slower": "slower",
    "no-difference": "no difference",
    "not-enough-environments": "not enough",
}
_LABEL = 13


def report(sweep: LatencySweep) -> RenderableType:
    """The whole report, in reading order."""
    first = sweep.runs[0]
    styles = variant_styles(first.manifest.workload.variants)
    parts: list[RenderableType] = [
        Text(prose(sentence), style=HEAD) for sentence in latency_curves.sentences(sweep)
    ]
    parts.append(Text())
    for memory_mb in first.memory_sizes:
        lacking = caveats.memory_size(first.manifest.target.enforcement, memory_mb)
        title = f"By service latency at {memory_mb:,} MB"
        body = table(sweep, memory_mb, styles)
        if body is not None:
            parts += section(title, (*lacking, *latency_curves.caveats(sweep)), [body])
    parts += section(
        "What ran", caveats.target(first), [what_ran(latency_curves.with_every_latency(sweep))]
    )
    parts += section("At each latency", (), list(_runs(sweep)))
    parts.append(_labelled("sweep folder", sweep.folder))
    return Group(*parts)


def table(sweep: LatencySweep, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each latency of each variant; None where there is only one candidate."""
    curves = latency_curves.curves(sweep, memory_mb)
    if not curves:
        return None
    heads = [("", ""), ("latency", "ms"), ("reference", "ms"), ("variant", "ms")]
    heads += [("time", "x"), ("", "low"), ("", "high"), ("billed", "x"), ("bill\nsaved", "%")]
    grid = Grid([*heads, ("", "verdict")])
    for index, curve in enumerate(curves):
        if index:
            grid.gap()
        for point in curve.points:
            _row(grid, sweep, curve, point, styles)
    return grid.text()


def _row(
    grid: Grid, sweep: LatencySweep, curve: Curve, point: Point, styles: Mapping[str, Style]
) -> None:
    title = labels.label(sweep.runs[0], curve, styles)
    comparison = point.comparison
    if comparison is None:
        at = latency_curves.latency(point.latency_ms)
        grid.words(title, Text(f"at {at}: {point.lack}"))
        return
    ends = (
        (None, None)
        if comparison.interval is None
        else (comparison.interval.low, comparison.interval.high)
    )
    times = (point.reference_ms, point.variant_ms)
    saved = None if point.bill_saving is None else round(100 * point.bill_saving, 1)
    grid.row(
        [
            title,
            modelled(f"{point.latency_ms:.10g}"),
            *(measured(units.ms(time_ms)) for time_ms in times),
            *(
                measured(units.number(ratio))
                for ratio in (comparison.ratio, *ends, comparison.cost_ratio)
            ),
            measured(units.number(saved)),
            measured(_WORDS[comparison.verdict], better=comparison.verdict == "faster"),
        ]
    )


def _runs(sweep: LatencySweep) -> Iterator[Text]:
    for latency_ms, run in sweep.at_each:
        state = "" if run.summary.complete else ", not complete"
        yield _labelled(
            latency_curves.latency(latency_ms),
            f"{run.manifest.target.latency_model}; {run.summary.rounds} rounds{state}; "
            f"`lambdameter report {run.folder}`",
        )


def _labelled(label: str, value: str) -> Text:
    return labelled(label, value, _LABEL)
