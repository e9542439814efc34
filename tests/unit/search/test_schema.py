from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis.errors import NoSuchExample
from jsonschema import Draft202012Validator

from lambdameter.errors import BadInputError
from lambdameter.search.schema import strategy

PLACE = "input.schema.json"
UNDERSTOOD: dict[str, Any] = {
    "null": {"type": "null"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer", "minimum": -5, "exclusiveMaximum": 7},
    "multiples": {"type": "integer", "multipleOf": 12, "minimum": 1, "maximum": 100},
    "unlimited integer": {"type": "integer"},
    "number": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.75},
    "unlimited number": {"type": "number"},
    "half-limited number": {"type": "number", "minimum": 10**12},
    "narrow number": {"type": "number", "minimum": 0.31, "maximum": 0.32},
    "cents": {"type": "number", "multipleOf": 0.25, "minimum": 0, "maximum": 10},
    "string": {"type": "string", "minLength": 2, "maxLength": 5},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$", "maxLength": 8},
    "date": {"type": "string", "format": "date"},
    "array": {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
    "set": {"type": "array", "items": {"enum": [1, 1.0, "1", None]}, "uniqueItems": True},
    "anything": {"type": "array"},
    "object": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
        "required": ["a", "unnamed"],
    },
    "map": {
        "type": "object",
        "properties": {"a": {"const": 1}},
        "additionalProperties": {"type": "string", "maxLength": 3},
    },
    "types": {"type": ["string", "null", "integer"], "minimum": 3, "maxLength": 2},
    "enum": {"enum": ["a", None, {"b": [1]}]},
    "anyOf": {"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 0}]},
    "oneOf": {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    "reference": {
        "$defs": {"id/x": {"type": "string", "minLength": 1}},
        "type": "object",
        "properties": {"id": {"$ref": "#/$defs/id~1x"}},
        "required": ["id"],
    },
    "tree": {
        "type": "object",
        "properties": {"inner": {"type": "array", "items": {"$ref": "#"}, "maxItems": 2}},
    },
    "annotated": {"title": "A", "description": "b", "default": 1, "type": "boolean"},
}


@pytest.mark.parametrize("schema", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_what_is_generated_conforms(schema: Any) -> None:
    validator = Draft202012Validator(schema)

    @settings(max_examples=40, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy(schema, PLACE))
    def check(event: Any) -> None:
        validator.validate(event)

    check()


def drawn(schema: Any, wanted: Any) -> Any:
    told = settings(max_examples=2_000, database=None)
    return find(strategy(schema, PLACE), wanted, settings=told)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (UNDERSTOOD["integer"], -5),
        (UNDERSTOOD["integer"], 6),
        (UNDERSTOOD["types"], None),
        (UNDERSTOOD["types"], 3),
        (UNDERSTOOD["types"], ""),
        (UNDERSTOOD["tree"], {"inner": [{"inner": []}]}),
        (UNDERSTOOD["number"], 0.5),
        ({"type": "number", "minimum": 0, "maximum": 9}, 2.5),
        ({"type": "integer", "minimum": 0, "maximum": 2**31}, 2**31),
        ({"type": "string", "maxLength": 1}, "ß"),
    ],
)
def test_the_notable_is_generated(schema: Any, value: Any) -> None:
    assert drawn(schema, lambda event: event == value) == value


def test_a_number_is_generated_as_a_whole_one_and_as_a_fraction() -> None:
    schema = {"type": "number", "minimum": 0, "maximum": 10}
    assert isinstance(drawn(schema, lambda one: isinstance(one, int)), int)
    assert isinstance(drawn(schema, lambda one: one == 1 and isinstance(one, float)), float)


def test_properties_that_are_not_named_are_left_out_unless_they_are_described() -> None:
    closed = {"type": "object", "properties": {"a": {"type": "null"}}}
    with pytest.raises(NoSuchExample):
        drawn(closed, lambda event: event.keys() - {"a"})
    assert drawn(closed | {"additionalProperties": True}, lambda event: event.keys() - {"a"})


@settings(max_examples=200, database=None)
@given(strategy({"type": "string", "pattern": "^a*$"}, PLACE))
def test_a_line_end_does_not_slip_past_the_end_of_a_pattern(text: str) -> None:
    assert set(text) <= {"a"}


@pytest.mark.parametrize(
    ("schema", "says", "at"),
    [
        ({"type": "object", "allOf": [{}]}, "`allOf`", "#/allOf"),
        ({"type": "string", "not": {"const": ""}}, "`not`", "#/not"),
        ({"type": "string", "minimum": 3}, "`minimum`", "#/minimum"),
        ({"type": "object", "properties": {"a/b": {"type": "array", "contains": {}}}},
         "`contains`", "#/properties/a~1b/contains"),
        ({"type": "string", "format": "hostname"}, "format 'hostname'", "#/format"),
        ({"type": "string", "pattern": "\\p{L}+"}, "pattern", "#/pattern"),
        ({"$ref": "https://example.com/other.json"}, "reference", "#/$ref"),
        ({"$ref": "#/$defs/none"}, "reference '#/$defs/none'", "#/$ref"),
        ({"anyOf": [{"type": "null"}, {"if": {}, "type": "null"}]}, "`if`", "#/anyOf/1/if"),
    ],
)  # fmt: skip
def test_what_has_no_generator_is_named_with_its_place(schema: Any, says: str, at: str) -> None:
    with pytest.raises(BadInputError) as refused:
        strategy(schema, PLACE)
    assert refused.value.cause.startswith("lambdameter cannot generate inputs for ")
    assert says in refused.value.cause
    assert refused.value.place == f"{PLACE}{at}"
    assert "docs/workload.md" in refused.value.next_step


@pytest.mark.parametrize(
    ("schema", "at"),
    [
        ({"type": "strin"}, "#/type"),
        ({"type": "object", "properties": {"a": {"minimum": "0"}}}, "#/properties/a/minimum"),
        ({"required": "a"}, "#/required"),
        ([], "#"),
        (7, "#"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: Any, at: str) -> None:
    with pytest.raises(BadInputError, match="is not a valid JSON Schema") as refused:
        strategy(schema, PLACE)
    assert refused.value.place == f"{PLACE}{at}"


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "number", "exclusiveMinimum": 1, "maximum": 1},
        {"type": "integer", "minimum": 13, "maximum": 23, "multipleOf": 12},
        {"type": "string", "minLength": 3, "maxLength": 2},
        {"type": "array", "minItems": 3, "maxItems": 2},
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
    ],
)
def test_limits_that_contradict_each_other_are_refused(schema: Any) -> None:
    with pytest.raises(BadInputError, match="No event conforms"):
        strategy(schema, PLACE)


@pytest.mark.parametrize("schema", [{"minimum": 3}, {"properties": {}}, {"description": "any"}])
def test_a_schema_without_a_type_is_refused_with_the_one_that_is_meant(schema: Any) -> None:
    with pytest.raises(BadInputError, match="no type here") as refused:
        strategy(schema, PLACE)
    meant = {"minimum": "number", "properties": "object", "description": "string"}
    assert f'"{meant[next(iter(schema))]}"' in refused.value.next_step


@pytest.mark.parametrize("schema", [True, {}])
def test_an_open_schema_generates_anything(schema: Any) -> None:
    assert drawn(schema, lambda event: isinstance(event, dict) and event)
    assert drawn(schema, lambda event: isinstance(event, str)) == ""
