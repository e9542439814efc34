"""What disturbed the calls: faults that were injected, and requests that SDKs sent again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rich.style import Style
from rich.text import Text

from lambdameter.analysis import find
from lambdameter.model.base import CALLS
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import measured


def table(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """A row for each call of each cell at one tier; None where nothing was disturbed."""
    cells = [cell for cell in run.summary.cells if cell.memory_mb == memory_mb]
    kinds = sorted({kind for cell in cells for call in _calls(cell) for kind in _by_kind(call)})
    if not kinds and not any(call.retries for cell in cells for call in _calls(cell)):
        return None
    grid = Grid([("", ""), ("SDK", "retries"), *(("", kind) for kind in kinds)])
    for case in find.cases(run):
        for cell in find.tier(run, memory_mb, case):
            for name, call in zip(CALLS, (cell.cold, cell.warm), strict=True):
                if call is None:
                    continue
                title = labels.label(run, case, cell.variant, styles.get(cell.variant, ""))
                counted = _by_kind(call)
                figures = [call.retries or 0, *(counted[kind] for kind in kinds)]
                grid.row([title.followed_by(f", {name}"), *(measured(f"{n:,}") for n in figures)])
    return grid.text()


def _calls(cell: CellSummary) -> list[CallSummary]:
    return [call for call in (cell.cold, cell.warm) if call is not None]


def _by_kind(call: CallSummary) -> Counter[str]:
    """dynamodb.PutItem.throttle and s3.GetObject.throttle are both a throttle."""
    counted: Counter[str] = Counter()
    for name, count in call.faults.items():
        counted[name.rpartition(".")[2]] += count
    return counted
