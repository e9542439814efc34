"""A cost that is called the cost holds all that is paid for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from lambdameter import units
from lambdameter.audit import bills, formula, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

# Less than this share of a bill is not worth a word.
_WORTH = Decimal("0.01")
# A ratio of whole bills that differs by less is the same claim.
_SAME = Decimal("0.1")


class Partial(NamedTuple):
    """A stated cost, and the whole at the price with which it was made."""

    figure: Figure
    whole: Decimal
    left_out: Mapping[str, Decimal]


def left_out(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """Requests, other services and INIT: what is not in a cost. One finding for each omission."""
    groups: dict[tuple[str, ...], list[Partial]] = {}
    for partial in partials(table, prices):
        groups.setdefault(tuple(partial.left_out), []).append(partial)
    for titles, found in groups.items():
        worst = max(found, key=lambda one: one.whole / one.figure.value)
        factors = [one.whole / one.figure.value for one in found]
        missing = ", ".join(
            f"{title} ({rows.told('money', worst.left_out[title])})" for title in titles
        )
        init = _init(table, worst.figure)
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Finding(
            rule="left-out",
            severity="left out",
            lines=rows.lines(one.figure for one in found),
            stated=f"{worst.figure.shown} (line {worst.figure.line}){more}",
            right=f"{rows.told('money', worst.whole)} with {missing}{init}",
            why=f"The whole bill is {_span(factors)} as high; saving on a part of "
            "the bill is not saving as much on the whole bill.",
        )


def ratios(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """A ratio of costs that leave something out is not the ratio of the bills."""
    whole = {one.figure.line: one.whole for one in partials(table, prices)}
    known = rows.by_id(table)
    for figure in table.figures:
        if not figure.formula or figure.dimension != "ratio" or not whole:
            continue
        parsed = formula.parse(figure.formula)
        reached = [known[name] for name in parsed.names if known[name].line in whole]
        if not reached:
            continue
        values = {name: whole.get(known[name].line, known[name].value) for name in parsed.names}
        right = formula.evaluate(parsed, values)
        if abs(right - figure.value) > _SAME * abs(figure.value):
            yield Finding(
                rule="left-out-ratio",
                severity="left out",
                lines=(figure.line,),
                stated=figure.shown,
                right=f"{rows.like(figure, right)} for the whole bills "
                f"({units.lines(rows.lines(reached))})",
                why="The costs leave out what is paid for every variant, so the "
                "ratio of the whole bills is another.",
            )


def partials(table: PublishedTable, prices: PriceList) -> Iterator[Partial]:
    """The costs that are part of the bill, and do not say so."""
    for figure in rows.of(table, "cost"):
        made = bills.bill(figure, table, prices)
        found = bills.reading(figure, made) if made is not None and not figure.covers else None
        if found is None:
            continue
        whole = found.usd + sum(found.left_out.values(), Decimal(0))
        worth = {
            title: amount for title, amount in found.left_out.items() if amount > _WORTH * whole
        }
        if worth and figure.value:
            yield Partial(figure, whole, worth)


def _init(table: PublishedTable, figure: Figure) -> str:
    """INIT is paid with every cold start; how many a month has, no table says."""
    found = next((one for one in rows.of(table, "init") if one.variant == figure.variant), None)
    return f"; cold starts also pay for INIT ({found.shown}, line {found.line})" if found else ""


def _span(factors: list[Decimal]) -> str:
    least, most = units.number(min(factors)), units.number(max(factors))
    return f"{least} times" if least == most else f"{least} to {most} times"
