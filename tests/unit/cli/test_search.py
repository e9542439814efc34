from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.cli import search
from lambdameter.errors import BadInputError, HostError, TargetError
from lambdameter.model.sample import Invocation, Report
from lambdameter.model.search import SearchResult
from lambdameter.search.hunt import Limits
from lambdameter.targets.fake import FakeTarget, Request, answered, failed
from lambdameter.workload import loader

WORKLOAD = """
schema = 1
name = "orders"
title = "Orders"
timeout_s = 3
input_schema = "input.schema.json"

[[cases]]
name = "one"
title = "One"

[response]

[equality]
response = [{ field = "took_ms", reason = "a time" }]
"""
VARIANT = """
[[variants]]
name = "{name}"
title = "{name}"
language = "{name}"
runtime = "python3.12"
handler = "handler.handler"
source = "{name}"
build = "copy"
"""
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 10**6}},
    "required": ["n"],
}
Handler = Callable[[Any], Any]


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "orders"
    text = WORKLOAD
    for name in ("python", "port", "third"):
        (folder / name).mkdir(parents=True)
        (folder / name / "handler.py").write_text("def handler(event, context): ...")
        text += VARIANT.format(name=name)
    (folder / "workload.toml").write_text(text)
    (folder / "input.schema.json").write_text(json.dumps(SCHEMA))
    return folder


def asked(**given: Any) -> search.SearchOptions:
    known = search.SearchOptions(
        named="orders",
        variants=None,
        event=None,
        limits=Limits(seconds=600, inputs=300),
        seed=1,
        memory_mb=128,
        sandbox="none",
        out=None,
    )
    return msgspec.structs.replace(known, **given)


def report(request: Request) -> Report:
    return Report(
        request_id=f"q{request.number}",
        duration_ms=1,
        billed_ms=1,
        memory_mb=request.memory_mb,
        max_memory_mb=40,
    )


def target(scripted: Any, **handlers: Handler) -> Any:
    """Variants that answer as these do; an exception fails the function."""

    def script(_: FakeTarget, request: Request) -> Invocation:
        handler = handlers.get(request.variant, handlers["python"])
        try:
            return answered(handler(request.event), report(request))
        except ArithmeticError as error:
            return failed(type(error).__name__, str(error), report(request))

    return scripted(script)


def made(folder: Path, on: Any, **given: Any) -> SearchResult:
    return search.make(loader.load(str(folder)), asked(**given), on.opening)


def doubled(event: Any) -> Any:
    return {"n": event["n"] * 2, "took_ms": id(event)}


def capped(event: Any) -> Any:
    return {"n": min(event["n"] * 2, 1_000)}


def fails(event: Any) -> Any:
    if event["n"] > 500:
        raise OverflowError("too many")
    return doubled(event)


def test_the_smallest_event_is_found_and_written_where_it_can_be_called_again(
    orders: Path, scripted: Any
) -> None:
    on = target(scripted, python=doubled, port=capped)
    found = made(orders, on)
    assert found.event == {"n": 501}
    assert found.answers["port"] == '{"n":1000}'
    (difference,) = found.disagreements
    assert difference.variant == "port"
    assert [(one.field, one.expected, one.actual) for one in difference.fields] == [
        ("n", "1002", "1000")
    ]
    assert found.again
    assert found.event_file is not None
    assert json.loads(Path(found.event_file).read_text()) == {"n": 501}
    again = made(orders, on, event=Path(found.event_file))
    assert again.disagreements == found.disagreements
    assert on.left == []


def test_what_the_rule_ignores_is_no_difference(orders: Path, scripted: Any) -> None:
    found = made(orders, target(scripted, python=doubled))
    assert (found.disagreements, found.inputs, found.event_file) == ((), 300, None)


def test_a_failure_of_one_variant_is_a_difference(orders: Path, scripted: Any) -> None:
    found = made(orders, target(scripted, python=doubled, port=fails))
    assert found.event == {"n": 501}
    assert found.answers["port"] == "OverflowError: too many"


def test_the_same_failure_of_all_variants_is_none(orders: Path, scripted: Any) -> None:
    found = made(orders, target(scripted, python=fails, port=fails))
    assert found.disagreements == ()


def test_an_answer_that_is_no_json_differs_from_null(orders: Path, scripted: Any) -> None:
    def script(_: FakeTarget, request: Request) -> Invocation:
        told = answered(None, report(request))
        nan = request.variant == "python"
        return msgspec.structs.replace(told, payload=b"NaN") if nan else told

    found = made(orders, scripted(script))
    assert found.event == {"n": 0}
    assert found.answers == {"python": "NotJson: NaN", "port": "null", "third": "null"}


