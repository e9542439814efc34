from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.model.sample import FieldDifference
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule
from lambdameter.verify import response


def ignoring(*fields: str) -> EqualityRule:
    return EqualityRule(
        response=tuple(AnswerMayDiffer(field=one, reason="a time") for one in fields)
    )


def tolerating(field: str, **limits: float) -> EqualityRule:
    return EqualityRule(response=(AnswerMayDiffer(field=field, reason="a sum", **limits),))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(document: dict[str, Any]) -> None:
    turned = dict(reversed(document.items()))
    assert response.canonical(document) == response.canonical(turned)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_a_response_is_what_it_is_expected_to_be(document: dict[str, Any]) -> None:
    assert response.compare(document, document) == ()


@pytest.mark.parametrize(
    ("left", "right"), [(1, "1"), (1, True), (0, None), ([1, 2], [2, 1]), (1, 1.5), ({}, [])]
)
def test_other_values_and_types_differ(left: Any, right: Any) -> None:
    assert response.canonical({"x": left}) != response.canonical({"x": right})
    assert len(response.compare({"x": left}, {"x": right})) == 1


def test_one_number_has_one_form() -> None:
    assert response.canonical({"x": 2000}) == response.canonical({"x": 2000.0})


def test_ignored_paths_are_left_out_below_objects_and_lists() -> None:
    document = {"n": 1, "took": 5, "parts": {"a_ms": 1, "rows": 2}, "each": [{"ms": 1, "k": 2}]}
    assert (
        response.canonical(document, ignoring("took", "parts.a_ms", "each.ms"))
        == '{"each":[{"k":2}],"n":1,"parts":{"rows":2}}'
    )


def test_an_ignored_name_elsewhere_is_kept() -> None:
    assert response.canonical({"a": {"ms": 1}}, ignoring("ms")) == '{"a":{"ms":1}}'


def test_a_difference_is_named_by_its_path() -> None:
    found = response.compare({"a": {"n": 2, "m": 1}, "b": [1]}, {"a": {"n": 3, "m": 1}, "b": [1]})
    assert found == (FieldDifference(field="a.n", expected="2", actual="3"),)


def test_a_missing_field_is_told_from_null() -> None:
    (missing,) = response.compare({"n": None}, {})
    assert (missing.expected, missing.actual) == ("null", None)


def test_more_than_is_expected_is_no_difference() -> None:
    assert response.compare({"n": 1}, {"n": 1, "total_ms": 5}) == ()


@pytest.mark.parametrize("nonsense", ["lol", None, 7, ["n"]])
def test_an_answer_that_is_no_object_lacks_everything(nonsense: Any) -> None:
    assert [one.field for one in response.compare({"n": 1, "m": 2}, nonsense)] == ["n", "m"]


def test_what_is_ignored_is_not_expected() -> None:
    assert response.compare({"n": 1, "took": 3}, {"n": 1}, ignoring("took")) == ()


ALIKE = {
    "the order of keys": (b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}'),
    "an integer and the same as a float": (b"[1, 100]", b"[1.0, 1e2]"),
    "zero and its negative": (b"[0, 0.0]", b"[-0.0, -0]"),
    "two spellings of a double": (b"0.1", b"0.1000000000000000055511151231257827"),
    "an escaped and a plain letter": (b'"\\u00e9\\ud83d\\ude00"', '"é😀"'.encode()),
    "a key that stands twice": (b'{"a": 1, "a": 2}', b'{"a": 2}'),
    "an integer beyond doubles": (b"1" + b"0" * 40, b"1" + b"0" * 40),
}
OTHER = {
    "the order of a list": (b"[1, 2]", b"[2, 1]"),
    "null and a field that is not there": (b'{"a": null}', b"{}"),
    "null and zero": (b"[null]", b"[0]"),
    "a number and its digits": (b"1", b'"1"'),
    "a boolean and a number": (b"true", b"1"),
    "neighbours beyond doubles": (b"9007199254740993", b"9007199254740992"),
    "neighbours beyond 64 bits": (b"18446744073709551617", b"18446744073709551616"),
    "an integer that wrapped": (b"2147483648", b"-2147483648"),
    "a composed and a decomposed letter": ('"\u00e9"'.encode(), '"e\u0301"'.encode()),
    "cases of a letter": ('"ß"'.encode(), b'"SS"'),
    "a space and one that does not break": (b'" "', '"\u00a0"'.encode()),
    "an empty object and an empty list": (b"{}", b"[]"),
    "an empty string and null": (b'""', b"null"),
    "lengths of a list": (b"[1]", b"[1, 1]"),
    "roundings": (b"0.30000000000000004", b"0.3"),
}


