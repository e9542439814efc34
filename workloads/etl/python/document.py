"""From an object's bytes to items and flaws; the rules stand in the workload's README."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

FIELDS = (
    "registration_id",
    "event_name",
    "event_date",
    "venue",
    "city",
    "attendee_name",
    "email",
    "ticket_type",
    "amount_paid",
    "payment_method",
    "seat_section",
)
AMOUNT = "amount_paid"
TEXTS = tuple(field for field in FIELDS if field != AMOUNT)
MAX_TEXT = 512  # characters: the key stays below DynamoDB's 2,048 bytes whatever they are
MAX_DEPTH = 64
NAMED_FLAWS = 100

_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,2})?")
_NO_AMOUNT = Decimal("NaN")
_BRACKETS = re.compile(r'"(?:[^"\\]+|\\.)*"|[\[\]{}]', re.DOTALL)
_HEADER = dict(zip(FIELDS, FIELDS, strict=True))

# The module's own limit of 131,072 would fail a whole document over one long field.
csv.field_size_limit(sys.maxsize)

Item = dict[str, Any]


class InvalidDocument(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The object as a whole cannot be read."""


class Document(NamedTuple):
    """What an object holds.

    Attributes:
        records: how many there are, sound or not.
        items: the sound ones, in order.
        invalid: {"count": N, "first": [{"record", "field", "reason"}, ...]}.
    """

    records: int
    items: list[Item]
    invalid: dict[str, Any]


def parse(body: bytes, form: str) -> Document:
    """Read all of a "csv" or "json" object; InvalidDocument where it is none."""
    try:
        return _validate(_read_csv(body) if form == "csv" else _read_json(body))
    except UnicodeDecodeError:
        raise InvalidDocument("the object is not UTF-8") from None


def _read_csv(body: bytes) -> Iterator[Any]:
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    rows = csv.DictReader(text, fieldnames=FIELDS)
    if next(rows, None) != _HEADER:
        body.decode()  # not being UTF-8 is the better answer, wherever the fault lies
        raise InvalidDocument(f"the first row is not {','.join(FIELDS)}")
    for row in rows:
        if row[AMOUNT] is not None:
            row[AMOUNT] = _amount(row[AMOUNT])
        yield row


def _read_json(body: bytes) -> list[Any]:
    text = body.decode("utf-8-sig")
    refusal = InvalidDocument(f"the object is not JSON of at most {MAX_DEPTH} levels")
    try:
        records = json.loads(
            text, parse_float=_amount, parse_int=_amount, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise refusal from None
    flat = sum(type(record) is dict for record in records) if type(records) is list else 0
    brackets = body.count(b"[") + body.count(b"{")
    # One bracket a record, and the array's own: with so few no path can be too deep.
    if brackets >= MAX_DEPTH + flat and _depth(text) > MAX_DEPTH:
        raise refusal
    if type(records) is not list:
        raise InvalidDocument("the object is not a JSON array")
    return records


def _depth(text: str) -> int:
    """How deep the arrays and objects of a sound JSON text are nested."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in "]}":
            depth -= 1
    return deepest


def _amount(text: str) -> Decimal:
    """The amount exactly as written; NaN where it is not written as one."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else _NO_AMOUNT


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # json.loads takes NaN and Infinity unless told


def _validate(records: Iterable[Any]) -> Document:
    index = -1
    items: list[Item] = []
    named: list[dict[str, Any]] = []
    for index, record in enumerate(records):
        flaw = _flaw(record)
        if flaw is None:
            if len(record) > len(FIELDS):
                record = {field: record[field] for field in FIELDS}  # noqa: PLW2901
            items.append(record)
        elif len(named) < NAMED_FLAWS:
            named.append({"record": index, "field": flaw[0], "reason": flaw[1]})
    count = index + 1
    return Document(count, items, {"count": count - len(items), "first": named})


def _flaw(record: Any) -> tuple[str | None, str] | None:
    """The first field that breaks the schema, and why; None for a sound record."""
    if type(record) is not dict:
        return None, "not_a_record"
    if None in record:  # where DictReader puts what is beyond the header
        return None, "too_many_fields"
    for field in TEXTS:
        value = record.get(field)
        if (
            type(value) is not str
            or not 0 < len(value) <= MAX_TEXT
            or not (value.isascii() or _is_unicode(value))
        ):
            return field, _text_reason(value)
    amount = record.get(AMOUNT)
    if amount is None:
        return AMOUNT, "missing"
    if type(amount) is not Decimal or amount.is_nan():
        return AMOUNT, "not_an_amount"
    return None


def _text_reason(value: Any) -> str:
    if value is None:
        return "missing"
    if type(value) is not str:
        return "not_a_string"
    if not value:
        return "empty"
    return "too_long" if _is_unicode(value) else "not_unicode"


def _is_unicode(value: str) -> bool:
    r"""Whether no half of a surrogate pair stands alone (json.loads takes "\ud800")."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