def test_only_the_variants_that_are_named_are_called(orders: Path, scripted: Any) -> None:
    on = target(scripted, python=doubled, third=capped)
    assert made(orders, on, variants=("python", "port")).disagreements == ()
    assert made(orders, on, variants=("third", "port")).variants == ("third", "port")


def test_a_difference_that_does_not_come_again_is_told_as_such(orders: Path, scripted: Any) -> None:
    calls = 0

    def once(event: Any) -> Any:
        nonlocal calls
        calls += 1
        return doubled(event) if calls != 3 else {"n": -1}

    found = made(orders, target(scripted, python=doubled, port=once))
    assert found.again is False
    assert found.answers["port"] == '{"n":-1}'


def test_an_event_of_a_file_needs_no_schema(orders: Path, scripted: Any) -> None:
    text = (orders / "workload.toml").read_text()
    (orders / "workload.toml").write_text(text.replace('input_schema = "input.schema.json"', ""))
    event = orders / "event.json"
    event.write_text('{"n": 9007199254740993}')
    found = made(orders, target(scripted, python=doubled), event=event)
    assert found.answers["python"].startswith('{"n":18014398509481986')
    assert found.disagreements == ()
    with pytest.raises(BadInputError, match="no input schema"):
        made(orders, target(scripted, python=doubled))


@pytest.mark.parametrize(
    ("variants", "says"),
    [
        (("python", "go"), "There is no variant named 'go'"),
        (("python",), "A search needs two variants to compare, and python is the only one"),
        (
            ("python", "python"),
            ("A search needs two variants to compare, and python is the only one"),
        ),
    ],
)
def test_variants_that_cannot_be_compared_are_refused(
    orders: Path, scripted: Any, variants: tuple[str, ...], says: str
) -> None:
    on = target(scripted, python=doubled)
    with pytest.raises(BadInputError, match=says) as refused:
        made(orders, on, variants=variants)
    assert "python, port, third" in refused.value.next_step
    assert on.opened == 0


def test_a_workload_with_one_variant_is_told_to_get_a_second(orders: Path, scripted: Any) -> None:
    text = WORKLOAD + VARIANT.format(name="python")
    (orders / "workload.toml").write_text(text)
    with pytest.raises(BadInputError, match="the only one") as refused:
        made(orders, target(scripted, python=doubled))
    assert "second variant" in refused.value.next_step


def test_a_workload_with_a_table_is_refused(sums: Path, scripted: Any) -> None:
    with pytest.raises(BadInputError, match="a table or an object"):
        made(sums, target(scripted, python=doubled))


@pytest.mark.parametrize(
    ("content", "says", "place"),
    [
        ("{", "is not valid JSON", "input.schema.json:1"),
        ('{"type": "nul"}', "is not a valid JSON Schema", "input.schema.json#/type"),
        (
            '{"type": "object", "allOf": []}',
            "is not a valid JSON Schema",
            "input.schema.json#/allOf",
        ),
        ('{"type": "object", "allOf": [{}]}', "cannot generate inputs", "input.schema.json#/allOf"),
    ],
)
def test_a_broken_schema_is_refused_before_anything_starts(
    orders: Path, scripted: Any, content: str, says: str, place: str
) -> None:
    (orders / "input.schema.json").write_text(content)
    on = target(scripted, python=doubled)
    with pytest.raises(BadInputError, match=says) as refused:
        made(orders, on)
    assert refused.value.place == str(orders / place)
    assert on.opened == 0


def test_an_event_that_cannot_be_written_is_told_in_the_error(orders: Path, scripted: Any) -> None:
    with pytest.raises(HostError, match="cannot be written") as refused:
        made(orders, target(scripted, python=doubled, port=capped), out=orders)
    assert '{"n": 501}' in refused.value.next_step


def test_a_target_that_dies_ends_the_search(orders: Path, scripted: Any) -> None:
    def script(on: FakeTarget, request: Request) -> Invocation:
        on.dead = request.number > 4
        return answered(doubled(request.event), report(request))

    with pytest.raises(TargetError):
        made(orders, scripted(script))


def test_a_missing_event_file_is_refused(orders: Path, command: Any) -> None:
    told = command("search", str(orders), "--event", "no.json")
    assert told.exit_code == 2
    assert "no.json cannot be read" in told.stderr
