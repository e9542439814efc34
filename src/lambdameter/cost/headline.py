"""A published saving compared with the whole bill, line by line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lambdameter.model.bill import Bill, BillLine, CellBill
from lambdameter.model.claim import Headline
from lambdameter.model.reproduction import HeadlineBill, HeadlineLine


def headline_bill(
    source: str, headline: Headline, bill: Bill, count: int | None = None
) -> HeadlineBill | None:
    """Both variants' bills for the headline's number of calls, as means over its cases.

    Args:
        source: id of the text.
        headline: the published saving.
        bill: bill of the run.
        count: units of work in each of the run's calls.

    Returns:
        None where a cell has no bill, because it was not measured or not shown equal.
    """
    of, over = (_cells(bill, headline, variant) for variant in (headline.of, headline.over))
    if of is None or over is None:
        return None
    share = Decimal(headline.calls) / len(headline.cases)
    items = dict.fromkeys(line.item for cell in (*over, *of) for line in cell.lines)
    whole = _sum(over, share)
    lines = tuple(
        HeadlineLine(
            item=item,
            over_usd=float(_sum(over, share, item)),
            of_usd=float(_sum(of, share, item)),
            saved=float((_sum(over, share, item) - _sum(of, share, item)) / whole),
        )
        for item in items
    )
    compute = [sum((cell.touchable_usd for cell in side), Decimal(0)) for side in (of, over)]
    mine = _sum(of, share)
    return HeadlineBill(
        source=source,
        headline=headline,
        lines=lines,
        over_usd=float(whole),
        of_usd=float(mine),
        count=count,
        compute_saved=float(1 - compute[0] / compute[1]),
        whole_saved=float(1 - mine / whole),
        compute_ratio=float(compute[1] / compute[0]),
        whole_ratio=float(whole / mine),
        region=bill.region,
        prices_as_of=bill.prices_as_of,
    )


def _cells(bill: Bill, headline: Headline, variant: str) -> list[CellBill] | None:
    wanted = {(variant, case, headline.memory_mb) for case in headline.cases}
    cells = [cell for cell in bill.cells if cell.key in wanted]
    return cells if len(cells) == len(wanted) else None


def _sum(cells: Sequence[CellBill], share: Decimal, item: str | None = None) -> Decimal:
    def wanted(line: BillLine) -> bool:
        return item is None or line.item == item

    lines = (line.usd for cell in cells for line in cell.lines if wanted(line))
    return sum(lines, Decimal(0)) * share
