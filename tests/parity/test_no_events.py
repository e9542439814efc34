"""Bytes that are no event of any workload's: all variants of each are told so alike."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture(params=["squares", "dynamodb_ops", "light"])
def variants(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


# Lambda refuses what is no JSON before any function sees it:
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
@pytest.mark.parametrize(
    "payload",
    [b"{", b'{"a": }', b"\xff\xfe\x00", b'{"rawPath": "\xff"}', b"not json"],
    ids=["cut off", "malformed", "not UTF-8", "not UTF-8 inside", "no JSON"],
)
def test_bytes_that_are_no_json_reach_no_variant(variants: Any, payload: bytes) -> None:
    said = [variants.invoke_raw(variant, payload) for variant in variants.names]
    assert {(one.status, one.error) for one in said} == {(400, None)}
    assert len({json.dumps(one.document) for one in said}) == 1


def test_an_event_over_six_megabytes_reaches_no_variant(variants: Any) -> None:
    payload = b'{"rawPath": "' + b"x" * 6_300_000 + b'"}'
    said = {variants.invoke_raw(variant, payload).status for variant in variants.names}
    assert said == {413}


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b"[]", b'"text"'])
def test_an_empty_event_has_the_same_error_shape_in_all(variants: Any, payload: bytes) -> None:
    for variant in variants.names:
        said = variants.invoke_raw(variant, payload)
        assert (said.status, said.error) == (200, "Unhandled"), variant
        assert isinstance(said.document["errorType"], str)
        assert isinstance(said.document["errorMessage"], str)
