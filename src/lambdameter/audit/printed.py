"""Metrics and units of table rows, and the meaning of printed figures.

A printed figure is rounded: "0.21" is anything from 0.205 to 0.215, and every rule uses this
interval. "~300" is 300 within a tenth, and "50-80" is a range.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from lambdameter.model.audit import Dimension

# metric -> dimension. The column `part` names a part of a total (an S3 read, a parse).
METRICS: Mapping[str, Dimension] = {
    "duration": "time",
    "init": "time",
    "billed": "time",
    "total": "time",
    "part": "time",
    "per_1000": "time",
    "max_memory": "size",
    "package": "size",
    "cost": "money",
    "saving": "money",
    "price": "price",
    "ratio": "ratio",
    "count": "count",
}
# Unit -> its size in the dimension's base unit (the first of each dimension). Lambda's MB are MiB:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
UNITS: Mapping[Dimension, Mapping[str, Decimal]] = {
    "time": {
        "ms": Decimal(1),
        "ns": Decimal("0.000001"),
        "us": Decimal("0.001"),
        "µs": Decimal("0.001"),
        "s": Decimal(1000),
        "min": Decimal(60_000),
    },
    "size": {
        "B": Decimal(1),
        "KB": Decimal(1000),
        "MB": Decimal(1_000_000),
        "KiB": Decimal(1024),
        "MiB": Decimal(1_048_576),
    },
    "money": {"USD": Decimal(1)},
    "ratio": {"x": Decimal(1), "%": Decimal("0.01")},
    # A price per millisecond is for one memory size: `memory_mb` converts it to GB-seconds.
    "price": {"USD/GB-s": Decimal(1), "USD/ms": Decimal(1)},
    "count": {"": Decimal(1)},
}

_NUMBER = r"\$?\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_FIGURE = re.compile(rf"([~≈])?\s*{_NUMBER}")
_RANGE = re.compile(rf"{_NUMBER}\s*(?:\.\.|-|\u2013)\s*{_NUMBER}")
_ABOUT = Decimal("0.1")
_MOST_DIGITS = 18


class Printed(NamedTuple):
    """A printed figure: its value, and the interval that it may stand for."""

    value: Decimal
    low: Decimal
    high: Decimal


def read(text: str) -> Printed:
    """A figure: "14,740", "$0.21", "1e6", "~300", "50-80", "2.9..3.3".

    Raises:
        ValueError: the text is not a figure, or a range with its ends in the wrong order.
    """
    stripped = text.strip()
    if match := _RANGE.fullmatch(stripped):
        first, last = (_decimal(digits) for digits in match.groups())
        low, high = first - _half_a_digit(first), last + _half_a_digit(last)
        if first > last:
            raise ValueError(f"{text!r} is not a figure")
        return Printed((first + last) / 2, max(low, Decimal(0)), high)
    match = _FIGURE.fullmatch(stripped)
    if match is None:
        raise ValueError(f"{text!r} is not a figure")
    about, digits = match.groups()
    value = _decimal(digits)
    half = max(value * _ABOUT if about else Decimal(0), _half_a_digit(value))
    return Printed(value, max(value - half, Decimal(0)), value + half)


def _decimal(digits: str) -> Decimal:
    value = Decimal(digits.replace(",", ""))
    if value and abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{digits!r} is not a figure")
    return value


def _half_a_digit(value: Decimal) -> Decimal:
    """Half of the last printed digit; for whole numbers, one half."""
    exponent = value.as_tuple().exponent
    return Decimal((0, (5,), min(int(exponent), 0) - 1))
