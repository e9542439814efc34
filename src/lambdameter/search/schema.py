"""A JSON Schema -> a strategy that generates events. Pure.

Part of draft 2020-12 is supported, as docs/workload.md lists it; other keywords are errors, so that
nobody believes that they have an effect. Properties that the schema does not name are generated
only if `additionalProperties` describes them.

https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

from lambdameter.errors import BadInputError
from lambdameter.search import values
from lambdameter.search.values import Strategy

SchemaPath = tuple[str | int, ...]

# Keywords without an effect on validity.
_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples")
)
_OF_ANY = frozenset(("type", "enum", "const", "anyOf", "oneOf", "$ref"))
_LIMITS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))
_TYPES = {
    "null": frozenset[str](),
    "boolean": frozenset[str](),
    "integer": _LIMITS,
    "number": _LIMITS,
    "string": frozenset(("minLength", "maxLength", "pattern", "format")),
    "array": frozenset(("items", "minItems", "maxItems", "uniqueItems")),
    "object": frozenset(("properties", "required", "additionalProperties")),
}


def strategy(schema: Any, place: str) -> Strategy:
    """A strategy that generates valid events.

    Args:
        schema: the decoded JSON Schema.
        place: file of the schema, for errors; the place in it is added as a JSON pointer.

    Raises:
        BadInputError: this is not a JSON Schema, no event is valid, or a keyword is not supported.
    """
    try:
        # Without formats: a pattern may be in another dialect of regular expressions.
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(()))
    except SchemaError as failure:
        raise BadInputError(
            f"The input schema is not a valid JSON Schema: {failure.message}",
            place=f"{place}#{_pointer(failure.absolute_path)}",
            next_step="Correct the schema; https://json-schema.org/learn describes the keywords.",
        ) from None
    generator = _Generators(schema, place).of(schema, ())
    try:
        values.check(generator)
    except ValueError as failure:
        raise _nothing_conforms(f"{place}#", str(failure)) from failure
    # The parts generate valid values except for a few combinations of keywords.
    return generator.filter(Draft202012Validator(schema).is_valid)


def _nothing_conforms(place: str, why: str) -> BadInputError:
    return BadInputError(
        f"No event conforms to the input schema: {why}",
        place=place,
        next_step="Correct the contradiction there.",
    )


def _pointer(path: Any) -> str:
    """https://www.rfc-editor.org/rfc/rfc6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _names(reference: str) -> SchemaPath:
    names = reference.removeprefix("#").split("/")[1:]
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


class _Generators:
    """A strategy for each part of one schema."""

    def __init__(self, root: Any, place: str) -> None:
        self._root = root
        self._place = place
        self._references: dict[str, Strategy] = {}

    def of(self, schema: Any, at: SchemaPath) -> Strategy:
        """The strategy for the part of the schema at a place."""
        if schema is True or schema == {}:
            return values.ANYTHING
        if schema is False:
            raise _nothing_conforms(self._at(at), "the schema is `false`")
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "$ref" in schema:
            return self._referred(schema["$ref"], at)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                self._check_keywords(schema, _OF_ANY, at)
                return self._any_of(schema[keyword], keyword, at)
        types = self._types(schema, at)
        keywords = _OF_ANY.union(*(_TYPES[kind] for kind in types))
        self._check_keywords(schema, keywords, at)
        return st.one_of([self._typed(kind, schema, at) for kind in types])

    def _types(self, schema: Mapping[str, Any], at: SchemaPath) -> list[str]:
        declared = schema.get("type")
        if declared is None:
            likely = [kind for kind, keywords in _TYPES.items() if keywords & schema.keys()]
            raise BadInputError(
                "The schema has no type here, so any value conforms",
                place=self._at(at),
                next_step=f'Add "type": "{likely[-1] if likely else "string"}", or the '
                "type that is meant.",
            )
        types: list[str] = [declared] if isinstance(declared, str) else declared
        # Null first, because the search reduces values in this order.
        return sorted(types, key=list(_TYPES).index)

    def _check_keywords(
        self, schema: Mapping[str, Any], allowed: frozenset[str], at: SchemaPath
    ) -> None:
        for keyword in schema:
            if keyword not in allowed | _ANNOTATIONS:
                raise self._no_generator(f"`{keyword}`", (*at, keyword))

    def _no_generator(self, subject: str, at: SchemaPath) -> BadInputError:
        return BadInputError(
            f"lambdameter cannot generate inputs for {subject}",
            place=self._at(at),
            next_step="Use the keywords that docs/workload.md lists, or omit this one.",
        )

    def _at(self, at: SchemaPath) -> str:
        return f"{self._place}#{_pointer(at)}"

    def _referred(self, reference: str, at: SchemaPath) -> Strategy:
        if reference not in self._references:
            node = self._root
            path = _names(reference)
            for name in path:
                node = node.get(name) if isinstance(node, dict) else None
            if node is None or not reference.startswith("#"):
                raise self._no_generator(f"the reference {reference!r}", (*at, "$ref"))
            # Deferred, since a schema may refer to itself.
            resolved: list[Strategy] = []
            self._references[reference] = st.deferred(lambda: resolved[0])
            resolved.append(self.of(node, path))
        return self._references[reference]

    def _any_of(self, schemas: list[Any], keyword: str, at: SchemaPath) -> Strategy:
        return st.one_of(
            [self.of(schema, (*at, keyword, index)) for index, schema in enumerate(schemas)]
        )

    def _typed(self, kind: str, schema: Mapping[str, Any], at: SchemaPath) -> Strategy:
        match kind:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "array":
                return self._arrays(schema, at)
            case "object":
                return self._objects(schema, at)
            case "string" if schema.get("format", "date") not in values.FORMATS:
                raise self._no_generator(f"the format {schema['format']!r}", (*at, "format"))
        makers = {"integer": values.integers, "number": values.numbers, "string": values.strings}
        try:
            generator = makers[kind](schema)
            values.check(generator)
        except re.error as failure:
            subject = f"the pattern {schema['pattern']!r} ({failure})"
            raise self._no_generator(subject, (*at, "pattern")) from failure
        except ValueError as failure:
            raise _nothing_conforms(self._at(at), str(failure)) from failure
        return generator

    def _arrays(self, schema: Mapping[str, Any], at: SchemaPath) -> Strategy:
        return st.lists(
            self.of(schema.get("items", True), (*at, "items")),
            min_size=schema.get("minItems", 0),
            max_size=schema.get("maxItems"),
            unique_by=repr if schema.get("uniqueItems") else None,
        )

    def _objects(self, schema: Mapping[str, Any], at: SchemaPath) -> Strategy:
        properties: Mapping[str, Any] = schema.get("properties", {})
        more = schema.get("additionalProperties", False)
        required = schema.get("required", [])
        by_name = {
            name: self.of(part, (*at, "properties", name)) for name, part in properties.items()
        }
        by_name |= {name: values.ANYTHING for name in required if name not in properties}
        named = st.fixed_dictionaries(
            {name: generator for name, generator in by_name.items() if name in required},
            optional={
                name: generator for name, generator in by_name.items() if name not in required
            },
        )
        if more is False:
            return named
        others = st.dictionaries(
            st.text(max_size=8).filter(lambda name: name not in by_name),
            self.of(more, (*at, "additionalProperties")),
            max_size=3,
        )
        return st.builds(lambda fixed, extra: extra | fixed, named, others)
