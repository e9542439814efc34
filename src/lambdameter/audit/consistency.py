"""A table, and the text around it, says one thing of one thing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from lambdameter.audit import rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

_SAME = ("metric", "part", "work", "records", "billed_ms", "runs", "period", "covers")
# These are of two things or more, which their labels do not name: the formula does.
_NAMELESS = ("ratio", "saving", "count")
_SPREADS = 2


def contradictions(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Two rows that say the same thing do not say it with different figures."""
    stated = [
        one
        for one in table.figures
        if not one.derived and (one.metric not in _NAMELESS or one.work or one.formula)
    ]
    for group in rows.grouped(stated, _identity).values():
        for one, other in itertools.combinations(group, 2):
            if not rows.compatible(one.statistic, other.statistic):
                continue
            if _low(one) > _high(other) or _low(other) > _high(one):
                yield Finding(
                    rule="contradiction",
                    severity="inconsistent",
                    lines=rows.lines((one, other)),
                    stated=f"{one.shown} (line {one.line}) and {other.shown} (line {other.line})",
                    right=f"One value for {rows.name(one)}",
                    why="Both rows state the same quantity, and rounding does not "
                    f"explain the difference{_beside(one, other)}.",
                )


def _identity(figure: Figure) -> tuple[object, ...]:
    uses = tuple(sorted(figure.uses.items()))
    nameless = figure.formula if figure.metric in _NAMELESS else ""
    return (*rows.cell(figure), *rows.pick(figure, *_SAME), uses, nameless)


def _low(figure: Figure) -> Decimal:
    return figure.low - _SPREADS * (figure.spread or 0)


def _high(figure: Figure) -> Decimal:
    return figure.high + _SPREADS * (figure.spread or 0)


def _beside(one: Figure, other: Figure) -> str:
    notes = [f"line {row.line}: {row.note}" for row in (one, other) if row.note]
    return f" ({'; '.join(notes)})" if notes else ""
