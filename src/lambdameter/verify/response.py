"""A handler's answer: its canonical form, and what differs from what it must be. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from lambdameter.model import FieldDifference

_JSON = msgspec.json.Encoder(order="deterministic")


def canonical(response: Any, ignored: Collection[str] = ()) -> str:
    """The answer as canonical JSON, without the ignored dotted paths.

    Keys are sorted and a number has one form, as in https://www.rfc-editor.org/rfc/rfc8785:
    JSON knows no difference between 1 and 1.0.
    """
    return _JSON.encode(_less(response, frozenset(ignored), "")).decode()


def compare(
    expected: dict[str, Any], response: Any, ignored: Collection[str] = ()
) -> tuple[FieldDifference, ...]:
    """Every field of `expected` that the answer has not, or has otherwise; more is no difference.

    Objects are compared field by field, everything else whole.
    """
    left = _less(expected, frozenset(ignored), "")
    right = _less(response, frozenset(ignored), "")
    return tuple(_differences(left, right, ""))


def _differences(expected: dict[str, Any], actual: Any, prefix: str) -> list[FieldDifference]:
    found: list[FieldDifference] = []
    there = actual if isinstance(actual, dict) else {}
    for name, wanted in expected.items():
        path = f"{prefix}{name}"
        if isinstance(wanted, dict) and isinstance(there.get(name), dict):
            found += _differences(wanted, there[name], f"{path}.")
            continue
        left = _JSON.encode(wanted).decode()
        right = _JSON.encode(there[name]).decode() if name in there else None
        if left != right:
            found.append(FieldDifference(field=path, expected=left, actual=right))
    return found


def _less(value: Any, ignored: frozenset[str], path: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _less(inner, ignored, f"{path}{name}.")
            for name, inner in value.items()
            if f"{path}{name}" not in ignored
        }
    if isinstance(value, list):
        return [_less(inner, ignored, path) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
