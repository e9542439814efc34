"""The tuned variants beside the plain one, with broken records and with faults on their way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

VARIANTS = ("python", "python-tuned", "rust-tuned", "rust-threads")
SIZES = ("--set", "records=600", "--set", "cold.records=100", "--set", "broken_records=12")


@pytest.fixture(scope="module")
def document(lambdameter: Callable[..., Any]) -> dict[str, Any]:
    measured = lambdameter("run", "etl", "--variants", ",".join(VARIANTS), *SIZES, "--json").end()
    assert measured.exit_code == 0, measured.stderr
    return dict(json.loads(measured.stdout))


def test_they_write_and_answer_the_same(document: dict[str, Any]) -> None:
    for one in document["equality"]["cases"]:
        assert set(one["verdict"]["proven"]) == set(VARIANTS)
        assert one["verdict"]["agree"]


def test_the_decision_sets_the_tuned_python_beside_the_rust(document: dict[str, Any]) -> None:
    (decision,) = document["decisions"]
    assert "Python tuned takes" in decision["verdict"]
    assert "and Rust" in decision["verdict"]


def test_they_lose_nothing_to_faults(lambdameter: Callable[..., Any]) -> None:
    faults = "unprocessed=0.2,throttle=0.02,5xx=0.05,cut=0.05"
    asked = ("--variants", "python-tuned,rust-tuned", *SIZES, "--faults", faults, "--json")
    ended = lambdameter("run", "etl", *asked).end()
    assert ended.exit_code == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert document["equality"]["equal"]
    assert all(one["warm"]["errors"] == 0 for one in document["results"])
