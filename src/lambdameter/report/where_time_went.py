"""The parts of Duration: CPU, throttled, waiting, and how much of the waiting is modelled."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import QUIET, Label, measured, modelled

# Width of a bar and its label together, in cells; a long label makes the bar shorter.
_LABEL_AND_BAR = 40
_LONGEST_BAR, _SHORTEST_BAR = 24, 10
_CPU, _THROTTLED, _WAITING, _MODELLED, _UNKNOWN = "█", "▓", "▒", "░", "·"
LEGEND = (
    f"{_CPU} CPU  {_THROTTLED} throttled  {_WAITING} waiting  {_MODELLED} modelled "
    f"waiting  {_UNKNOWN} not known"
)


def where_time_went(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """A bar and its figures for each warm call at one memory size; all bars share one scale."""
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
    cells = run.cells(memory_mb)
    longest_ms = max(
        (cell.warm.duration_ms for cell in cells if cell.warm and cell.warm.duration_ms),
        default=0.0,
    )
    for cell in cells:
        if cell.warm is not None and cell.warm.duration_ms:
            grid.row(_row(run, cell, cell.warm, longest_ms, styles))
    return grid.text()


def _row(
    run: Run,
    cell: CellSummary,
    call: CallSummary,
    longest_ms: float,
    styles: Mapping[str, Style],
) -> list[Text | Label]:
    widest = max(len(variant.title) for variant in run.manifest.workload.variants)
    name = labels.label(run, cell, styles)
    name = name.followed_by(" " * (widest + 1 - len(run.variant_title(cell.variant))))
    width = min(_LONGEST_BAR, max(_SHORTEST_BAR, _LABEL_AND_BAR + 1 - name.text().cell_len))
    name = name.followed_by(bar(call, longest_ms, width), styles.get(cell.variant, ""))
    none = Text(f"{units.NOTHING} ", style=QUIET)
    share = None
    if call.modelled_ms is not None and call.compared_ms:
        share = call.modelled_ms / call.compared_ms
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
    """Duration as a bar: the longest has `width` cells, and each part has its own fill."""
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
