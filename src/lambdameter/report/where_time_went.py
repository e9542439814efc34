"""Duration taken apart: CPU, throttled, waiting, and how much of the waiting is our model's."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import QUIET, Label, measured, modelled

# Cells of a bar and its label together; labels beyond the bar's own share make it shorter.
_LABEL_AND_BAR = 40
_LONGEST_BAR, _SHORTEST_BAR = 24, 10
_CPU, _THROTTLED, _WAITING, _MODELLED, _UNKNOWN = "█", "▓", "▒", "░", "·"
LEGEND = (
    f"{_CPU} CPU  {_THROTTLED} throttled  {_WAITING} waiting  {_MODELLED} modelled "
    f"waiting  {_UNKNOWN} not known"
)


def where_time_went(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """A bar and its figures for each warm call at one tier; all bars share one scale."""
    grid = Grid(
        [
            ("", ""),
            ("Duration", "ms"),
            ("CPU", "ms"),
            ("throttled", "ms"),
            ("waiting", "ms"),
            ("modelled", "ms"),
            ("of\ntotal", "%"),
        ]
    )
    cells = [cell for cell in run.summary.cells if cell.memory_mb == memory_mb]
    longest_ms = max(
        (cell.warm.duration_ms for cell in cells if cell.warm and cell.warm.duration_ms),
        default=0.0,
    )
    for case in find.cases(run):
        for cell in find.tier(run, memory_mb, case):
            if cell.warm is not None and cell.warm.duration_ms:
                grid.row(_row(run, cell, cell.warm, longest_ms, styles))
    return grid.text()


def _row(
    run: ReportInput,
    cell: CellSummary,
    call: CallSummary,
    longest_ms: float,
    styles: Mapping[str, Style],
) -> list[Text | Label]:
    style = styles.get(cell.variant, Style())
    widest = max(len(variant.title) for variant in run.manifest.workload.variants)
    name = labels.label(run, cell.case, cell.variant, style)
    name = name.followed_by(" " * (widest + 1 - len(find.variant_title(run, cell.variant))))
    width = min(_LONGEST_BAR, max(_SHORTEST_BAR, _LABEL_AND_BAR + 1 - name.text().cell_len))
    name = name.followed_by(bar(call, longest_ms, width), style)
    none = Text(f"{units.NOTHING} ", style=QUIET)
    raced_ms = find.raced_ms(call)
    share = call.modelled_ms / raced_ms if call.modelled_ms is not None and raced_ms else None
    return [
        name,
        measured(units.ms(call.duration_ms)),
        measured(units.ms(call.cpu_ms)),
        measured(units.ms(call.throttled_ms)),
        measured(units.ms(call.waiting_ms)),
        none if call.modelled_ms is None else modelled(units.ms(call.modelled_ms)),
        none if share is None else modelled(units.percent(share).removesuffix(" %")),
    ]


def bar(call: CallSummary, longest_ms: float, width: int = _LONGEST_BAR) -> str:
    """Duration as a bar, of `width` cells for the longest; parts are told apart by their fill."""
    duration = call.duration_ms or 0.0
    cells = round(width * duration / longest_ms) if longest_ms else 0
    if call.waiting_ms is None:
        return (_UNKNOWN * cells).ljust(width)
    cpu, throttled = call.cpu_ms or 0.0, call.throttled_ms or 0.0
    modelled_part = min(call.modelled_ms or 0.0, call.waiting_ms)
    ends = (
        (_CPU, cpu),
        (_THROTTLED, cpu + throttled),
        (_WAITING, duration - modelled_part),
        (_MODELLED, duration),
    )
    drawn = ""
    for fill, end in ends:
        drawn += fill * (round(cells * end / duration) - len(drawn))
    return drawn.ljust(width)
