"""The messages of the race: one union, and all that is made from it or must agree with it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import msgspec
import pytest

from lambdameter.model.race_messages import RaceMessage, RunRequest

ROOT = Path(__file__).parents[3]
MESSAGES = ROOT / "race" / "messages"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    path = ROOT / "scripts" / "race" / "messages.py"
    spec = importlib.util.spec_from_file_location("messages", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_schema_and_typescript_are_those_of_the_structs(generator: ModuleType) -> None:
    stale = [
        path.relative_to(ROOT)
        for path, content in generator.files().items()
        if path.read_text() != content
    ]
    assert stale == [], "run `python scripts/race/messages.py`"


def test_what_the_page_cannot_check_is_refused(generator: ModuleType) -> None:
    with pytest.raises(NotImplementedError):
        generator.typescript(
            {name: {"type": "string", "format": "uri"} for name in generator.CHECKED}
            | {"Message": {"type": "date"}}
        )


@pytest.fixture(scope="module")
def validate() -> Callable[[str, Any], None]:
    schema = json.loads((MESSAGES / "schema.json").read_text())

    def valid(name: str, value: Any) -> None:
        jsonschema.validate(value, schema | {"$ref": f"#/$defs/{name}"})

    return valid


def rust_examples() -> list[dict[str, Any]]:
    examples: list[dict[str, Any]] = json.loads((MESSAGES / "racer-rust.json").read_text())
    return examples


@pytest.mark.parametrize("example", rust_examples(), ids=lambda example: example["type"])
def test_the_rust_racers_messages_are_of_the_union_and_of_the_schema(
    checked_message: Callable[[str], dict[str, Any]],
    validate: Callable[[str, Any], None],
    example: dict[str, Any],
) -> None:
    assert checked_message(json.dumps(example)) == example
    validate("RaceMessage", example)


def test_the_rust_racer_sends_every_message_of_a_racer() -> None:
    assert [example["type"] for example in rust_examples()] == [
        "running",
        "phase",
        "progress",
        "finished",
        "failed",
    ]


def test_a_whole_race_is_of_the_schema(
    whole_race: Callable[..., list[dict[str, Any]]],
    verified: Callable[..., dict[str, Any]],
    validate: Callable[[str, Any], None],
) -> None:
    for message in [*whole_race(), verified(identical=True)]:
        validate("RaceMessage", message)
        validate("Message", message)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "won"},
        {"records": -1},
        {"records": "1"},
        {"race": None},
        {"at_ms": "now"},
    ],
    ids=str,
)
def test_what_is_not_a_message_is_neither_of_the_union_nor_of_the_schema(
    validate: Callable[[str, Any], None], wrong: dict[str, Any]
) -> None:
    right = {"type": "progress", "race": "r", "lane": "rust", "at_ms": 1.5, "records": 1_000}
    validate("RaceMessage", right)
    with pytest.raises(jsonschema.ValidationError):
        validate("RaceMessage", right | wrong)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(right | wrong, RaceMessage)


def test_a_request_is_of_the_schema(validate: Callable[[str, Any], None]) -> None:
    request = RunRequest(token="t", format="csv", memory_mb=128, cold=True)
    validate("Request", msgspec.to_builtins(request))
