from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from lambdameter.search.hunt import SHRINKING_S, HuntResult, Limits, hunt
from lambdameter.search.schema import strategy

# What 60 s of search are through the emulator on two cores is more than this, in inputs.
INPUTS = 3_000
ORDER = {
    "type": "object",
    "properties": {
        "quantity": {"type": "integer", "minimum": 0, "maximum": 1_000_000},
        "price": {"type": "number", "minimum": 0, "maximum": 10_000},
        "name": {"type": "string", "maxLength": 40},
        "nick": {"type": ["string", "null"], "maxLength": 20},
    },
    "required": ["quantity", "price", "name"],
    "additionalProperties": False,
}
Variant = Callable[[dict[str, Any]], Any]


def cents(event: dict[str, Any]) -> int:
    rounded: int = round(event["price"] * 100)
    return rounded


def wrapped(n: int) -> int:
    """As 32 bits hold it."""
    return (n + 2**31) % 2**32 - 2**31


class Planted(NamedTuple):
    """Two variants that differ in one thing, and the kind of event that shows it."""

    python: Variant
    port: Variant
    shows: Callable[[dict[str, Any]], bool]


PLANTED = {
    "an overflow of 32 bits": Planted(
        lambda event: cents(event) * event["quantity"],
        lambda event: wrapped(cents(event) * event["quantity"]),
        lambda event: cents(event) * event["quantity"] >= 2**31,
    ),
    "halves to even, and halves up": Planted(
        lambda event: round(event["price"]),
        lambda event: int(event["price"] + 0.5),
        lambda event: event["price"] == 0.5,
    ),
    "cents of halves": Planted(
        lambda event: round(float(event["price"]), 2),
        lambda event: int(event["price"] * 100 + 0.5) / 100,
        lambda event: event["price"] * 1000 % 10 == 5,
    ),
    "letters, and bytes": Planted(
        lambda event: event["name"][:3],
        lambda event: event["name"].encode()[:3].decode(errors="replace"),
        lambda event: len(event["name"]) <= 3 and not event["name"].isascii(),
    ),
    "letters, and units of UTF-16": Planted(
        lambda event: len(event["name"]),
        lambda event: len(event["name"].encode("utf-16-le")) // 2,
        lambda event: len(event["name"]) == 1 and ord(event["name"]) > 0xFFFF,
    ),
    "upper case of all letters, and of ASCII": Planted(
        lambda event: event["name"].upper(),
        lambda event: "".join(c.upper() if c.isascii() else c for c in event["name"]),
        lambda event: len(event["name"]) == 1,
    ),
    "spaces of Unicode, and of ASCII": Planted(
        lambda event: event["name"].strip(),
        lambda event: event["name"].strip(" \t\n\r\x0b\x0c"),
        lambda event: len(event["name"]) == 1,
    ),
    "null, and absent": Planted(
        lambda event: event.get("nick", "none"),
        lambda event: event.get("nick") if event.get("nick") is not None else "none",
        lambda event: "nick" in event and event["nick"] is None,
    ),
    "null, and empty": Planted(
        lambda event: event.get("nick") is None,
        lambda event: not event.get("nick"),
        lambda event: event["nick"] == "",
    ),
    "what only one of them refuses": Planted(
        lambda event: event["name"].split(" ")[0],
        lambda event: event["name"].split()[0],
        lambda event: event["name"].strip() == "",
    ),
}


def answer(variant: Variant, event: dict[str, Any]) -> str:
    try:
        return json.dumps(variant(json.loads(json.dumps(event))))
    except (LookupError, ValueError) as failure:
        return f"{type(failure).__name__} was raised"


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - inputs, no secret


def noting(events: list[Any]) -> Callable[[Any], bool]:
    """Tells no difference, and keeps each event that it is asked about."""

    def differ(event: Any) -> bool:
        events.append(event)
        return False

    return differ


def search(differ: Callable[[Any], bool], seed: int = 1, **limits: Any) -> HuntResult:
    clock = count()
    return hunt(
        strategy(ORDER, "order"),
        differ,
        Limits(**({"seconds": 1e9, "inputs": INPUTS} | limits)),
        seeded(seed),
        lambda: float(next(clock)),
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
def test_a_planted_difference_is_found_and_made_small(planted: Planted, seed: int) -> None:
    found = search(lambda event: answer(planted.python, event) != answer(planted.port, event), seed)
    assert found.succeeded
    assert planted.shows(found.event), found.event


def test_what_does_not_matter_is_gone_from_the_smallest_event() -> None:
    found = search(lambda event: event["quantity"] >= 1_000)
    assert found.event == {"quantity": 1_000, "price": 0, "name": ""}
    assert found.smallest


def test_the_same_seed_tries_the_same_events_and_another_seed_others() -> None:
    def events(seed: int) -> list[Any]:
        tried: list[Any] = []
        search(noting(tried), seed, inputs=50)
        return tried

    assert events(1) == events(1)
    assert events(1) != events(2)


def test_without_a_difference_so_many_inputs_are_tried_as_were_asked_for() -> None:
    found = search(lambda _: False, inputs=100)
    assert found == HuntResult(succeeded=False, inputs=100)


def test_a_search_ends_when_its_time_is_up() -> None:
    tried: list[Any] = []
    found = search(noting(tried), seconds=20, inputs=None)
    assert not found.succeeded
    assert not found.exhausted
    assert found.inputs == len(tried)
    assert 0 < len(tried) <= 20


def test_making_an_event_smaller_ends_when_its_own_time_is_up_and_the_smallest_is_kept() -> None:
    ticks = iter(range(10**6))
    slow = 0

    def clock() -> float:
        return float(next(ticks) + slow)

    def differ(event: Any) -> bool:
        nonlocal slow
        slow += int(SHRINKING_S) // 4
        return bool(event["quantity"] > 0)

    found = hunt(
        strategy(ORDER, "order"),
        differ,
        Limits(seconds=1e9, inputs=INPUTS),
        seeded(1),
        clock,
    )
    assert found.succeeded
    assert found.event["quantity"] > 0
    assert not found.smallest
    assert found.smaller <= 5


def test_an_event_that_differs_once_and_not_again_is_kept() -> None:
    answers: Iterator[bool] = iter([False, False, True])
    found = search(lambda _: next(answers, False))
    assert found.succeeded
    assert found.event is not None


def test_a_schema_that_allows_few_events_is_exhausted() -> None:
    found = hunt(
        strategy({"enum": [1, 2, None]}, "few"),
        lambda _: False,
        Limits(seconds=1e9),
        seeded(1),
        lambda: 0.0,
    )
    assert (found.succeeded, found.exhausted, found.inputs) == (False, True, 3)


def test_null_can_be_what_is_found() -> None:
    found = hunt(st.none(), lambda _: True, Limits(seconds=1e9), seeded(1), lambda: 0.0)
    assert found.succeeded
    assert found.event is None


def test_what_the_caller_raises_ends_the_search_at_once() -> None:
    calls: list[Any] = []

    def broken(event: Any) -> bool:
        calls.append(event)
        raise TimeoutError("the target died")

    with pytest.raises(TimeoutError, match="the target died"):
        search(broken)
    assert len(calls) == 1
