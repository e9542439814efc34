"""One record: its schema, the first way in which it breaks it, and the request that writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

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
AMOUNT = FIELDS.index("amount_paid")
MAX_TEXT = 512  # characters: the key stays below DynamoDB's 2,048 bytes whatever they are

Flaw = tuple[str | None, str]


class Number(str):
    """A JSON number, as it was written."""

    __slots__ = ()


_is_amount = re.compile(r"(?:0|[1-9][0-9]{0,6})(?:\.[0-9]{1,2})?").fullmatch
_ATTRIBUTES = ",".join(
    f'"{field}":{{"{"N" if index == AMOUNT else "S"}":%s}}' for index, field in enumerate(FIELDS)
)
_REQUEST = f'{{"PutRequest":{{"Item":{{{_ATTRIBUTES}}}}}}}'
_SOUND_TYPES = tuple(Number if index == AMOUNT else str for index in range(len(FIELDS)))
# Texts in their order, then the amount.
_JUDGED = (*(index for index in range(len(FIELDS)) if index != AMOUNT), AMOUNT)


def request(values: Sequence[str]) -> bytes | None:
    """A sound record's part of a BatchWriteItem; None where a text or the amount is flawed.

    botocore would make the same of a dict, at many times the cost.
    """
    if "" in values or max(map(len, values)) > MAX_TEXT or not _is_amount(values[AMOUNT]):
        return None
    try:
        return (_REQUEST % tuple(map(encode_basestring, values))).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which json.loads takes
        return None


def are_sound_types(values: Sequence[Any]) -> bool:
    """Whether these are texts and a number where a JSON record must have them."""
    return tuple(map(type, values)) == _SOUND_TYPES


def flaw(values: Sequence[Any]) -> Flaw:
    """The first field that breaks the schema, and why, of values that do; None is a missing one."""
    return next(
        (FIELDS[index], reason)
        for index in _JUDGED
        if (reason := _reason(values[index], index)) is not None
    )


def _reason(value: Any, index: int) -> str | None:
    if value is None:
        return "missing"
    if index == AMOUNT:
        return None if type(value) is Number and _is_amount(value) else "not_an_amount"
    if type(value) is not str:
        return "not_a_string"
    if not value:
        return "empty"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "not_unicode"
    return "too_long" if len(value) > MAX_TEXT else None
