"""A table's content in canonical form: only equal items have the same bytes. Pure.

Counts and digests are the same as those of lambdameter's `verify/`, which a test compares; the
function's package contains only the standard library.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Context
from typing import Any

# Number of differing records that are sent field by field.
MAX_SHOWN = 10
# A number has up to 38 digits in DynamoDB: the context must not round.
_EXACT = Context(prec=100, Emax=999_999, Emin=-999_999)

Item = dict[str, Any]


def read(items: Iterable[Item], key: str) -> dict[bytes, bytes]:
    """Items in DynamoDB's JSON -> canonical key -> canonical item, both as JSON."""
    content = {}
    for typed in items:
        item = {name: _value(value) for name, value in typed.items()}
        content[_json({key: item[key]})] = _json(item)
    return content


def digest(content: Mapping[bytes, bytes]) -> str:
    """SHA-256 over each key (its length first) and the SHA-256 of its item, in key order."""
    total = hashlib.sha256()
    for key in sorted(content):
        total.update(len(key).to_bytes(4, "big") + key + hashlib.sha256(content[key]).digest())
    return total.hexdigest()


def compare(expected: Mapping[bytes, bytes], actual: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The number of missing, extra and changed records, and the first of them field by field."""
    missing = expected.keys() - actual.keys()
    extra = actual.keys() - expected.keys()
    changed = {key for key in expected.keys() & actual.keys() if expected[key] != actual[key]}
    return {
        "missing": len(missing),
        "extra": len(extra),
        "changed": len(changed),
        "first": [
            {"key": key.decode(), "fields": _fields(expected.get(key), actual.get(key))}
            for key in sorted(missing | extra | changed)[:MAX_SHOWN]
        ],
    }


def _fields(expected: bytes | None, actual: bytes | None) -> list[dict[str, Any]]:
    left, right = json.loads(expected or b"{}"), json.loads(actual or b"{}")
    return [
        {"field": name, "expected": left.get(name), "actual": right.get(name)}
        for name in sorted(left.keys() | right.keys())
        if left.get(name) != right.get(name)
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _value(typed: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, content),) = typed.items()
    return {kind: _CANONICAL[kind](content)}


def _number(text: str) -> str:
    exact = _EXACT.create_decimal(text)
    return f"{exact.normalize(_EXACT):f}" if exact else "0"


def _binary(content: bytes | str) -> str:
    """boto3 gives bytes; DynamoDB's JSON has base64."""
    return base64.b64encode(content).decode() if isinstance(content, bytes) else content


def _set(canonical: Callable[[Any], str]) -> Callable[[list[Any]], list[str]]:
    return lambda members: sorted({canonical(member) for member in members})


_CANONICAL: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": _binary,
    "BOOL": bool,
    "NULL": bool,
    "SS": _set(str),
    "NS": _set(_number),
    "BS": _set(_binary),
    "L": lambda members: [_value(member) for member in members],
    "M": lambda members: {name: _value(member) for name, member in members.items()},
}