@pytest.mark.parametrize("texts", ALIKE.values(), ids=ALIKE)
def test_these_are_alike(texts: tuple[bytes, bytes]) -> None:
    left, right = map(msgspec.json.decode, texts)
    assert response.differences(left, right) == ()
    assert response.canonical(left) == response.canonical(right)


@pytest.mark.parametrize("texts", OTHER.values(), ids=OTHER)
def test_these_differ(texts: tuple[bytes, bytes]) -> None:
    left, right = map(msgspec.json.decode, texts)
    assert response.differences(left, right)
    assert response.canonical(left) != response.canonical(right)


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b'"\\ud800"', b'"\xff"', b"", b"{'a': 1}"])
def test_these_are_no_json(text: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        msgspec.json.decode(text)


@given(JSON, JSON)
def test_answers_differ_where_their_canonical_forms_do(left: Any, right: Any) -> None:
    same_form = response.canonical(left) == response.canonical(right)
    assert (response.differences(left, right) == ()) == same_form


@given(JSON, JSON)
def test_which_answer_comes_first_does_not_matter(left: Any, right: Any) -> None:
    there = response.differences(left, right)
    back = response.differences(right, left)
    assert {(one.field, one.expected, one.actual) for one in there} == {
        (one.field, one.actual, one.expected) for one in back
    }


def test_a_difference_in_a_list_of_objects_is_named_by_its_index() -> None:
    left = {"rows": [{"id": 1}, {"id": 2, "name": "a"}]}
    right = {"rows": [{"id": 1}, {"id": 2}]}
    (found,) = response.differences(left, right)
    assert found == FieldDifference(field="rows[1].name", expected='"a"', actual=None)


def test_a_list_of_plain_values_is_told_as_a_whole() -> None:
    (found,) = response.differences({"n": [1, 2, 3]}, {"n": [1, 5, 6]})
    assert found == FieldDifference(field="n", expected="[1,2,3]", actual="[1,5,6]")


def test_answers_that_are_no_objects_differ_as_a_whole() -> None:
    (found,) = response.differences("a", "b")
    assert found == FieldDifference(field="", expected='"a"', actual='"b"')


def test_more_in_an_object_of_a_list_is_a_difference_even_where_more_is_none() -> None:
    assert response.compare({"rows": [{"id": 1}]}, {"rows": [{"id": 1, "ms": 2}], "n": 1})


@pytest.mark.parametrize(
    ("limits", "right", "alike"),
    [
        ({"absolute": 0.01}, 10.01, True),
        ({"absolute": 0.01}, 10.02, False),
        ({"relative": 0.001}, 10.01, True),
        ({"relative": 0.001}, 10.02, False),
        ({"absolute": 1.0, "relative": 1e-9}, 11, True),
        ({"absolute": 0.01}, "10", False),
        ({"absolute": 0.01}, None, False),
        ({"absolute": 100.0}, True, False),
    ],
)
def test_a_number_may_differ_by_its_tolerance(
    limits: dict[str, float], right: Any, *, alike: bool
) -> None:
    rule = tolerating("parts.mean", **limits)
    told = response.differences({"parts": {"mean": 10}}, {"parts": {"mean": right}}, rule)
    assert (told == ()) == alike


def test_a_tolerance_holds_for_each_element_of_a_list() -> None:
    rule = tolerating("rows.mean", absolute=0.1)
    left, right = {"rows": [{"mean": 1.0}]}, {"rows": [{"mean": 1.05}]}
    assert response.differences(left, right, rule) == ()
    rule = tolerating("means", absolute=0.1)
    assert response.differences({"means": [1.0, 2.0]}, {"means": [1.05, 1.95]}, rule) == ()
    assert response.differences({"means": [1.0, 2.0]}, {"means": [1.05, 2.5]}, rule)


def test_a_tolerance_holds_for_integers_that_no_double_holds() -> None:
    rule = tolerating("n", absolute=1.0)
    assert response.differences({"n": 10**400}, {"n": 10**400 + 1}, rule) == ()
    assert response.differences({"n": 10**400}, {"n": 10**400 + 2}, rule)


def test_what_has_a_tolerance_stays_in_the_canonical_form() -> None:
    assert response.canonical({"n": 1.5}, tolerating("n", absolute=1.0)) == '{"n":1.5}'
