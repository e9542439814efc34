from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from lambdameter.measure.progress import ProgressBar
from lambdameter.model.artifact import Dataset, Expected
from lambdameter.model.base import Call
from lambdameter.model.sample import Report, Sample, SampleError, Trial, TrialEquality

PLAN = tuple(
    Trial(
        index=index,
        round=0,
        environment=0,
        workload="sums",
        variant="python",
        case="csv",
        memory_mb=128,
        call="warm" if index else "cold",
    )
    for index in range(2)
)


def dataset(count: int) -> Dataset:
    expected = {"csv": Expected(count=count, digest="d")}
    return Dataset(folder="/d", parameters={}, object_bytes={}, expected=expected)


DATASETS: dict[Call, Dataset] = {"cold": dataset(0), "warm": dataset(9_000)}
EQUAL = TrialEquality(
    equal=True,
    expected_count=1,
    actual_count=1,
    expected_digest="d",
    actual_digest="d",
    write_units=1,
    differing=0,
)
GOOD = Sample(
    trial=PLAN[0],
    started_at="2026-11-21T10:00:00.000+00:00",
    client_ms=1500,
    report=Report(
        request_id="r", duration_ms=1234.5, billed_ms=1235, memory_mb=128, max_memory_mb=40
    ),
    equality=EQUAL,
)
DIED = SampleError(kind="function", type="Runtime.OutOfMemory", message="killed")


@pytest.mark.parametrize(
    ("sample", "outcome"),
    [
        (GOOD, "1.23 s"),
        (msgspec.structs.replace(GOOD, error=DIED, equality=None), "Runtime.OutOfMemory"),
        (
            msgspec.structs.replace(GOOD, equality=msgspec.structs.replace(EQUAL, equal=False)),
            "NOT EQUAL to what must be there",
        ),
        (msgspec.structs.replace(GOOD, report=None), "-"),
    ],
)
def test_where_there_is_no_terminal_each_sample_is_a_line_with_what_came_of_it(
    sample: Sample, outcome: str
) -> None:
    told = io.StringIO()
    with ProgressBar(PLAN, DATASETS, Console(file=told, width=40)) as telling:
        telling.started(PLAN[0])
        telling.finished(sample)
    assert told.getvalue() == f"1/2 python csv 128 MB cold: {outcome}\n"


def test_a_terminal_is_shown_what_is_measured_and_keeps_none_of_it() -> None:
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=120)
    with ProgressBar(PLAN, DATASETS, console) as telling:
        telling.started(PLAN[0])
        telling.finished(GOOD)
        telling.started(PLAN[1])
        telling._bar.refresh()
    shown = told.getvalue()
    assert "measuring 2/2 python csv 128 MB warm" in shown
    assert "time left: about" in shown
    assert "1.23 s" not in shown


def test_the_bar_goes_on_by_the_work_that_was_done() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    with ProgressBar(PLAN, DATASETS, console) as telling:
        telling.finished(GOOD)
        # A start counts as 1,000 records: one start of two, and none of 9,000 records.
        assert telling._bar.tasks[0].percentage == pytest.approx(100 * 1_000 / 11_000)
        telling.finished(msgspec.structs.replace(GOOD, trial=PLAN[1]))
        assert telling._bar.finished
