"""Rows that state the same quantity must agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from lambdameter.audit import rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

_SAME = ("metric", "part", "work", "records", "billed_ms", "runs", "period", "covers")
# Metrics of several things, which the formula names instead of the labels.
_NAMELESS = ("ratio", "saving", "count")
_SPREADS = 2


def contradictions(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Two rows that state the same quantity must have the same figure."""
    stated = [
        figure
        for figure in table.figures
        if not figure.derived and (figure.metric not in _NAMELESS or figure.work or figure.formula)
    ]
    for group in rows.grouped(stated, _identity).values():
        for first, second in itertools.combinations(group, 2):
            if not rows.compatible(first.statistic, second.statistic):
                continue
            if _low(first) > _high(second) or _low(second) > _high(first):
                yield Finding(
                    rule="contradiction",
                    severity="inconsistent",
                    lines=rows.lines((first, second)),
                    stated=f"{first.printed} (line {first.line}) and "
                    f"{second.printed} (line {second.line})",
                    right=f"One value for {rows.name(first)}",
                    why="Both rows state the same quantity, and rounding does not "
                    f"explain the difference{_beside(first, second)}.",
                )


def _identity(figure: Figure) -> tuple[object, ...]:
    uses = tuple(sorted(figure.uses.items()))
    nameless = figure.formula if figure.metric in _NAMELESS else ""
    return (*rows.cell(figure), *rows.pick(figure, *_SAME), uses, nameless)


def _low(figure: Figure) -> Decimal:
    return figure.low - _SPREADS * (figure.spread or 0)


def _high(figure: Figure) -> Decimal:
    return figure.high + _SPREADS * (figure.spread or 0)


def _beside(first: Figure, second: Figure) -> str:
    notes = [f"line {row.line}: {row.note}" for row in (first, second) if row.note]
    return f" ({'; '.join(notes)})" if notes else ""
