"""Figures with their units, formatted. Pure.

Figures have at most three significant digits and no scientific notation. Whole numbers from a
thousand on have all digits, in groups, so that readers can compare them with published figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import NewType

Milliseconds = NewType("Milliseconds", float)
MiB = NewType("MiB", float)
Usd = NewType("Usd", Decimal)

BYTES_PER_MIB = 1024 * 1024
NOTHING = "-"
_SIGNIFICANT = 3
_WHOLE_FROM = 100
_MS_PER_S = 1000
_S_PER_MIN = 60


def number(value: float | Decimal | None) -> str:
    """Three significant digits: 0.0123, 1.23, 12.3, 123, 14,740."""
    if value is None:
        return NOTHING
    exact = Decimal(str(value))
    if exact == 0:
        return "0"
    # Rounded first: 9.996 is 10.0, not 10.00.
    rounded = Context(prec=_SIGNIFICANT).plus(exact)
    if abs(rounded) >= _WHOLE_FROM:
        return f"{exact:,.0f}"
    places = max(0, _SIGNIFICANT - 1 - rounded.adjusted())
    return f"{rounded:.{places}f}"


def ms(value: float | None) -> str:
    """Milliseconds without their unit, which is in the head of the column."""
    return number(value)


def time(value_ms: float | None) -> str:
    """A time with its unit: "14.7 s", and below a second "34.5 ms"."""
    if value_ms is None:
        return NOTHING
    return f"{number(value_ms)} ms" if value_ms < _MS_PER_S else f"{number(value_ms / _MS_PER_S)} s"


def duration(value_s: float) -> str:
    """An approximate time: "12 s", "4.2 min", "1.3 h"."""
    if value_s < 1:
        return "1 s"
    if value_s < _S_PER_MIN:
        return f"{value_s:.0f} s"
    minutes = value_s / _S_PER_MIN
    return f"{minutes:.2g} min" if minutes < _S_PER_MIN else f"{minutes / _S_PER_MIN:.2g} h"


def count(how_many: int, noun: str) -> str:
    """A number of things: "1 round", "20 rounds"."""
    return f"{how_many:,} {noun}{'' if how_many == 1 else 's'}"


def percent(share: float | Decimal | None) -> str:
    """A share as whole percent; below one percent with two significant digits."""
    if share is None:
        return NOTHING
    hundredfold = Decimal(str(share)) * 100
    if hundredfold == 0 or abs(hundredfold) >= 1:
        return f"{hundredfold:.0f} %"
    return f"{hundredfold:.{1 - hundredfold.adjusted()}f} %"


def span(low: float | Decimal, high: float | Decimal) -> str:
    """An interval as a sentence has it: "0.512 to 0.634"."""
    return f"{number(low)} to {number(high)}"


def level(share: float) -> str:
    """A confidence level: "95 %", "99.4 %"."""
    return f"{100 * share:.3g} %"


def megabytes(size: int) -> str:
    """Bytes as decimal megabytes: "17.1 MB"."""
    return f"{number(Decimal(size) / 1_000_000)} MB"


def gigabytes(size: int) -> str:
    """Bytes as decimal gigabytes: "25.3 GB"."""
    return f"{number(Decimal(size) / 1_000_000_000)} GB"


def usd(value: Decimal | None) -> str:
    """US dollars: cents from one dollar up, three significant digits below."""
    if value is None:
        return NOTHING
    if value == 0 or abs(value) >= 1:
        return f"${value:,.2f}"
    return f"${number(value)}"


def usd_per_million(value: Decimal | None) -> str:
    """The cost of a million calls, from that of one: "$0.230", and "$1,234" from $100 up."""
    if value is None:
        return NOTHING
    million = value * 1_000_000
    return f"${million:,.0f}" if million >= _WHOLE_FROM else usd(million)


def lines(numbers: Sequence[int]) -> str:
    """Line numbers of a file: "line 4", "lines 4, 7-9"."""
    spans: list[list[int]] = []
    for line in numbers:
        if spans and line == spans[-1][-1] + 1:
            spans[-1].append(line)
        else:
            spans.append([line])
    texts = (str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)
    return f"{'line' if len(numbers) == 1 else 'lines'} {', '.join(texts)}"
