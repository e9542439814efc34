"""All variants of `squares` answer the same, and refuse the same."""

from __future__ import annotations

import json
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


def test_every_variant_answers_what_the_generator_says(squares: Any):
    event = squares.event("url")
    answers = [squares.invoke(variant, event) for variant in squares.names]
    assert {one.error for one in answers} == {None}
    canonical = {trial.canonical_response(squares.workload, one.document) for one in answers}
    assert len(canonical) == 1
    body = answers[0].document["body"]
    assert (body["fibonacci"], body["squares"]) == (102_334_155, 100_000)


@pytest.mark.parametrize("event", NO_EVENTS, ids=repr)
def test_what_is_no_http_event_is_refused_by_all(squares: Any, event: Any):
    for variant in squares.names:
        said = squares.invoke(variant, event)
        assert said.error == "Unhandled", variant
        assert isinstance(said.document["errorType"], str)
        assert isinstance(said.document["errorMessage"], str)


def test_the_published_flaw_is_kept_and_the_honest_variant_has_it_not(squares: Any):
    event = squares.event("url")

    def squares_ms(variant: str) -> float:
        bodies = [squares.invoke(variant, event).document["body"] for _ in range(9)]
        return statistics.median(body["squares_ms"] for body in bodies)

    # 800 KB cannot be written in less than a fiftieth of the time that writing them takes.
    assert squares_ms("rust") * 50 < squares_ms("rust-honest")


# Lambda refuses what is no JSON before any function sees it:
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
@pytest.mark.parametrize(
    "payload",
    [b"{", b'{"a": }', b"\xff\xfe\x00", b'{"rawPath": "\xff"}', b"not json"],
    ids=["cut off", "malformed", "not UTF-8", "not UTF-8 inside", "no JSON"],
)
def test_bytes_that_are_no_json_reach_no_variant(squares: Any, payload: bytes):
    said = [squares.invoke_raw(variant, payload) for variant in squares.names]
    assert {(one.status, one.error) for one in said} == {(400, None)}
    assert len({json.dumps(one.document) for one in said}) == 1


def test_an_event_over_six_megabytes_reaches_no_variant(squares: Any):
    payload = b'{"rawPath": "' + b"x" * 6_300_000 + b'"}'
    said = {squares.invoke_raw(variant, payload).status for variant in squares.names}
    assert said == {413}


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b"[]", b'"text"'])
def test_an_empty_event_has_the_same_error_shape_in_all(squares: Any, payload: bytes):
    for variant in squares.names:
        said = squares.invoke_raw(variant, payload)
        assert (said.status, said.error) == (200, "Unhandled"), variant
        assert isinstance(said.document["errorType"], str)
        assert isinstance(said.document["errorMessage"], str)


def test_a_huge_event_and_fields_that_nobody_reads_change_nothing(squares: Any):
    event = squares.event("url") | {"body": "x" * 2_000_000, "rawQueryString": "?" * 10_000}
    answers = [squares.invoke(variant, event) for variant in squares.names]
    assert {one.error for one in answers} == {None}
    assert len({trial.canonical_response(squares.workload, one.document) for one in answers}) == 1
