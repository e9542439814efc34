"""Both variants of `light` write the same, answer the same, and refuse the same."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from lambdameter.verify import table as tables
from lambdameter.verify import trial
from lambdameter.workload import dataset

ITEMS = 5


def digester(rule: tables.Rule) -> dataset.Digester:
    def digest(items: Any) -> tuple[int, str]:
        made = tables.digest(items, rule)
        return made.count, made.digest

    return dataset.Digester(form=rule.form, digest=digest)


def test_both_variants_leave_and_answer_what_the_generator_says(light: Any) -> None:
    workload = light.workload
    rule = trial.rule(workload)
    assert rule is not None
    data = dataset.make(workload, {}, digester(rule))
    canonical = set()
    for variant in light.names:
        with light.table() as table:
            said = light.invoke(variant, light.event("batch", table))
            assert said.error is None, said
            sources = trial.ItemSources(
                scan=functools.partial(light.target.scan, table),
                get=functools.partial(light.target.get_item, table),
                expected=lambda: dataset.expected_items(data, "batch"),
                initial=lambda: dataset.initial_items(data, "batch"),
            )
            found = trial.check(workload, data.expected["batch"], said.document, sources)
        assert found.equal, (variant, found)
        assert found.write_units == ITEMS
        assert said.document["memoryLimitMB"] == 1_769
        assert said.document["writeRequestId"] != said.document["readRequestId"]
        canonical.add(trial.canonical_response(workload, said.document))
    assert len(canonical) == 1


def test_both_variants_log_two_lines(light: Any) -> None:
    for variant in light.names:
        with light.table() as table:
            log = light.log(variant, light.event("batch", table))
        told = [line for line in log.splitlines() if "handler_" in line]
        assert len(told) == 2, log
        start, success = (
            json.loads(line[line.index('{"') : line.rindex("}") + 1]) for line in told
        )
        assert (start["event"], success["event"]) == ("handler_start", "handler_success")
        assert (success["itemsWritten"], success["itemsRead"]) == (ITEMS, ITEMS)


def refusals(light: Any, event: Any) -> set[tuple[str, str]]:
    said = [light.invoke(variant, event) for variant in light.names]
    assert {one.error for one in said} == {"Unhandled"}
    return {(one.document["errorType"], one.document["errorMessage"]) for one in said}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (None, "table must be named"),
        ([], "table must be named"),
        (7, "table must be named"),
        ({}, "table must be named"),
        ({"table": "", "timestamp": 1}, "table must be named"),
        ({"table": ["t"], "timestamp": 1}, "table must be named"),
        ({"table": "t"}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": None}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": True}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": "1"}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": 1.0}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": -1}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": 2**63 - 5}, "timestamp must be milliseconds since 1970"),
        ({"table": "t", "timestamp": 10**30}, "timestamp must be milliseconds since 1970"),
    ],
    ids=repr,
)
def test_an_event_that_is_not_sound_is_refused_alike(light: Any, event: Any, told: str) -> None:
    assert refusals(light, event) == {("InvalidEvent", told)}


def test_a_missing_table_is_refused_alike(light: Any) -> None:
    event = light.event("batch", "nowhere")
    told = "ResourceNotFoundException: nowhere"
    assert refusals(light, event) == {("TableNotFound", told)}


def test_the_largest_timestamp_is_taken_by_both(light: Any) -> None:
    event = {"timestamp": 2**63 - 6}
    for variant in light.names:
        with light.table() as table:
            assert light.invoke(variant, event | {"table": table}).error is None
