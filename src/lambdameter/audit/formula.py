"""Formulas over the ids of rows: `1 - K1.cost / K3.cost`.

Numbers, ids, + - * / and parentheses are allowed. Everything else is refused, so that somebody
else's table cannot run code here.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

MOST_NAMES = 10

_OPERATORS: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Formula(NamedTuple):
    """A parsed formula, and the ids in it."""

    tree: ast.expr
    names: tuple[str, ...]


def parse(text: str) -> Formula:
    """Parse a formula; a leading "=" is allowed, as in spreadsheets.

    Raises:
        ValueError: the text is not a formula; the message says why.
    """
    try:
        tree = ast.parse(text.strip().removeprefix("=").strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("it is not a formula") from None
    names = tuple(dict.fromkeys(_names(tree)))
    if len(names) > MOST_NAMES:
        raise ValueError(f"it refers to {len(names)} rows, and the maximum is {MOST_NAMES}")
    return Formula(tree, names)


def is_name(text: str) -> bool:
    """Whether a formula can use a text as an id: `K1`, `K1.total`."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split("."))


def evaluate(formula: Formula, values: Mapping[str, Decimal]) -> Decimal:
    """The value of a formula. Raises ArithmeticError for a division by zero."""
    return _evaluate(formula.tree, values)


def bounds(
    formula: Formula, intervals: Mapping[str, tuple[Decimal, Decimal]]
) -> tuple[Decimal, Decimal]:
    """The smallest and the largest value of a formula, if each id has an interval.

    Such a formula is monotone in each id while no divisor changes its sign, so the corners of the
    box have the extremes.

    Raises:
        ArithmeticError: the formula may divide by zero.
    """
    corners = itertools.product(*(intervals[name] for name in formula.names))
    values = [_evaluate(formula.tree, dict(zip(formula.names, at, strict=True))) for at in corners]
    return min(values), max(values)


def _names(node: ast.expr) -> list[str]:
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return [*_names(left), *_names(right)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _names(operand)
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return []
        case ast.Name() | ast.Attribute():
            return [_dotted(node)]
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not a number, an id or one of + - * /")


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not an id")


def _evaluate(node: ast.expr, values: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.UnaryOp(operand=operand):
            return -_evaluate(operand, values)
        case ast.Constant(value=int() | float() as number):
            return Decimal(str(number))
        case _:
            return values[_dotted(node)]
