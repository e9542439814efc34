"""A stated cost must include everything that is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from lambdameter import units
from lambdameter.audit import bills, formula, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

# Omissions below this share of a bill are ignored.
_WORTH = Decimal("0.01")
# Ratios of whole bills that differ by less than this share are the same claim.
_SAME = Decimal("0.1")


class Partial(NamedTuple):
    """A stated cost, and the whole bill at the same price."""

    figure: Figure
    whole: Decimal
    left_out: Mapping[str, Decimal]


def left_out(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """Costs without requests, other services or INIT. One finding for each omission."""
    groups: dict[tuple[str, ...], list[Partial]] = {}
    for partial in partials(table, prices):
        groups.setdefault(tuple(partial.left_out), []).append(partial)
    for titles, group in groups.items():
        worst = max(group, key=lambda partial: partial.whole / partial.figure.value)
        factors = [partial.whole / partial.figure.value for partial in group]
        missing = ", ".join(
            f"{title} ({rows.formatted('money', worst.left_out[title])})" for title in titles
        )
        init = _init(table, worst.figure)
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        yield Finding(
            rule="left-out",
            severity="left out",
            lines=rows.lines(partial.figure for partial in group),
            stated=f"{worst.figure.printed} (line {worst.figure.line}){more}",
            right=f"{rows.formatted('money', worst.whole)} with {missing}{init}",
            why=f"The whole bill is {_span(factors)} as high; saving on a part of "
            "the bill is not saving as much on the whole bill.",
        )


def ratios(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """A ratio of incomplete costs is not the ratio of the bills."""
    whole = {partial.figure.line: partial.whole for partial in partials(table, prices)}
    by_id = rows.by_id(table)
    for figure in table.figures:
        if not figure.formula or figure.dimension != "ratio" or not whole:
            continue
        parsed = formula.parse(figure.formula)
        reached = [by_id[name] for name in parsed.names if by_id[name].line in whole]
        if not reached:
            continue
        values = {name: whole.get(by_id[name].line, by_id[name].value) for name in parsed.names}
        right = formula.evaluate(parsed, values)
        if abs(right - figure.value) > _SAME * abs(figure.value):
            yield Finding(
                rule="left-out-ratio",
                severity="left out",
                lines=(figure.line,),
                stated=figure.printed,
                right=f"{rows.like(figure, right)} for the whole bills "
                f"({units.lines(rows.lines(reached))})",
                why="The costs leave out what is paid for every variant, so the "
                "ratio of the whole bills is another.",
            )


def partials(table: PublishedTable, prices: PriceList) -> Iterator[Partial]:
    """Costs that are only a part of the bill without saying so."""
    for figure in rows.of(table, "cost"):
        bill = bills.bill(figure, table, prices)
        reading = bills.reading(figure, bill) if bill is not None and not figure.covers else None
        if reading is None:
            continue
        whole = reading.usd + sum(reading.left_out.values(), Decimal(0))
        worth = {
            title: amount for title, amount in reading.left_out.items() if amount > _WORTH * whole
        }
        if worth and figure.value:
            yield Partial(figure, whole, worth)


def _init(table: PublishedTable, figure: Figure) -> str:
    """A sentence about INIT, which cold starts pay; no table has the number of cold starts."""
    init = next((row for row in rows.of(table, "init") if row.variant == figure.variant), None)
    return f"; cold starts also pay for INIT ({init.printed}, line {init.line})" if init else ""


def _span(factors: list[Decimal]) -> str:
    least, most = units.number(min(factors)), units.number(max(factors))
    return f"{least} times" if least == most else f"{least} to {most} times"
