from __future__ import annotations

from types import ModuleType

import msgspec

from lambdameter.report import bill


def test_the_bill_is_in_dollars_per_million_calls(sample_run: ModuleType) -> None:
    lines = bill.per_million_calls(sample_run.report_input(), 1024, {}).plain.splitlines()
    assert lines[3].split() == [
        "CSV",
        "Python",
        "277",
        "0.200",
        "31,250",
        "0.400",
        "31,528",
        "0.88",
        "3.35",
    ]


def test_a_month_has_three_volumes_and_the_touchable_part_of_each(sample_run: ModuleType) -> None:
    text = bill.per_month(sample_run.report_input(), 1024, {}).plain
    assert "1 M records" in text
    assert "100 M records" in text
    assert "1 B records" in text
    assert "18.9 0.166 1,892 16.6 18,917 166" in " ".join(text.splitlines()[3].split())


def test_an_unknown_count_is_said_and_gives_no_month(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    cells = tuple(msgspec.structs.replace(one, monthly=()) for one in run.bill.cells)
    unknown = msgspec.structs.replace(run, bill=msgspec.structs.replace(run.bill, cells=cells))
    assert "is not known" in bill.per_month(unknown, 1024, {}).plain
