"""The canonical form of a DynamoDB item: items are equal if and only if their bytes are. Pure.

Items are in DynamoDB's typed JSON (`{"amount": {"N": "129.50"}}`), as in its API and in
`expected.ndjson`. Numbers and sets are normalised as DynamoDB compares them; strings are compared
byte for byte, without Unicode normalisation, as in DynamoDB:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from decimal import Context, InvalidOperation
from typing import Any

import msgspec

from lambdameter.model.workload import Table

Value = Mapping[str, Any]
Item = Mapping[str, Value]

# Version of the form: part of the names of cached digests.
FORM = 1
# A number in DynamoDB has up to 38 digits, none of which may be rounded.
_EXACT = Context(prec=100, Emax=999_999, Emin=-999_999)
_KIB = 1024
_JSON = msgspec.json.Encoder(order="deterministic")


def item(typed: Item) -> dict[str, Any]:
    """The canonical form of an item.

    Raises:
        ValueError: this is not a DynamoDB item.
    """
    return {name: value(typed_value) for name, typed_value in typed.items()}


def item_hash(canonical: Item) -> bytes:
    """SHA-256 of a canonical item."""
    return hashlib.sha256(_JSON.encode(canonical)).digest()


def key(canonical: Item, table: Table) -> bytes:
    """The key attributes of a canonical item, as JSON for GetItem.

    Raises:
        ValueError: a key attribute is missing or has another type.
    """
    attributes = {}
    for part in (table.partition_key, table.sort_key):
        if part is None:
            continue
        if part.type not in canonical.get(part.name, {}):
            raise ValueError(f"an item has no key {part.name} of type {part.type}")
        attributes[part.name] = canonical[part.name]
    return _JSON.encode(attributes)


def show(typed: Value) -> str:
    """A value for readers: `{"N":"129.5"}`."""
    return _JSON.encode(value(typed)).decode()


def value(typed: Value) -> dict[str, Any]:
    """The canonical form of one typed value.

    Raises:
        ValueError: this is not a DynamoDB value.
    """
    if len(typed) != 1:
        raise ValueError(f"{dict(typed)!r} is not a single typed value")
    ((kind, content),) = typed.items()
    form = _FORMS.get(kind)
    if form is None:
        raise ValueError(f"DynamoDB has no type named {kind!r}")
    try:
        return {kind: form(content)}
    except (TypeError, AttributeError, InvalidOperation, binascii.Error) as failure:
        raise ValueError(f"{content!r} is not a value of type {kind}") from failure


def write_units(canonical: Item) -> int:
    """Write request units of one standard write of a canonical item: its size in KiB, rounded up.

    The size follows AWS's rule, which is only approximate for numbers:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    size = sum(len(name.encode()) + _size(typed_value) for name, typed_value in canonical.items())
    return max(1, -(-size // _KIB))


def _string(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError
    return text


def _number(text: str) -> str:
    exact = _EXACT.create_decimal(_string(text))
    if not exact.is_finite():
        raise InvalidOperation
    return f"{exact.normalize(_EXACT):f}" if exact else "0"


def _binary(content: bytes | str) -> str:
    """Base64 of bytes (from boto3) or of base64 text (from DynamoDB's JSON)."""
    raw = content if isinstance(content, bytes) else base64.b64decode(content, validate=True)
    return base64.b64encode(raw).decode()


def _true_or_false(content: bool) -> bool:  # noqa: FBT001  a value, not a switch
    if not isinstance(content, bool):
        raise TypeError
    return content


def _set_of(form: Callable[[Any], str]) -> Callable[[list[Any]], list[str]]:
    return lambda members: sorted({form(member) for member in members})


_FORMS: dict[str, Callable[[Any], Any]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _true_or_false,
    "NULL": _true_or_false,
    "SS": _set_of(_string),
    "NS": _set_of(_number),
    "BS": _set_of(_binary),
    "L": lambda members: [value(member) for member in members],
    "M": lambda members: {name: value(member) for name, member in members.items()},
}


def _size(canonical: Value) -> int:
    ((kind, content),) = canonical.items()
    return _SIZES[kind](content)


def _number_size(canonical: str) -> int:
    """One byte per two significant digits, plus one; zeroes at both ends do not count."""
    digits = canonical.lstrip("-").replace(".", "").strip("0")
    return -(-len(digits) // 2) + 1


def _binary_size(canonical: str) -> int:
    return len(canonical) // 4 * 3 - canonical.count("=")


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "N": _number_size,
    "B": _binary_size,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "SS": lambda members: sum(len(member.encode()) for member in members),
    "NS": lambda members: sum(map(_number_size, members)),
    "BS": lambda members: sum(map(_binary_size, members)),
    "L": lambda members: 3 + sum(1 + _size(member) for member in members),
    "M": lambda members: (
        3 + sum(1 + len(name.encode()) + _size(member) for name, member in members.items())
    ),
}
