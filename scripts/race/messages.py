"""The JSON Schema of the race's messages and documents, and the page's TypeScript for them.

python scripts/race/messages.py

Run it after a change in `model/race_messages.py` or `model/race_records.py`: a test compares what
it writes with the committed files.
"""

from __future__ import annotations

import graphlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lambdameter.model import race_messages, race_records

ROOT = Path(__file__).resolve().parents[2]
# Unions and literals with a name of their own.
NAMED: dict[str, Any] = {
    name: getattr(race_messages, name)
    for name in ("Format", "Phase", "Action", "RaceMessage", "Message", "Request")
}
# The structs that the page server gives to the page as a whole; they bring those inside them.
SERVED = (
    race_records.RaceSite,
    race_records.RecordedRace,
    race_records.RaceList,
    race_records.DeployedCode,
    race_records.ExportedRaces,
)
# What the page receives, and checks.
CHECKED = ("Message", *(struct.__name__ for struct in SERVED))
_REF = "#/$defs/"
# Types of JSON Schema -> the page's check (race/page/src/checks.ts).
_PLAIN = {"string": "text", "number": "number", "boolean": "truth", "null": "nothing"}
_COMPOSED = ("anyOf", "anything", "count", "listOf", "mapOf", "object", "oneOf", "optional")
_CHECKS = sorted((*_COMPOSED, *_PLAIN.values()), key=str.lower)

Schema = dict[str, Any]


def definitions() -> dict[str, Schema]:
    """Each type by its name: the JSON Schema of what is written."""
    schemas, structs = msgspec.json.schema_components(
        [*NAMED.values(), *SERVED], ref_template=f"{_REF}{{name}}"
    )
    named = dict(zip(NAMED, schemas, strict=False))
    for struct in structs.values():
        fields = struct["properties"]
        # Reading does not need a field with a default, but lambdameter always writes it.
        written = {name for name, field in fields.items() if field.pop("default", None) is not None}
        written |= set(struct["required"])
        struct["required"] = [name for name in fields if name in written]
    return named | {name: _with_names(struct, named) for name, struct in structs.items()}


def _with_names(schema: Any, named: Mapping[str, Schema]) -> Any:
    """The schema, referring to a union or literal that has a name by that name."""
    if isinstance(schema, list):
        return [_with_names(member, named) for member in schema]
    if not isinstance(schema, dict):
        return schema
    name = next((name for name, known in named.items() if known == schema), None)
    if name is not None:
        return {"$ref": f"{_REF}{name}"}
    return {key: _with_names(value, named) for key, value in schema.items()}


def json_schema(types: Mapping[str, Schema]) -> str:
    """The content of `race/messages/schema.json`."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Messages and documents of lambdameter's live race",
        "description": "Made by scripts/race/messages.py.",
        "$defs": types,
    }
    return json.dumps(document, indent=2) + "\n"


def typescript(types: Mapping[str, Schema]) -> str:
    """The content of the page's `messages.ts`: the types, and a check of each document."""
    checks = (f"const check{name} = {_forms(types[name])[1]};" for name in _checked(types))
    exports = (
        f"export const is{name} = (value: unknown): value is {name} => check{name}(value);"
        for name in CHECKED
    )
    return "\n".join(
        (
            "// Made by scripts/race/messages.py from src/lambdameter/model: do not edit.\n",
            f'import {{ {", ".join(_CHECKS)} }} from "./checks";\n',
            *(_declaration(name, schema) for name, schema in types.items()),
            *checks,
            "",
            *exports,
            "",
        )
    )


def _checked(types: Mapping[str, Schema]) -> Iterable[str]:
    """The documents that are checked, and all inside them: what is inside comes first."""
    graph: dict[str, set[str]] = {}
    names = set(CHECKED)
    while names:
        name = names.pop()
        graph[name] = set(re.findall(rf'"{re.escape(_REF)}(\w+)"', json.dumps(types[name])))
        names |= graph[name] - graph.keys()
    # In an order that does not depend on the hashes of strings.
    return graphlib.TopologicalSorter(
        {name: sorted(graph[name]) for name in types if name in graph}
    ).static_order()


def _declaration(name: str, schema: Schema) -> str:
    form = _forms(schema)[0]
    if "properties" not in schema:
        return f"export type {name} = {form};\n"
    summary = " ".join(schema["description"].partition("\n\n")[0].split())
    return f"/** {summary} */\nexport interface {name} {form}\n"


def _forms(schema: Schema) -> tuple[str, str]:
    """A schema as a type of TypeScript and as a check; NotImplementedError for an unknown one."""
    match schema:
        case {"$ref": reference}:
            name = reference.removeprefix(_REF)
            forms = name, f"check{name}"
        case {"anyOf": members}:
            kinds, checks = zip(*map(_forms, members), strict=True)
            forms = " | ".join(kinds), f"anyOf({', '.join(checks)})"
        case {"enum": values}:
            texts = [json.dumps(value) for value in values]
            forms = " | ".join(texts), f"oneOf({', '.join(texts)})"
        case {"properties": fields, "required": required}:
            forms = _object(fields, required)
        case {"type": "array", "items": items}:
            kind, check = _forms(items)
            forms = f"{kind}[]", f"listOf({check})"
        case {"type": "object", "additionalProperties": values}:
            kind, check = _forms(values)
            forms = f"Record<string, {kind}>", f"mapOf({check})"
        case {"type": "integer", "minimum": 0}:
            forms = "number", "count"
        case {"type": plain} if plain in _PLAIN:
            forms = plain, _PLAIN[plain]
        case {**rest} if not rest:
            forms = "unknown", "anything"
        case _:
            raise NotImplementedError(f"the page has no check for {schema}")
    return forms


def _object(fields: Mapping[str, Schema], required: Sequence[str]) -> tuple[str, str]:
    kinds, checks = [], []
    for name, schema in fields.items():
        kind, check = _forms(schema)
        kinds.append(f"  {name}{'' if name in required else '?'}: {kind};\n")
        checks.append(f"{name}: {check if name in required else f'optional({check})'}")
    return f"{{\n{''.join(kinds)}}}", f"object({{ {', '.join(checks)} }})"


def files() -> dict[Path, str]:
    """Each generated file with its content."""
    types = definitions()
    return {
        ROOT / "race" / "messages" / "schema.json": json_schema(types),
        ROOT / "race" / "page" / "src" / "messages.ts": typescript(types),
    }


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content)
