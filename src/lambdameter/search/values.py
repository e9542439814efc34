"""Strategies for JSON values within the limits of a JSON Schema. Pure.

hypothesis also draws the numbers and letters at which programs differ: the ends of ranges and of
machine integers, letters that change their length with their case. This module adds decimal
fractions, whose halves can be rounded in several ways, and whole numbers where fractions are
allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

Strategy = st.SearchStrategy[Any]

# Decimal places of money, measurements and shares.
_DECIMAL_PLACES = (1, 2, 3)
# Numbers without limits are mostly below this; hypothesis's own floats go to the extremes.
_ORDINARY = 10**9

# Text that programs treat differently: a digit that is not ASCII; letters whose other case is
# longer, does not convert back, or depends on position or language; composed and combining marks;
# spaces and line ends; letters of several UTF-16 units; characters of common formats.
NOTABLE = (
    *"a0 A",
    *"\u0663\u00df\u1e9e\u0130\u0131\u03a3\u03c2\u01c5\ufb01\u212a",
    *"\u00e9\u0301\u1100\u1161",
    *"\u00a0\u0085\u200b\u2028\u3000\ufeff\t\n\r\x00",
    *"\U0001f600\U0001f3fd\U0001d518",
    *"\"'\\/%+-.,;{}",
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)

FORMATS: Mapping[str, Callable[[], Strategy]] = {
    "date": lambda: st.dates().map(str),
    "time": lambda: st.times().map(lambda time: f"{time.isoformat()}Z"),
    "date-time": lambda: st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "uuid": lambda: st.uuids().map(str),
    "ipv4": lambda: st.ip_addresses(v=4).map(str),
    "ipv6": lambda: st.ip_addresses(v=6).map(str),
    "email": st.emails,
}


def integers(schema: Mapping[str, Any]) -> Strategy:
    """Whole numbers within the limits."""
    step = Fraction(str(schema.get("multipleOf", 1)))
    # A whole number that is a multiple of 0.1 is a multiple of 1.
    step = Fraction(step.numerator)
    low, high = _steps(schema, step)
    return st.integers(low, high).map(lambda n: int(n * step))


def numbers(schema: Mapping[str, Any]) -> Strategy:
    """Whole numbers, decimal fractions and doubles."""
    if "multipleOf" in schema:
        step = Fraction(str(schema["multipleOf"]))
        return st.integers(*_steps(schema, step)).map(lambda n: _number(n * step))
    kinds = [_whole(schema), *(_decimals(schema, places) for places in _DECIMAL_PLACES)]
    low, high = _limit(schema, "inimum"), _limit(schema, "aximum")
    kinds.append(
        st.floats(
            None if low is None else float(low[0]),
            None if high is None else float(high[0]),
            exclude_min=low is not None and low[1],
            exclude_max=high is not None and high[1],
            allow_nan=False,
            allow_infinity=False,
        )
    )
    return st.one_of([kind for kind in kinds if kind is not None])


def strings(schema: Mapping[str, Any]) -> Strategy:
    """Text of any letters, or text of a pattern or format."""
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        # Unlike other dialects, Python's $ allows a line end after it.
        pattern = re.sub(r"(?<!\\)\$$", r"\\Z", schema["pattern"])
        generator: Strategy = st.from_regex(re.compile(pattern))
    elif "format" in schema:
        generator = FORMATS[schema["format"]]()
    else:
        letters = st.sampled_from(NOTABLE)
        return st.text(min_size=least, max_size=most) | st.text(
            letters, min_size=least, max_size=most
        )
    return generator.filter(lambda text: least <= len(text) <= (math.inf if most is None else most))


def _whole(schema: Mapping[str, Any]) -> Strategy | None:
    low, high = _steps(schema, Fraction(1))
    empty = low is not None and high is not None and low > high
    return None if empty else st.integers(low, high)


def _decimals(schema: Mapping[str, Any], places: int) -> Strategy | None:
    """Whole part and fraction, drawn separately, so that 110.5 can be reduced to 0.5."""
    step = Fraction(1, 10**places)
    first, last = _steps(schema, step)
    low = min(-_ORDINARY, 0 if last is None else last) if first is None else first
    high = max(_ORDINARY, low) if last is None else last
    if low > high:
        return None
    whole = st.integers(low * step.numerator // step.denominator, int(high * step))
    fraction = st.integers(0, step.denominator - 1)
    return (
        st.builds(lambda whole_part, parts: whole_part * step.denominator + parts, whole, fraction)
        .filter(lambda n: low <= n <= high)
        .map(lambda n: float(n * step))
    )


def _steps(schema: Mapping[str, Any], step: Fraction) -> tuple[int | None, int | None]:
    """The first and the last multiple of the step within the limits; None: no limit."""
    low, high = _limit(schema, "inimum"), _limit(schema, "aximum")
    first = last = None
    if low is not None:
        first = math.ceil(low[0] / step)
        first += low[1] and first * step == low[0]
    if high is not None:
        last = math.floor(high[0] / step)
        last -= high[1] and last * step == high[0]
    return first, last


def _limit(schema: Mapping[str, Any], which: str) -> tuple[Fraction, bool] | None:
    """A limit, and whether it is exclusive; the narrower one if both kinds are given."""
    limits = [
        (Fraction(str(schema[name])), name.startswith("exclusive"))
        for name in (f"m{which}", f"exclusiveM{which}")
        if name in schema
    ]
    narrower = max if which == "inimum" else min
    return narrower(limits, key=lambda limit: limit[0]) if limits else None


def _number(exact: Fraction) -> int | float:
    return int(exact) if exact.denominator == 1 else float(exact)


def check(generator: Strategy) -> None:
    """Check that a strategy has values.

    Raises:
        ValueError: the limits contradict each other; the message names them.
    """
    try:
        generator.validate()
    except InvalidArgument as failure:
        raise ValueError(str(failure)) from failure
