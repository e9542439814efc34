"""Outliers: the calls far from the others of their cell."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis.caveat import Caveat
from lambdameter.analysis.run import Run
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import measured

CAVEATS = (Caveat.FLAGGED, Caveat.WITHOUT_FLAGGED)


def table(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each cell and call of a memory size with outliers; None where there are none."""
    cells = [cell for cell in run.summary.flagged if cell.memory_mb == memory_mb]
    if not cells:
        return None
    heads = [("", ""), ("calls", ""), ("flagged\nTukey", ""), ("\nMAD", "")]
    heads += [("median", "ms"), ("\nwithout", "ms"), ("mean", "ms"), ("\nwithout", "ms")]
    grid = Grid(heads)
    for cell in cells:
        title = labels.label(run, cell, styles)
        times = (cell.median_ms, cell.median_without_ms, cell.mean_ms, cell.mean_without_ms)
        grid.row(
            [
                title.followed_by(f" {cell.call}"),
                *(measured(f"{n:,}") for n in (cell.calls, len(cell.tukey), len(cell.mad))),
                *(measured(units.ms(time_ms)) for time_ms in times),
            ]
        )
    return grid.text()
