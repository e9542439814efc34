from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.model.workload import Table, TableKey
from lambdameter.verify import canonical

TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=Decimal(-(10**30)), max_value=10**30, places=6
).map(str)
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, TEXT),
    st.builds(lambda number: {"N": number}, NUMBERS),
    st.builds(lambda raw: {"B": raw}, st.binary(max_size=12)),
    st.builds(lambda truth: {"BOOL": truth}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda members: {"SS": sorted(members)}, st.sets(TEXT, min_size=1, max_size=4)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(lambda members: {"L": members}, st.lists(inner, max_size=3)),
        st.builds(lambda members: {"M": members}, st.dictionaries(TEXT, inner, max_size=3)),
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(TEXT, VALUES, max_size=6)


def form(typed: Any) -> bytes:
    return canonical.item_hash(canonical.item({"x": typed}))


@given(ITEMS)
def test_the_order_of_attributes_does_not_matter(item: dict[str, Any]) -> None:
    turned = dict(reversed(item.items()))
    assert canonical.item_hash(canonical.item(item)) == canonical.item_hash(canonical.item(turned))


@given(ITEMS)
def test_a_canonical_item_is_its_own_canonical_form(item: dict[str, Any]) -> None:
    once = canonical.item(item)
    assert canonical.item(once) == once


@given(ITEMS, TEXT, VALUES)
def test_any_other_value_or_type_of_one_attribute_is_another_item(
    item: dict[str, Any], name: str, value: dict[str, Any]
) -> None:
    changed = {**item, name: value}
    same_value = name in item and canonical.value(item[name]) == canonical.value(value)
    # True == 1 in Python, and the types' letters keep BOOL and N apart.
    same_hash = canonical.item_hash(canonical.item(item)) == canonical.item_hash(
        canonical.item(changed)
    )
    assert same_hash == same_value


@given(NUMBERS)
def test_a_number_has_one_form(number: str) -> None:
    exact = Decimal(number)
    for spelt in (f"{exact:f}", f"{exact:E}", f"{exact:f}" + ("00" if "." in number else ".00")):
        assert canonical.value({"N": spelt}) == canonical.value({"N": number})


@pytest.mark.parametrize(
    ("spelt", "shown"),
    [
        ("129.50", "129.5"),
        ("0129.5", "129.5"),
        ("1E2", "100"),
        ("-0.0", "0"),
        ("+7", "7"),
        ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
        ("1E-130", "0." + "0" * 129 + "1"),
    ],
)
def test_numbers_are_shown_plain(spelt: str, shown: str) -> None:
    assert canonical.show({"N": spelt}) == f'{{"N":"{shown}"}}'


def test_neighbours_at_38_digits_are_told_apart() -> None:
    assert form({"N": "1" * 38}) != form({"N": "1" * 37 + "2"})


def test_a_number_is_not_its_text() -> None:
    assert form({"N": "1"}) != form({"S": "1"})


def test_strings_are_not_normalised() -> None:
    assert form({"S": "\u00e9"}) != form({"S": "e\u0301"})


def test_the_order_of_a_set_does_not_matter_and_a_lists_does() -> None:
    assert form({"NS": ["2", "10.0"]}) == form({"NS": ["10", "2"]})
    assert form({"L": [{"S": "a"}, {"S": "b"}]}) != form({"L": [{"S": "b"}, {"S": "a"}]})


def test_bytes_and_their_base64_are_one_value() -> None:
    assert form({"B": b"\x00\xff"}) == form({"B": "AP8="})
    assert form({"BS": [b"b", b"a"]}) == form({"BS": ["YQ==", "Yg=="]})


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"S": "a", "N": "1"},
        {"X": "a"},
        {"S": 1},
        {"N": "one"},
        {"N": 1},
        {"N": "NaN"},
        {"N": "Infinity"},
        {"B": "no base64!"},
        {"BOOL": "true"},
        {"L": {"S": "a"}},
        {"M": [1]},
        {"SS": [1]},
    ],
)
def test_what_dynamodb_does_not_have_is_refused(typed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"DynamoDB|is no|not one"):
        canonical.value(typed)


def test_a_key_is_its_attributes_as_getitem_takes_them() -> None:
    table = Table(
        partition_key=TableKey(name="pk", type="S"), sort_key=TableKey(name="sk", type="N")
    )
    item = canonical.item({"sk": {"N": "1.0"}, "pk": {"S": "a"}, "other": {"S": "b"}})
    assert canonical.key(item, table) == b'{"pk":{"S":"a"},"sk":{"N":"1"}}'


@pytest.mark.parametrize("item", [{}, {"pk": {"N": "1"}}])
def test_an_item_without_its_key_is_refused(item: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no key pk of type S"):
        canonical.key(item, Table(partition_key=TableKey(name="pk", type="S")))


# Sizes worked out by hand from
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é" * 10}, 20),
        ({"N": "129.50"}, 3),
        ({"N": "-12000"}, 2),
        ({"N": "0"}, 1),
        ({"N": "0.00123"}, 3),
        ({"B": b"12345"}, 5),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["1", "123"]}, 5),
        ({"BS": [b"abc", b"d"]}, 4),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 3 + 1 + 2 + 1 + 1),
        ({"M": {"né": {"S": "ab"}}}, 3 + 1 + 3 + 2),
    ],
)
def test_write_units_step_where_the_item_outgrows_a_kibibyte(
    value: dict[str, Any], size: int
) -> None:
    def units(padding: int) -> int:
        return canonical.write_units(canonical.item({"v": value, "p": {"S": "x" * padding}}))

    names = 2
    assert units(1024 - names - size) == 1
    assert units(1025 - names - size) == 2


def test_an_empty_item_costs_one_unit() -> None:
    assert canonical.write_units({}) == 1
