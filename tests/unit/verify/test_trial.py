from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Expected
from lambdameter.model.sample import TrialEquality
from lambdameter.model.workload import (
    AnswerMayDiffer,
    Calls,
    EqualityRule,
    MayDiffer,
    ResponseShape,
    Table,
    TableKey,
    Workload,
)
from lambdameter.verify import table, trial

WORKLOAD = Workload(
    name="sums",
    title="Sums",
    root="/nowhere",
    timeout_s=3,
    parameters={},
    calls=Calls(),
    generator="generate.py",
    cases=(),
    variants=(),
    response=ResponseShape(count="records", unit="sum", total="total_ms"),
    table=Table(partition_key=TableKey(name="id", type="S")),
    equality=EqualityRule(
        table=(MayDiffer(field="written_at", reason="a time"),),
        response=(AnswerMayDiffer(field="total_ms", reason="a time"),),
    ),
)
ANSWER = {"records": 30, "total_ms": 1.5}


def items(n: int = 30, **changes: dict[str, Any]) -> list[dict[str, Any]]:
    made = [{"id": {"S": f"r{i:02}"}, "amount": {"N": f"{i}.50"}} for i in range(n)]
    for one in made:
        one.update(changes.get(one["id"]["S"], {}))
    return made


def check(
    actual: list[dict[str, Any]],
    answer: Any = ANSWER,
    workload: Workload = WORKLOAD,
    initial: Sequence[dict[str, Any]] = (),
) -> TrialEquality:
    rule = trial.rule(WORKLOAD)
    assert rule is not None
    known = table.digest(items(), rule)
    must = Expected(
        count=known.count,
        digest=known.digest,
        response={"records": 30, "total_ms": 0},
        initial_count=len(initial),
        initial_digest="not compared",
    )

    def get(key: dict[str, Any]) -> dict[str, Any] | None:
        return next((one for one in actual if one["id"] == key["id"]), None)

    sources = trial.ItemSources(
        scan=lambda: actual, get=get, expected=items, initial=lambda: initial
    )
    return trial.check(workload, must, answer, sources)


def test_what_is_equal_is_proven_by_count_and_digest() -> None:
    found = check(list(reversed(items())))
    assert found.equal
    assert (found.expected_count, found.actual_count, found.differing) == (30, 30, 0)
    assert found.actual_digest == found.expected_digest
    assert found.write_units == 30


def test_what_may_differ_does_not_count() -> None:
    assert check(items(r03={"written_at": {"S": "now"}})).equal


def test_one_wrong_type_in_one_record_is_shown() -> None:
    found = check(items(r07={"amount": {"S": "7.5"}}))
    assert not found.equal
    assert found.differing == 1
    (record,) = found.differences
    assert record.key == '{"id":{"S":"r07"}}'
    (field,) = record.fields
    assert (field.field, field.expected, field.actual) == (
        "amount",
        '{"N":"7.5"}',
        '{"S":"7.5"}',
    )


def test_missing_and_extra_records_are_counted_and_shown() -> None:
    found = check([*items()[1:], {"id": {"S": "zz"}}])
    assert (found.actual_count, found.differing) == (30, 2)
    assert [one.key for one in found.differences] == ['{"id":{"S":"r00"}}', '{"id":{"S":"zz"}}']


def test_the_first_ten_differences_are_shown_and_all_counted() -> None:
    found = check([])
    assert found.differing == 30
    assert [one.key for one in found.differences] == [
        f'{{"id":{{"S":"r{i:02}"}}}}' for i in range(10)
    ]


def test_a_wrong_answer_over_a_right_table_is_unequal() -> None:
    found = check(items(), {"records": 29, "total_ms": 1})
    assert not found.equal
    assert found.differing == 0
    assert [one.field for one in found.response_differences] == ["records"]


def test_a_workload_without_table_is_compared_by_its_answer() -> None:
    without = msgspec.structs.replace(WORKLOAD, table=None)
    assert trial.rule(without) is None
    assert check([], workload=without).equal
    assert not check([], {"records": 1}, without).equal


def test_a_scan_that_gives_a_key_twice_is_the_targets_fault() -> None:
    with pytest.raises(TargetError, match="r00"):
        check([*items(), items()[0]])


def test_the_expected_items_are_not_read_when_the_digests_agree() -> None:
    def unread() -> Iterator[dict[str, Any]]:
        raise AssertionError

    rule = trial.rule(WORKLOAD)
    assert rule is not None
    known = table.digest(items(), rule)
    must = Expected(count=30, digest=known.digest)
    sources = trial.ItemSources(scan=items, get=lambda _: None, expected=unread, initial=unread)
    assert trial.check(WORKLOAD, must, {}, sources).equal


def test_only_what_was_not_there_before_was_written() -> None:
    assert check(items()).write_units == 30
    assert check(items(), initial=items(20)).write_units == 10
    assert check(items(), initial=items(20, r05={"amount": {"N": "1"}})).write_units == 11


def test_the_canonical_response_leaves_out_what_may_differ() -> None:
    assert trial.canonical_response(WORKLOAD, ANSWER) == '{"records":30}'
