"""A handler's answer: its canonical form, and the differences between two answers. Pure.

Rules:

* The order of an object's keys does not matter; the order of a list's elements does.
* Numbers are compared by value: 1, 1.0 and 1e0 are alike, and so are 0 and -0.0. Integers of any
  length are exact; numbers with a fraction or an exponent are doubles.
* Strings are compared by code points, without Unicode normalisation and regardless of escapes.
* null differs from a missing field; a number, a string with its digits and a boolean all differ.
* If an object has a key twice, the last value counts.

NaN, infinities and halves of surrogate pairs are not JSON: such an answer is wrong. The canonical
form is that of https://www.rfc-editor.org/rfc/rfc8785, except for integers beyond 2^53, which that
form rounds.
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
    """An answer as canonical JSON, without ignored fields."""
    return _JSON.encode(_compared(response, _ignored(rule), "")).decode()


def compare(
    expected: dict[str, Any], response: Any, rule: EqualityRule = EXACT
) -> tuple[FieldDifference, ...]:
    """The fields of `expected` that the answer lacks or has with another value.

    Additional fields are allowed, but not in lists, nor in objects in a list.
    """
    there = response if isinstance(response, dict) else {}
    return _compare(expected, there, rule, open_ended=True)


def differences(left: Any, right: Any, rule: EqualityRule = EXACT) -> tuple[FieldDifference, ...]:
    """The differences of two answers; `expected` is the left one. The field "" is the answer."""
    return _compare(left, right, rule, open_ended=False)


def _compare(
    left: Any, right: Any, rule: EqualityRule, *, open_ended: bool
) -> tuple[FieldDifference, ...]:
    ignored = _ignored(rule)
    tolerances = {field.field: field for field in rule.response if field.tolerated}
    pair = _Pair(_compared(left, ignored, ""), _compared(right, ignored, ""))
    return tuple(_differences(pair, tolerances, open_ended=open_ended))


class _Pair(NamedTuple):
    """Two values at the same place of two answers.

    Attributes:
        path: the place as a rule names it, without indexes.
        label: as a reader sees it, with indexes.
    """

    left: Any
    right: Any
    path: str = ""
    label: str = ""

    def field(self, name: str) -> _Pair:
        dot = "." if self.path else ""
        after = "." if self.label else ""
        path, label = f"{self.path}{dot}{name}", f"{self.label}{after}{name}"
        return _Pair(self.left[name], self.right[name], path, label)

    def element(self, index: int) -> _Pair:
        label = f"{self.label}[{index}]"
        return _Pair(self.left[index], self.right[index], self.path, label)

    def difference(self) -> FieldDifference:
        return FieldDifference(
            field=self.label, expected=_text(self.left), actual=_text(self.right)
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
            yield pair.difference()  # the whole list, if it has only plain values
    elif not _alike(left, right, tolerances.get(pair.path)):
        yield pair.difference()


def _alike(left: Any, right: Any, tolerance: AnswerMayDiffer | None) -> bool:
    if tolerance is not None and _is_number(left) and _is_number(right):
        # Fractions, since an integer may be too large for a double.
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
    """A value without ignored fields, with numbers in canonical form."""
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
