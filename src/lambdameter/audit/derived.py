"""Figures that a table does not state, computed from their formulas."""

from __future__ import annotations

import graphlib
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from lambdameter.audit import formula
from lambdameter.audit.fault import Fault
from lambdameter.audit.formula import Formula
from lambdameter.model.audit import Figure

# Unit of a derived figure: its base unit.
_BASE = {"time": " ms", "size": " B", "ratio": "x", "count": "", "price": " USD/GB-s"}


def resolve(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Compute the figures that have a formula but no value.

    Raises:
        Fault: a formula cannot be read, refers to a missing row, or depends on itself.
    """
    counted = Counter(figure.id for figure in figures if figure.id)
    for figure in figures:
        if counted[figure.id] > 1:
            cause = f"There are {counted[figure.id]} rows with the id {figure.id!r}"
            raise Fault(figure.line, "id", cause, "Give each row a different id.")
    by_id = {figure.id: figure for figure in figures if figure.id}
    lines = {figure.line: figure for figure in figures}
    formulas = {figure.line: _parse(figure, by_id) for figure in figures if figure.formula}
    for line in _order(lines, formulas, by_id):
        figure, parsed = lines[line], formulas[line]
        low, high, value = _give(figure, parsed, by_id)
        if figure.derived:
            text = f"{value:.6g}{_BASE[figure.dimension]}" if figure.dimension in _BASE else ""
            text = text or f"${value:.6g}"
            computed = msgspec.structs.replace(
                figure, value=value, low=low, high=high, printed=text
            )
            lines[line] = computed
            if figure.id:
                by_id[figure.id] = computed
    return tuple(lines[figure.line] for figure in figures)


def bounds(figure: Figure, by_id: Mapping[str, Figure]) -> tuple[Decimal, Decimal, Decimal]:
    """The result of a figure's formula: lower bound, upper bound, and value without rounding."""
    return _give(figure, formula.parse(figure.formula), by_id)


def _give(
    figure: Figure, parsed: Formula, by_id: Mapping[str, Figure]
) -> tuple[Decimal, Decimal, Decimal]:
    intervals = {name: (by_id[name].low, by_id[name].high) for name in parsed.names}
    try:
        low, high = formula.bounds(parsed, intervals)
        value = formula.evaluate(parsed, {name: by_id[name].value for name in parsed.names})
    except ArithmeticError:
        cause = f"{figure.formula!r} may divide by zero"
        raise Fault(
            figure.line, "from", cause, "Divide by a row whose value is more than 0."
        ) from None
    return low, high, value


def _parse(figure: Figure, by_id: Mapping[str, Figure]) -> Formula:
    try:
        parsed = formula.parse(figure.formula)
    except ValueError as error:
        cause = f"{figure.formula!r} cannot be used: {error}"
        raise Fault(
            figure.line, "from", cause, "Write only ids, numbers, + - * / and parentheses."
        ) from None
    for name in parsed.names:
        if name not in by_id:
            raise Fault(
                figure.line,
                "from",
                f"There is no row with the id {name!r}",
                "Give the row that is meant this id, or correct the formula.",
            )
    return parsed


def _order(
    lines: Mapping[int, Figure], formulas: Mapping[int, Formula], by_id: Mapping[str, Figure]
) -> list[int]:
    """Lines of the rows with a formula, each after the rows that it needs."""
    graph = {line: {by_id[name].line for name in parsed.names} for line, parsed in formulas.items()}
    try:
        return [line for line in graphlib.TopologicalSorter(graph).static_order() if line in graph]
    except graphlib.CycleError as error:
        first = lines[min(error.args[1])]
        cause = f"{first.formula!r} depends on itself"
        raise Fault(
            first.line, "from", cause, "Write the value of one of these figures instead."
        ) from None
