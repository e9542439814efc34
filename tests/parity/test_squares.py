"""All variants of `squares` answer the same, and refuse the same."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from lambdameter.verify import trial

# Events that are none of a Function URL's.
NO_EVENTS: tuple[Any, ...] = (
    {},
    None,
    [],
    "text",
    7,
    {"requestContext": {}},
    {"requestContext": {"http": None}},
    {"requestContext": {"http": {"method": 7}}},
    {"requestContext": {"http": {}}},
)


def test_every_variant_answers_what_the_generator_says(squares: Any) -> None:
    event = squares.event("url")
    answers = [squares.invoke(variant, event) for variant in squares.names]
    assert {one.error for one in answers} == {None}
    canonical = {trial.canonical_response(squares.workload, one.document) for one in answers}
    assert len(canonical) == 1
    body = answers[0].document["body"]
    assert (body["fibonacci"], body["squares"]) == (102_334_155, 100_000)


@pytest.mark.parametrize("event", NO_EVENTS, ids=repr)
def test_what_is_no_http_event_is_refused_by_all(squares: Any, event: Any) -> None:
    for variant in squares.names:
        said = squares.invoke(variant, event)
        assert said.error == "Unhandled", variant
        assert isinstance(said.document["errorType"], str)
        assert isinstance(said.document["errorMessage"], str)


def test_the_published_flaw_is_kept_and_the_honest_variant_has_it_not(squares: Any) -> None:
    event = squares.event("url")

    def squares_ms(variant: str) -> float:
        bodies = [squares.invoke(variant, event).document["body"] for _ in range(9)]
        return float(statistics.median(body["squares_ms"] for body in bodies))

    # 800 KB cannot be written in less than a fiftieth of the time that writing them takes.
    assert squares_ms("rust") * 50 < squares_ms("rust-honest")


def test_a_huge_event_and_fields_that_nobody_reads_change_nothing(squares: Any) -> None:
    event = squares.event("url") | {"body": "x" * 2_000_000, "rawQueryString": "?" * 10_000}
    answers = [squares.invoke(variant, event) for variant in squares.names]
    assert {one.error for one in answers} == {None}
    assert len({trial.canonical_response(squares.workload, one.document) for one in answers}) == 1
