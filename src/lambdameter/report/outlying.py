"""The calls that lie far from the rest of their cell, with and without them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.model.report import ReportInput
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import measured

BESIDE = (
    (
        "flagged by Tukey's fences and by the median absolute deviation, but included in every "
        "figure"
    ),
    "without: the same ratio without the calls that either method flags",
)


def outlying(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each cell and call of a tier that has any; None: no call is flagged."""
    mine = [flagged for flagged in run.summary.flagged if flagged.memory_mb == memory_mb]
    if not mine:
        return None
    heads = [("", ""), ("calls", ""), ("flagged\nTukey", ""), ("\nMAD", "")]
    heads += [("median", "ms"), ("\nwithout", "ms"), ("mean", "ms"), ("\nwithout", "ms")]
    grid = Grid(heads)
    for flagged in mine:
        title = labels.label(run, flagged.case, flagged.variant, styles.get(flagged.variant, ""))
        times = (
            flagged.median_ms,
            flagged.median_without_ms,
            flagged.mean_ms,
            flagged.mean_without_ms,
        )
        grid.row(
            [
                title.followed_by(f" {flagged.call}"),
                *(
                    measured(f"{n:,}")
                    for n in (flagged.calls, len(flagged.tukey), len(flagged.mad))
                ),
                *(measured(units.ms(time_ms)) for time_ms in times),
            ]
        )
    return grid.text()
