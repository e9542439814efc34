from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.model.sample import FieldDifference
from lambdameter.model.search import Disagreement, SearchResult
from lambdameter.model.workload import Workload
from lambdameter.report import search

FOUND = SearchResult(
    workload="etl",
    variants=("python", "rust"),
    seed=7,
    inputs=1_204,
    smaller=33,
    smallest=True,
    seconds=12.4,
    event={"name": "e\u0301\u0007"},
    event_file="runs/search one.json",
    answers={"python": '{"n":2}', "rust": '{"n":1}'},
    disagreements=(
        Disagreement(
            variant="rust", fields=(FieldDifference(field="n", expected="2", actual=None),)
        ),
    ),
    again=True,
)
NOTHING = msgspec.structs.replace(
    FOUND, event=None, event_file=None, answers={}, disagreements=(), again=None
)


@pytest.fixture
def workload(sample_run: ModuleType) -> Workload:
    made: Workload = sample_run.manifest().workload
    return made


def told(workload: Workload, **changes: Any) -> list[str]:
    result = msgspec.structs.replace(FOUND, **changes)
    return search.report(result, workload, "lambdameter search x --event").plain.splitlines()


def test_a_find_shows_the_event_both_answers_and_the_field(workload: Workload) -> None:
    lines = told(workload)
    assert lines[0] == (
        " NOT EQUAL   after 1,204 inputs (seed 7); the smallest such event found in 33 more:"
    )
    assert lines[1] == '  {"name":"e\u0301\\u0007"}'
    assert '  Python  {"n":2}' in lines
    assert "    n: Python 2, Rust nothing" in lines


def test_a_find_ends_with_the_command_that_calls_it_again(workload: Workload) -> None:
    assert told(workload)[-1] == "  lambdameter search x --event 'runs/search one.json'"


def test_an_event_that_could_be_smaller_is_told_as_such(workload: Workload) -> None:
    assert told(workload, smallest=False)[0].endswith("but perhaps not the smallest:")


def test_a_difference_that_did_not_come_again_is_told_as_such(workload: Workload) -> None:
    assert not any("The variants did not differ" in line for line in told(workload))
    assert any("The variants did not differ" in line for line in told(workload, again=False))


def test_nothing_found_is_no_proof(workload: Workload) -> None:
    (line,) = search.report(NOTHING, workload, "etl").plain.splitlines()
    assert line.startswith(
        "no difference  Python and Rust give the same answers to 1,204 inputs, in 12 s"
    )
    assert "not a proof" in line


def test_nothing_found_among_all_inputs_is_one(workload: Workload) -> None:
    result = msgspec.structs.replace(NOTHING, exhausted=True)
    line = search.report(result, workload, "etl").plain
    assert line == (
        "no difference  Python and Rust give the same answers to all 1,204 inputs that the "
        "schema allows"
    )


def test_one_event_that_is_equal_shows_the_answers(workload: Workload) -> None:
    result = msgspec.structs.replace(
        NOTHING, seed=None, event_file="one.json", answers={"python": "1", "rust": "1"}
    )
    assert search.report(result, workload, "etl").plain.splitlines() == [
        "equal  Python and Rust give the same answer to one.json",
        "  Python  1",
        "  Rust    1",
    ]


def test_the_document_says_whether_they_are_equal() -> None:
    found, nothing = json.loads(search.encode(FOUND)), json.loads(search.encode(NOTHING))
    assert (found["schema"], found["equal"], nothing["equal"]) == (1, False, True)
    assert found["result"]["event"] == FOUND.event
    assert found["result"]["disagreements"][0]["fields"][0]["field"] == "n"
