"""The workloads of claims C1 and C2, as many calls as published, through the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

CALLS = 5  # warm ones, as published


class Told(NamedTuple):
    document: dict[str, Any]
    text: str


def run(lambdameter: Callable[..., Any], name: str) -> Told:
    asked = ("--variants", "python,rust", "--cold", "1", "--warm", str(CALLS), "--out", "run")
    command = lambdameter("run", name, *asked, "--json")
    measured = command.end()
    assert measured.exit_code == 0, measured.stderr
    text = lambdameter("report", "run", "--full", folder=command.folder).end().stdout
    return Told(json.loads(measured.stdout), text)


@pytest.fixture(scope="module")
def squares(lambdameter: Callable[..., Any]) -> Told:
    return run(lambdameter, "squares")


@pytest.fixture(scope="module")
def dynamodb_ops(lambdameter: Callable[..., Any]) -> Told:
    return run(lambdameter, "dynamodb-ops")


def test_both_run_at_the_published_tier_with_the_published_calls(
    squares: Told, dynamodb_ops: Told
) -> None:
    for told in (squares, dynamodb_ops):
        assert told.document["run"]["memory_mb"] == [128]
        for one in told.document["results"]:
            assert (one["warm"]["n"], one["warm"]["errors"]) == (CALLS, 0)
            assert one["warm"]["least_ms"] <= one["warm"]["mean_ms"] <= one["warm"]["most_ms"]


def test_both_are_equal(squares: Told, dynamodb_ops: Told) -> None:
    assert squares.document["equality"]["equal"]
    assert dynamodb_ops.document["equality"]["equal"]
    assert "records of Python and Rust" in dynamodb_ops.text
    assert "answers of Python and Rust" in squares.text


def test_the_published_figures_stand_beside_ours(squares: Told, dynamodb_ops: Told) -> None:
    for figure in ("(108)", "(70.0)", "(0.0000300)", "(99.8)"):
        assert figure in squares.text
    for figure in ("(912)", "(648)", "(34.5)", "(2.90)", "(13.0)"):
        assert figure in dynamodb_ops.text


def test_the_variant_whose_work_is_removed_is_not_recommended(squares: Told) -> None:
    (decision,) = squares.document["decisions"]
    assert "only Python is a candidate; Rust is not: " in decision["verdict"]
    assert "Rust is not a candidate: nothing reads its squares" in " ".join(squares.text.split())


def test_writes_alone_are_on_the_bill_of_writes(dynamodb_ops: Told) -> None:
    units = {one["case"]: one["warm"]["write_units"] for one in dynamodb_ops.document["results"]}
    assert units == {"get": 0, "put": 1, "query": 0, "batch": 25}


def test_no_line_is_cut_off(squares: Told, dynamodb_ops: Told) -> None:
    assert "…" not in squares.text
    assert "…" not in dynamodb_ops.text
