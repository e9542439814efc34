from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.model import FieldDifference
from lambdameter.verify import response

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_the_order_of_keys_does_not_matter(document: dict[str, Any]):
    turned = dict(reversed(document.items()))
    assert response.canonical(document) == response.canonical(turned)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=5))
def test_a_response_is_what_it_is_expected_to_be(document: dict[str, Any]):
    assert response.compare(document, document) == ()


@pytest.mark.parametrize(
    ("left", "right"), [(1, "1"), (1, True), (0, None), ([1, 2], [2, 1]), (1, 1.5), ({}, [])]
)
def test_other_values_and_types_differ(left: Any, right: Any):
    assert response.canonical({"x": left}) != response.canonical({"x": right})
    assert len(response.compare({"x": left}, {"x": right})) == 1


def test_one_number_has_one_form():
    assert response.canonical({"x": 2000}) == response.canonical({"x": 2000.0})


def test_ignored_paths_are_left_out_below_objects_and_lists():
    document = {"n": 1, "took": 5, "parts": {"a_ms": 1, "rows": 2}, "each": [{"ms": 1, "k": 2}]}
    assert (
        response.canonical(document, ["took", "parts.a_ms", "each.ms"])
        == '{"each":[{"k":2}],"n":1,"parts":{"rows":2}}'
    )


def test_an_ignored_name_elsewhere_is_kept():
    assert response.canonical({"a": {"ms": 1}}, ["ms"]) == '{"a":{"ms":1}}'


def test_a_difference_is_named_by_its_path():
    found = response.compare({"a": {"n": 2, "m": 1}, "b": [1]}, {"a": {"n": 3, "m": 1}, "b": [1]})
    assert found == (FieldDifference(field="a.n", expected="2", actual="3"),)


def test_a_missing_field_is_told_from_null():
    (missing,) = response.compare({"n": None}, {})
    assert (missing.expected, missing.actual) == ("null", None)


def test_more_than_is_expected_is_no_difference():
    assert response.compare({"n": 1}, {"n": 1, "total_ms": 5}) == ()


@pytest.mark.parametrize("nonsense", ["lol", None, 7, ["n"]])
def test_an_answer_that_is_no_object_lacks_everything(nonsense: Any):
    assert [one.field for one in response.compare({"n": 1, "m": 2}, nonsense)] == ["n", "m"]


def test_what_is_ignored_is_not_expected():
    assert response.compare({"n": 1, "took": 3}, {"n": 1}, ["took"]) == ()
