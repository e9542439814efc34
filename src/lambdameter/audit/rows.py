"""Which rows speak of the same thing, and how they are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from lambdameter import units
from lambdameter.audit import formula
from lambdameter.model.audit import Figure, PublishedTable

Key = TypeVar("Key")

# What makes rows figures of one call of one function.
_CELL = ("system", "variant", "case", "call", "run", "memory_mb", "architecture", "region")
# Statistics that stand for a typical call, and so may be set against each other.
TYPICAL = ("", "mean", "median")


def cell(figure: Figure) -> tuple[object, ...]:
    """The call and the function that a figure is of."""
    return pick(figure, *_CELL)


def pick(figure: Figure, *names: str) -> tuple[object, ...]:
    """Some columns of a row."""
    return tuple(getattr(figure, name) for name in names)


def grouped(
    figures: Iterable[Figure], key: Callable[[Figure], Key]
) -> Mapping[Key, tuple[Figure, ...]]:
    """Rows by what `key` says of them, in their order."""
    groups: dict[Key, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(key(figure), []).append(figure)
    return {name: tuple(group) for name, group in groups.items()}


def of(table: PublishedTable, *metrics: str) -> Iterator[Figure]:
    """The rows with these metrics."""
    return (figure for figure in table.figures if figure.metric in metrics)


def by_id(table: PublishedTable) -> dict[str, Figure]:
    """The rows that a formula can name."""
    return {figure.id: figure for figure in table.figures if figure.id}


def compatible(first: object, second: object) -> bool:
    """Whether two cells can mean the same: an empty one may mean anything."""
    return first == second or first in ("", None) or second in ("", None)


def lines(figures: Iterable[Figure]) -> tuple[int, ...]:
    """Where they stand, each once."""
    return tuple(sorted({figure.line for figure in figures}))


class Dependents:
    """Which rows are said to follow from which."""

    def __init__(self, table: PublishedTable) -> None:
        named = by_id(table)
        self._followers: dict[int, list[int]] = {}
        for figure in table.figures:
            for needed in formula.parse(figure.formula).names if figure.formula else ():
                self._followers.setdefault(named[needed].line, []).append(figure.line)

    def of(self, start: Collection[int]) -> tuple[int, ...]:
        """The rows whose formulas lead to one of these lines, through other rows as well."""
        reached, ahead = set(start), list(start)
        while ahead:
            new = set(self._followers.get(ahead.pop(), ())) - reached
            reached |= new
            ahead += new
        return tuple(sorted(reached - set(start)))


def name(figure: Figure) -> str:
    """What a row is of: "Python csv parse at 128 MB"."""
    noun = figure.part or figure.work or figure.metric.replace("_", " ")
    words = (figure.variant, figure.case, figure.call, figure.statistic, noun)
    at = f" at {figure.memory_mb:,} MB" if figure.memory_mb else ""
    return " ".join(filter(None, words)) + at


def formatted(dimension: str, value: Decimal) -> str:
    """A figure in its dimension's base unit, as a sentence has it."""
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
    """A figure in the unit in which this row states its own."""
    if figure.shown.endswith("%"):
        return f"{value * 100:.3g} %"
    return formatted(figure.dimension, value)
