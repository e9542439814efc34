"""The whole bill: what a run costs, what of it a rewrite can touch, and what a month comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.model.bill import CellBill
from lambdameter.model.report import ReportInput
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import measured

_MICRO = "µ$"
_SHORT = ((1_000_000_000, "B"), (1_000_000, "M"))


def per_run(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """The lines of one run's bill, in millionths of a dollar: sums that one can read."""
    bills = _bills(run, memory_mb)
    items = list(dict.fromkeys(line.item for bill in bills for line in bill.lines))
    grid = Grid(
        [
            ("a run", ""),
            *((item.replace(" ", "\n"), _MICRO) for item in items),
            ("whole bill", _MICRO),
            ("of which\ncompute", "%"),
            ("INIT,\nif cold", _MICRO),
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
                labels.label(run, bill.case, bill.variant, styles.get(bill.variant, "")),
                *(measured(_micro(by_item[item])) for item in items),
                measured(_micro(bill.run_usd), better=_is_cheapest(bill, bills)),
                measured(units.percent(share).removesuffix(" %")),
                measured(_micro(bill.init_usd)),
            ]
        )
    return grid.text()


def per_month(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """The month's bill at each volume, and the part of it that a rewrite can touch."""
    bills = [bill for bill in _bills(run, memory_mb) if bill.monthly]
    if not bills:
        return Text("The number of events per run is not known, so there is no monthly bill.")
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
        grid.row(
            [labels.label(run, bill.case, bill.variant, styles.get(bill.variant, "")), *figures]
        )
    return grid.text()


def _bills(run: ReportInput, memory_mb: int) -> list[CellBill]:
    cells = (cell for case in find.cases(run) for cell in find.tier(run, memory_mb, case))
    return [bill for cell in cells if (bill := find.bill(run, cell)) is not None]


def _is_cheapest(bill: CellBill, bills: Sequence[CellBill]) -> bool:
    rivals = [other.run_usd for other in bills if other.case == bill.case]
    return bill.run_usd == min(rivals) < max(rivals)


def _micro(usd: Decimal | None) -> str:
    return units.number(None if usd is None else usd * 1_000_000)


def _short(events: int) -> str:
    for size, letter in _SHORT:
        if events % size == 0:
            return f"{events // size} {letter}"
    return f"{events:,}"
