"""Claim C1 run again by the installed command, with two environments where quick has ten."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Told(NamedTuple):
    folder: Path
    document: dict[str, Any]


@pytest.fixture(scope="module")
def told(lambdameter: Callable[..., Any]) -> Told:
    flags = ("--quick", "--cold", "2", "--out", "runs", "--html", "page.html", "--json")
    command = lambdameter("reproduce", "C1", *flags)
    ended = command.end()
    assert ended.exit_code == 0, ended.stderr
    return Told(command.folder, json.loads(ended.stdout))


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {one["row"]["id"]: one["verdict"] for one in document["reproduction"]["rows"]}


def test_what_physics_forbids_and_what_is_recomputed_needs_no_interval(told: Told) -> None:
    found = verdicts(told.document)
    assert found["C1.rust.url.128.warm.squares"] == "cannot be so"
    assert found["C1.cost.rust"] == "reproduced"


def test_two_environments_judge_nothing_that_is_measured(told: Told) -> None:
    rows = told.document["reproduction"]["rows"]
    (warm,) = (one for one in rows if one["row"]["id"] == "C1.warm")
    assert warm["verdict"] == "not judged"
    assert warm["why"] == "An interval needs 10 environments, and these runs have 2."
    assert warm["estimate"]["value"] > 1
    assert warm["estimate"]["once"] > 1


def test_every_cold_call_was_one(told: Told) -> None:
    (run,) = told.document["reproduction"]["runs"]
    assert run["equal"]
    assert run["samples"] == 24
    lines = (told.folder / run["folder"] / "samples.ndjson").read_text().splitlines()
    samples = [json.loads(line) for line in lines]
    cold = [one for one in samples if one["trial"]["call"] == "cold"]
    assert len(cold) == 8
    assert all(one["report"]["init_ms"] > 0 for one in cold)


def test_the_bill_holds_the_request_fee_that_the_text_leaves_out(told: Told) -> None:
    (bill,) = told.document["reproduction"]["headlines"]
    assert "requests" in [line["item"] for line in bill["lines"]]
    assert bill["compute_ratio"] > 5 * bill["whole_ratio"]


def test_the_honest_variant_stands_beside_the_published_one(told: Told) -> None:
    (study,) = told.document["reproduction"]["studies"]
    column = list(study["study"]["cold"]) + list(study["study"]["warm"])
    squares = {
        name: row[column.index("squares")]["value"] for name, row in study["figures"].items()
    }
    assert squares["rust"] < squares["rust-honest"] / 50


def test_the_kept_runs_are_judged_again_to_the_same(
    lambdameter: Callable[..., Any], told: Told
) -> None:
    again = lambdameter("reproduce", "C1", "--from", "runs", "--json", folder=told.folder).end()
    assert again.exit_code == 0
    assert json.loads(again.stdout)["reproduction"]["rows"] == told.document["reproduction"]["rows"]


def test_the_page_is_there(told: Told) -> None:
    page = (told.folder / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "55 times cheaper" in page
