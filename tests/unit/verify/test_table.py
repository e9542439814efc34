from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.model.sample import FieldDifference
from lambdameter.model.workload import Table, TableKey
from lambdameter.verify import table

RULE = table.Rule(table=Table(partition_key=TableKey(name="id", type="S")))
Item = dict[str, Any]


def item(number: int, **attributes: Any) -> Item:
    return {"id": {"S": f"r{number}"}, "amount": {"N": "12.50"}, **attributes}


TABLES = st.dictionaries(st.integers(0, 99), st.integers(0, 5), min_size=1, max_size=12).map(
    lambda content: [item(key, value={"N": str(value)}) for key, value in content.items()]
)


def digest(items: list[Item], rule: table.Rule = RULE) -> table.TableDigest:
    return table.digest(iter(items), rule)


def key(number: int) -> bytes:
    return b'{"id":{"S":"r%d"}}' % number


@given(TABLES, st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(items: list[Item], chance: random.Random) -> None:
    shuffled = list(items)
    chance.shuffle(shuffled)
    assert digest(shuffled) == digest(items)
    assert table.compare(digest(items), digest(shuffled)).keys == []


@given(TABLES, st.data())
def test_any_single_change_is_found_and_named(items: list[Item], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(items) - 1))
    attribute, value = data.draw(
        st.sampled_from(
            [
                ("value", {"N": "77"}),
                ("value", {"S": items[position]["value"]["N"]}),
                ("amount", {"S": "12.5"}),
                ("new", {"NULL": True}),
            ]
        )
    )
    changed = [dict(one) for one in items]
    changed[position][attribute] = value
    differing = table.compare(digest(items), digest(changed))
    assert digest(items).digest != digest(changed).digest
    assert differing.keys == list(differing.changed)
    assert [one.decode() for one in differing.keys] == [
        f'{{"id":{{"S":"{items[position]["id"]["S"]}"}}}}'
    ]


@given(TABLES, st.data())
def test_any_missing_item_is_found_and_is_extra_the_other_way_round(
    items: list[Item], data: st.DataObject
) -> None:
    lost = data.draw(st.integers(0, len(items) - 1))
    fewer = items[:lost] + items[lost + 1 :]
    assert digest(fewer).digest != digest(items).digest
    there = table.compare(digest(items), digest(fewer))
    back = table.compare(digest(fewer), digest(items))
    assert len(there.missing) == 1
    assert there.missing == back.extra
    assert there.keys == back.keys


def test_equal_numbers_spelt_otherwise_are_no_difference() -> None:
    assert digest([item(1)]) == digest([item(1, amount={"N": "12.5"})])


def test_an_ignored_attribute_may_differ_or_be_absent() -> None:
    rule = table.Rule(table=RULE.table, ignored=frozenset({"at"}))
    left = digest([item(1, at={"S": "now"}), item(2)], rule)
    right = digest([item(1), item(2, at={"S": "then"})], rule)
    assert left.digest == right.digest


def test_an_ignored_attribute_still_costs_its_write() -> None:
    rule = table.Rule(table=RULE.table, ignored=frozenset({"at"}))
    assert digest([item(1, at={"S": "x" * 1024})], rule).write_units == 2


def test_rules_that_ignore_otherwise_have_other_forms() -> None:
    other = table.Rule(table=RULE.table, ignored=frozenset({"at"}))
    assert other.form != RULE.form


def test_two_items_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="r1"):
        digest([item(1), item(1)])


def test_count_and_write_units_are_over_all_items() -> None:
    total = digest([item(1), item(2, text={"S": "x" * 1024})])
    assert (total.count, total.write_units) == (2, 3)


def test_a_record_is_shown_field_by_field() -> None:
    left = {key(1): item(1, city={"S": "Köln"}, gone={"N": "1.0"})}
    right = {key(1): item(1, city={"S": "Koln"}, new={"BOOL": True})}
    (shown,) = table.differences([key(1)], left.get, right.get)
    assert shown.key == '{"id":{"S":"r1"}}'
    assert shown.fields == (
        FieldDifference(field="city", expected='{"S":"Köln"}', actual='{"S":"Koln"}'),
        FieldDifference(field="gone", expected='{"N":"1"}', actual=None),
        FieldDifference(field="new", expected=None, actual='{"BOOL":true}'),
    )


def test_a_wrong_type_is_shown_as_one() -> None:
    (shown,) = table.fields({"n": {"N": "1"}}, {"n": {"S": "1"}})
    assert (shown.expected, shown.actual) == ('{"N":"1"}', '{"S":"1"}')


def test_a_missing_record_is_shown_with_every_field() -> None:
    (shown,) = table.differences([key(1)], {key(1): item(1)}.get, lambda _: None)
    assert [(one.field, one.actual) for one in shown.fields] == [("amount", None), ("id", None)]


def test_inside_maps_the_path_is_shown() -> None:
    left = {"m": {"M": {"a": {"M": {"b": {"N": "1"}, "same": {"S": "x"}}}}}}
    right = {"m": {"M": {"a": {"M": {"b": {"N": "2"}, "same": {"S": "x"}}}}}}
    assert [one.field for one in table.fields(left, right)] == ["m.a.b"]


def test_ignored_attributes_are_not_shown() -> None:
    left, right = {key(1): item(1, at={"S": "a"})}, {key(1): item(1, at={"S": "b"})}
    (shown,) = table.differences([key(1)], left.get, right.get, frozenset({"at"}))
    assert shown.fields == ()
