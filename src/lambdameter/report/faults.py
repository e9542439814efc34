"""Injected faults, and requests that SDKs repeated on their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter.analysis.run import Run
from lambdameter.model.base import CALLS
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import measured


def table(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each call of each cell at one memory size; None where there were none."""
    cells = run.cells(memory_mb)
    kinds = sorted({kind for cell in cells for call in _calls(cell) for kind in _by_kind(call)})
    if not kinds and not any(call.retries for cell in cells for call in _calls(cell)):
        return None
    grid = Grid([("", ""), ("SDK", "retries"), *(("", kind) for kind in kinds)])
    for cell in cells:
        for name, call in zip(CALLS, (cell.cold, cell.warm), strict=True):
            if call is None:
                continue
            counted = _by_kind(call)
            figures = [call.retries or 0, *(counted[kind] for kind in kinds)]
            title = labels.label(run, cell, styles).followed_by(f", {name}")
            grid.row([title, *(measured(f"{n:,}") for n in figures)])
    return grid.text()


def _calls(cell: CellSummary) -> list[CallSummary]:
    return [call for call in (cell.cold, cell.warm) if call is not None]


def _by_kind(call: CallSummary) -> Counter[str]:
    """Faults by kind: dynamodb.PutItem.throttle and s3.GetObject.throttle are both a throttle."""
    counted: Counter[str] = Counter()
    for name, count in call.faults.items():
        counted[name.rpartition(".")[2]] += count
    return counted
