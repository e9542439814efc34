from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec

from lambdameter.model.sample import FieldDifference, RecordDifference, SampleError
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule
from lambdameter.report.equality import equality


def planted(sample_run: ModuleType, **changes: Any) -> Any:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    wrong = sample_run.planted_difference(samples[3])
    samples[3] = msgspec.structs.replace(
        wrong, equality=msgspec.structs.replace(wrong.equality, **changes)
    )
    return sample_run.report_input(manifest, samples)


def test_an_equal_case_says_how_many_records_and_their_digest(sample_run: ModuleType) -> None:
    first = equality(sample_run.report_input()).plain.splitlines()[0]
    assert first == "CSV   equal  104,000 records of Python and Rust, sha256 9f2ab8813c07"


def test_what_may_differ_stands_with_its_reason(sample_run: ModuleType) -> None:
    assert "total_ms (a measured time)" in equality(sample_run.report_input()).plain


def test_a_variant_that_died_proves_nothing(sample_run: ModuleType) -> None:
    text = equality(sample_run.report_input(sample_run.manifest((128,)))).plain
    assert (
        "died: Python (Runtime.OutOfMemory); the records it did not write are not verified" in text
    )


def test_only_the_first_records_are_listed_and_the_rest_counted(sample_run: ModuleType) -> None:
    field = FieldDifference(field="amount_paid", expected='{"N":"1"}', actual=None)
    records = tuple(RecordDifference(key=f"reg-{n}", fields=(field,)) for n in range(5))
    text = equality(planted(sample_run, differences=records, differing=40)).plain
    assert "reg-2" in text
    assert "reg-3" not in text
    assert "and 37 more" in text
    assert 'expected {"N":"1"}, found nothing' in text


def test_long_and_unprintable_values_stay_on_their_line(sample_run: ModuleType) -> None:
    field = FieldDifference(field="name", expected="a\nb" + "x" * 200, actual="\x1b[31m")
    text = equality(
        planted(sample_run, differences=(RecordDifference(key="k", fields=(field,)),))
    ).plain
    assert "expected a·bxxx" in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_an_answer_that_is_nonsense_is_told_though_the_table_is_right(
    sample_run: ModuleType,
) -> None:
    run = planted(sample_run, equal=True, differing=0, differences=())
    samples = list(run.samples)
    samples[3] = msgspec.structs.replace(
        samples[3], error=SampleError(kind="answer", type="NoCount", message="records is missing")
    )
    verdicts = tuple(
        msgspec.structs.replace(one, unequal=("rust",)) if one.case == "csv" else one
        for one in run.summary.equality
    )
    changed = msgspec.structs.replace(
        run,
        samples=tuple(samples),
        summary=msgspec.structs.replace(run.summary, equality=verdicts),
    )
    assert "answer: records is missing" in equality(changed).plain


def test_a_tolerance_is_told_with_its_reason(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    rule = EqualityRule(
        response=(
            AnswerMayDiffer(field="mean", absolute=0.01, relative=1e-9, reason="another order"),
        )
    )
    workload = msgspec.structs.replace(manifest.workload, equality=rule)
    run = sample_run.report_input(msgspec.structs.replace(manifest, workload=workload))
    told = equality(run).plain
    assert "May differ in the answer: mean by 0.01 or 1e-09 of the value (another order)" in told
