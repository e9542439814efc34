"""A handler's answer: its canonical form, and what differs between two. Pure.

What is alike in two answers, and what is not:

* the order of an object's keys does not matter, that of a list's elements does;
* a number is its value: 1, 1.0 and 1e0 are alike, and so are 0 and -0.0. Integers are exact to any
  length; a number with a fraction or an exponent is the double nearest to it;
* strings are alike code point by code point, without Unicode normalisation, however they were
  escaped;
* null is not the same as a field that is not there; a number, a string of its digits and a boolean
  are three things;
* of a key that an object has twice the last counts.

NaN, infinities and halves of surrogate pairs are no JSON at all: such an answer is wrong.
A form with one spelling for each value is that of https://www.rfc-editor.org/rfc/rfc8785, but for
integers beyond 2^53, which it rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from lambdameter.model.sample import FieldDifference
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule

EXACT = EqualityRule()

_JSON = msgspec.json.Encoder(order="deterministic")


def canonical(response: Any, rule: EqualityRule = EXACT) -> str:
    """The answer as canonical JSON, without the fields that are not compared."""
    return _JSON.encode(_compared(response, _ignored(rule), "")).decode()


def compare(
    expected: dict[str, Any], response: Any, rule: EqualityRule = EXACT
) -> tuple[FieldDifference, ...]:
    """Every field of `expected` that the answer has not, or has otherwise; more is no difference.

    A list has the elements that are expected and no more, and so has an object in a list.
    """
    there = response if isinstance(response, dict) else {}
    return _told(expected, there, rule, open_ended=True)


def differences(left: Any, right: Any, rule: EqualityRule = EXACT) -> tuple[FieldDifference, ...]:
    """Where two answers differ; `expected` is the left one's value. The field "" is the whole."""
    return _told(left, right, rule, open_ended=False)


def _told(
    left: Any, right: Any, rule: EqualityRule, *, open_ended: bool
) -> tuple[FieldDifference, ...]:
    ignored = _ignored(rule)
    tolerances = {field.field: field for field in rule.response if field.tolerated}
    pair = _Pair(_compared(left, ignored, ""), _compared(right, ignored, ""))
    return tuple(_differences(pair, tolerances, open_ended=open_ended))


class _Pair(NamedTuple):
    """Two values at one place.

    Attributes:
        path: as a rule names it, without indexes.
        shown: as a reader is told it, with them.
    """

    left: Any
    right: Any
    path: str = ""
    shown: str = ""

    def field(self, name: str) -> _Pair:
        dot = "." if self.path else ""
        after = "." if self.shown else ""
        path, shown_path = f"{self.path}{dot}{name}", f"{self.shown}{after}{name}"
        return _Pair(self.left[name], self.right[name], path, shown_path)

    def element(self, index: int) -> _Pair:
        shown_path = f"{self.shown}[{index}]"
        return _Pair(self.left[index], self.right[index], self.path, shown_path)

    def told(self) -> FieldDifference:
        return FieldDifference(
            field=self.shown, expected=_text(self.left), actual=_text(self.right)
        )


def _differences(
    pair: _Pair, tolerances: dict[str, AnswerMayDiffer], *, open_ended: bool
) -> Iterator[FieldDifference]:
    left, right = pair.left, pair.right
    if isinstance(left, dict) and isinstance(right, dict):
        names = list(left) if open_ended else sorted(left.keys() | right.keys())
        there = pair._replace(
            left={name: left.get(name, msgspec.UNSET) for name in names},
            right={name: right.get(name, msgspec.UNSET) for name in names},
        )
        for name in names:
            yield from _differences(there.field(name), tolerances, open_ended=open_ended)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        inner = [
            list(_differences(pair.element(index), tolerances, open_ended=False))
            for index in range(len(left))
        ]
        if any(isinstance(element, dict | list) for element in (*left, *right)):
            yield from (difference for differences in inner for difference in differences)
        elif any(inner):
            yield pair.told()  # a list of plain values is shown as a whole
    elif not _alike(left, right, tolerances.get(pair.path)):
        yield pair.told()


def _alike(left: Any, right: Any, tolerance: AnswerMayDiffer | None) -> bool:
    if tolerance is not None and _is_number(left) and _is_number(right):
        # As fractions: an integer may be too large for a double.
        a, b = Fraction(left), Fraction(right)
        absolute, relative = tolerance.absolute or 0, Fraction(tolerance.relative or 0)
        return abs(a - b) <= max(absolute, relative * max(abs(a), abs(b)))
    return _text(left) == _text(right)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    return None if value is msgspec.UNSET else _JSON.encode(value).decode()


def _ignored(rule: EqualityRule) -> frozenset[str]:
    return frozenset(field.field for field in rule.response if not field.tolerated)


def _compared(value: Any, ignored: frozenset[str], path: str) -> Any:
    """What of a value is compared, each number in its one form."""
    if isinstance(value, dict):
        return {
            name: _compared(inner, ignored, f"{path}{name}.")
            for name, inner in value.items()
            if f"{path}{name}" not in ignored
        }
    if isinstance(value, list):
        return [_compared(inner, ignored, path) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
