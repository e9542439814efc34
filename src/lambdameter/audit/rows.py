"""Which rows are about the same thing, and how figures are printed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from lambdameter import units
from lambdameter.audit import formula
from lambdameter.model.audit import Figure, PublishedTable

Key = TypeVar("Key")

# Columns that identify a call of a function.
_CELL = ("system", "variant", "case", "call", "run", "memory_mb", "architecture", "region")
# Statistics of a typical call, which can be compared with each other.
TYPICAL = ("", "mean", "median")


def cell(figure: Figure) -> tuple[object, ...]:
    """Key of a figure's call and function."""
    return pick(figure, *_CELL)


def pick(figure: Figure, *names: str) -> tuple[object, ...]:
    """The values of some columns of a row."""
    return tuple(getattr(figure, name) for name in names)


def grouped(
    figures: Iterable[Figure], key: Callable[[Figure], Key]
) -> Mapping[Key, tuple[Figure, ...]]:
    """Rows grouped by a key, in their order."""
    groups: dict[Key, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(key(figure), []).append(figure)
    return {name: tuple(group) for name, group in groups.items()}


def of(table: PublishedTable, *metrics: str) -> Iterator[Figure]:
    """The rows with these metrics."""
    return (figure for figure in table.figures if figure.metric in metrics)


def by_id(table: PublishedTable) -> dict[str, Figure]:
    """The rows that a formula can refer to, by id."""
    return {figure.id: figure for figure in table.figures if figure.id}


def compatible(first: object, second: object) -> bool:
    """Whether two cells can have the same meaning; an empty cell can mean anything."""
    return first == second or first in ("", None) or second in ("", None)


def lines(figures: Iterable[Figure]) -> tuple[int, ...]:
    """Lines of these rows, ascending, each once."""
    return tuple(sorted({figure.line for figure in figures}))


class Dependents:
    """The rows that follow from other rows, by their formulas."""

    def __init__(self, table: PublishedTable) -> None:
        named = by_id(table)
        self._followers: dict[int, list[int]] = {}
        for figure in table.figures:
            for needed in formula.parse(figure.formula).names if figure.formula else ():
                self._followers.setdefault(named[needed].line, []).append(figure.line)

    def of(self, start: Collection[int]) -> tuple[int, ...]:
        """The rows whose formulas lead to one of these lines, directly or through other rows."""
        reached, ahead = set(start), list(start)
        while ahead:
            new = set(self._followers.get(ahead.pop(), ())) - reached
            reached |= new
            ahead += new
        return tuple(sorted(reached - set(start)))


def name(figure: Figure) -> str:
    """A row in words: "Python csv parse at 128 MB"."""
    noun = figure.part or figure.work or figure.metric.replace("_", " ")
    words = (figure.variant, figure.case, figure.call, figure.statistic, noun)
    at = f" at {figure.memory_mb:,} MB" if figure.memory_mb else ""
    return " ".join(filter(None, words)) + at


def formatted(dimension: str, value: Decimal) -> str:
    """A figure in its dimension's base unit, formatted for a sentence."""
    match dimension:
        case "time":
            return units.time(float(value)) if value >= 1 else f"{value * 1_000_000:.3g} ns"
        case "money":
            return units.usd(value)
        case "size":
            return f"{units.number(value / 1_048_576)} MB"
        case "price":
            return f"${value:.3g}/GB-s"
        case "ratio":
            return f"{units.number(value)}x"
        case _:
            return units.number(value)


def like(figure: Figure, value: Decimal) -> str:
    """A value in the unit of this row's own figure."""
    if figure.printed.endswith("%"):
        return f"{value * 100:.3g} %"
    return formatted(figure.dimension, value)
