"""The whole bill: of a million calls and of a month, and the part that a rewrite can change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.bill import CellBill
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import measured

_SHORT = ((1_000_000_000, "B"), (1_000_000, "M"))


def per_million_calls(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """The lines of the bill, in dollars per million calls."""
    bills = _bills(run, memory_mb)
    items = list(dict.fromkeys(line.item for bill in bills for line in bill.lines))
    grid = Grid(
        [
            ("per million\ncalls", ""),
            *((item.replace(" ", "\n"), "$") for item in items),
            ("whole bill", "$"),
            ("of which\ncompute", "%"),
            ("INIT,\nif cold", "$"),
        ]
    )
    for bill in bills:
        by_item = {
            item: sum((line.usd for line in bill.lines if line.item == item), Decimal(0))
            for item in items
        }
        share = bill.touchable_usd / bill.run_usd if bill.run_usd else None
        grid.row(
            [
                labels.label(run, bill, styles),
                *(measured(_million(by_item[item])) for item in items),
                measured(_million(bill.run_usd), better=_is_cheapest(bill, bills)),
                measured(units.percent(share).removesuffix(" %")),
                measured(_million(bill.init_usd)),
            ]
        )
    return grid.text()


def per_month(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """The bill of a month at each volume, and the part that a rewrite can change."""
    bills = [bill for bill in _bills(run, memory_mb) if bill.monthly]
    if not bills:
        return Text("The number of events per call is not known, so there is no monthly bill.")
    heads = [("a month", "")]
    for volume in bills[0].monthly:
        unit = f"{run.manifest.workload.response.unit}s"
        heads += [
            (f"{_short(volume.events_per_day)} {unit}\na day", "$"),
            ("of which\ncompute", "$"),
        ]
    grid = Grid(heads)
    for bill in bills:
        figures = [
            measured(units.number(usd), better=whole and _is_cheapest(bill, bills))
            for volume in bill.monthly
            for usd, whole in ((volume.usd, True), (volume.touchable_usd, False))
        ]
        grid.row([labels.label(run, bill, styles), *figures])
    return grid.text()


def _bills(run: Run, memory_mb: int) -> list[CellBill]:
    cells = run.cells(memory_mb)
    return [bill for cell in cells if (bill := run.bill_of(cell)) is not None]


def _is_cheapest(bill: CellBill, bills: Sequence[CellBill]) -> bool:
    rivals = [other.run_usd for other in bills if other.case == bill.case]
    return bill.run_usd == min(rivals) < max(rivals)


def _million(usd: Decimal | None) -> str:
    return units.number(None if usd is None else usd * 1_000_000)


def _short(events: int) -> str:
    for size, letter in _SHORT:
        if events % size == 0:
            return f"{events // size} {letter}"
    return f"{events:,}"
