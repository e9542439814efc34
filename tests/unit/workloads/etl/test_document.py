"""What the Python variant reads; that the Rust one reads the same stands in tests/parity."""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

Record = dict[str, Any]


@pytest.fixture
def sound(python_variant: SimpleNamespace) -> Record:
    return dict.fromkeys(python_variant.document.FIELDS, "x") | {"amount_paid": Decimal("129.50")}


def as_json(record: Record) -> bytes:
    members = (
        f"{json.dumps(field)}:{value if isinstance(value, Decimal) else json.dumps(value)}"
        for field, value in record.items()
    )
    return f"[{{{','.join(members)}}}]".encode()


def as_csv(record: Record) -> bytes:
    return f"{','.join(record)}\r\n{','.join(map(str, record.values()))}\r\n".encode()


def test_both_formats_give_the_same_item(python_variant: SimpleNamespace, sound: Record) -> None:
    parse = python_variant.document.parse
    assert parse(as_csv(sound), "csv") == parse(as_json(sound), "json")
    assert parse(as_csv(sound), "csv") == (1, [sound], {"count": 0, "first": []})


def test_an_amount_is_a_decimal_as_written(python_variant: SimpleNamespace, sound: Record) -> None:
    for text in ("0", "0.5", "129.5", "129.50", "9999999.99"):
        body = as_json(sound | {"amount_paid": Decimal(text)})
        [item] = python_variant.document.parse(body, "json").items
        assert (type(item["amount_paid"]), str(item["amount_paid"])) == (Decimal, text)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("city", None, "missing"),
        ("city", "", "empty"),
        ("city", 7, "not_a_string"),
        ("city", [[]], "not_a_string"),
        ("city", "\ud800", "not_unicode"),
        ("city", "é" * 513, "too_long"),
        ("amount_paid", None, "missing"),
        ("amount_paid", "129.50", "not_an_amount"),
        ("amount_paid", True, "not_an_amount"),
        ("amount_paid", -1, "not_an_amount"),
        ("amount_paid", 1.234, "not_an_amount"),
        ("amount_paid", 12_345_678, "not_an_amount"),
    ],
)
def test_the_first_broken_field_is_named_with_its_reason(
    python_variant: SimpleNamespace, sound: Record, field: str, value: object, reason: str
) -> None:
    document = python_variant.document.parse(as_json(sound | {field: value}), "json")
    assert document.items == []
    assert document.invalid == {
        "count": 1,
        "first": [{"record": 0, "field": field, "reason": reason}],
    }


def test_only_the_first_hundred_flaws_are_named(python_variant: SimpleNamespace) -> None:
    document = python_variant.document.parse(b"[" + b",".join([b"0"] * 150) + b"]", "json")
    assert document.invalid["count"] == 150
    assert [flaw["record"] for flaw in document.invalid["first"]] == list(range(100))


@pytest.mark.parametrize(
    ("form", "body", "message"),
    [
        ("json", b"[", "not JSON"),
        ("json", b"[NaN]", "not JSON"),
        ("json", b"[" * 100_000, "not JSON"),
        ("json", b"[" * 65 + b"]" * 65, "64 levels"),
        ("json", b"{}", "array"),
        ("json", b"[\xff]", "UTF-8"),
        ("json", "[]".encode("utf-16"), "UTF-8"),
        ("csv", b"", "first row"),
        ("csv", b"a,b\r\n", "first row"),
        ("csv", b"a,b\r\n\xff", "UTF-8"),
    ],
)
def test_what_is_no_document_fails_as_a_whole(
    python_variant: SimpleNamespace, form: str, body: bytes, message: str
) -> None:
    with pytest.raises(python_variant.document.InvalidDocument, match=message):
        python_variant.document.parse(body, form)
