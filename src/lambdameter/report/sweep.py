"""A sweep over latencies, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import caveats, find, latency_curves
from lambdameter.analysis.latency_curves import Curve, Point
from lambdameter.model.sweep import SweepInput
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import HEAD, QUIET, measured, modelled, prose, variant_styles
from lambdameter.report.terminal import section, what_ran

_WORDS = {
    "faster": "faster",
    "slower": "slower",
    "no-difference": "no difference",
    "not-enough-environments": "not enough",
}
_LABEL = 13


def report(told: SweepInput) -> RenderableType:
    """Everything, in the order in which it is to be read."""
    first = told.runs[0]
    styles = variant_styles(first.manifest.workload.variants)
    parts: list[RenderableType] = [
        Text(prose(sentence), style=HEAD) for sentence in latency_curves.sentences(told)
    ]
    parts.append(Text())
    for memory_mb in find.tiers(first):
        lacking = caveats.tier(first.manifest.target.enforcement, memory_mb)
        title = f"By service latency at {memory_mb:,} MB"
        body = table(told, memory_mb, styles)
        if body is not None:
            parts += section(title, (*lacking, *latency_curves.beside(told)), [body])
    parts += section(
        "What ran", caveats.target(first), [what_ran(latency_curves.with_every_latency(told))]
    )
    parts += section("At each latency", (), list(_runs(told)))
    parts.append(_labelled("sweep folder", told.folder))
    return Group(*parts)


def table(told: SweepInput, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each latency of each variant; None: one variant ran alone."""
    found = latency_curves.curves(told, memory_mb)
    if not found:
        return None
    heads = [("", ""), ("latency", "ms"), ("reference", "ms"), ("variant", "ms")]
    heads += [("time", "x"), ("", "low"), ("", "high"), ("billed", "x"), ("bill\nsaved", "%")]
    grid = Grid([*heads, ("", "verdict")])
    for index, curve in enumerate(found):
        if index:
            grid.gap()
        for point in curve.points:
            _row(grid, told, curve, point, styles)
    return grid.text()


def _row(
    grid: Grid, told: SweepInput, curve: Curve, point: Point, styles: Mapping[str, Style]
) -> None:
    style = styles.get(curve.variant, Style())
    title = labels.label(told.runs[0], curve.case, curve.variant, style)
    one = point.comparison
    if one is None:
        at = latency_curves.number(point.latency_ms)
        grid.words(title, Text(f"at {at}: {point.lack}"))
        return
    ends = (None, None) if one.interval is None else (one.interval.low, one.interval.high)
    times = (point.reference_ms, point.variant_ms)
    saved = None if point.bill_saving is None else round(100 * point.bill_saving, 1)
    grid.row(
        [
            title,
            modelled(f"{point.latency_ms:.10g}"),
            *(measured(units.ms(time_ms)) for time_ms in times),
            *(measured(units.number(ratio)) for ratio in (one.ratio, *ends, one.cost_ratio)),
            measured(units.number(saved)),
            measured(_WORDS[one.verdict], better=one.verdict == "faster"),
        ]
    )


def _runs(told: SweepInput) -> Iterator[Text]:
    for one, run in zip(told.sweep.runs, told.runs, strict=True):
        state = "" if run.summary.complete else ", not complete"
        yield _labelled(
            latency_curves.number(one.latency_ms),
            f"{run.manifest.target.latency_model}; {run.summary.rounds} rounds{state}; "
            f"`lambdameter report {run.folder}`",
        )


def _labelled(label: str, told: str) -> Text:
    text = Text(prose(told, label=label, indent=_LABEL))
    text.stylize(QUIET, 0, _LABEL)
    return text
