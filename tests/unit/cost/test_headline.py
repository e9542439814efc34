from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from lambdameter.cost.headline import headline_bill
from lambdameter.model.claim import Headline
from lambdameter.model.reproduction import HeadlineBill

HEADLINE = Headline(
    claim="K7",
    title="cheaper",
    workload="etl",
    of="rust",
    over="python",
    cases=("csv", "json"),
    memory_mb=1024,
)


def headline(**fields: object) -> Headline:
    return msgspec.structs.replace(HEADLINE, **fields)


@pytest.fixture
def bill(sample_run: ModuleType) -> HeadlineBill:
    found = headline_bill("K", headline(), sample_run.report_input().bill)
    assert found is not None
    return found


def test_the_lines_add_up_to_both_bills(bill: HeadlineBill) -> None:
    assert sum(line.over_usd for line in bill.lines) == pytest.approx(bill.over_usd)
    assert sum(line.of_usd for line in bill.lines) == pytest.approx(bill.of_usd)
    assert sum(line.saved for line in bill.lines) == pytest.approx(bill.whole_saved)


def test_a_third_of_the_compute_is_a_trifle_of_the_whole(bill: HeadlineBill) -> None:
    assert 0.2 < bill.compute_saved < 0.5
    assert bill.whole_saved < 0.01
    assert bill.compute_ratio > 1.2
    assert bill.whole_ratio < 1.01


def test_what_no_rewrite_touches_saves_nothing(bill: HeadlineBill) -> None:
    saved = {line.item: line.saved for line in bill.lines}
    assert saved["DynamoDB writes"] == saved["requests"] == 0
    assert saved["compute"] == pytest.approx(bill.whole_saved)


def test_as_many_calls_are_billed_as_the_headline_is_about(
    sample_run: ModuleType, bill: HeadlineBill
) -> None:
    many = headline_bill("K", headline(calls=1_000), sample_run.report_input().bill)
    assert many is not None
    assert many.over_usd == pytest.approx(1_000 * bill.over_usd)
    assert many.whole_saved == pytest.approx(bill.whole_saved)


def test_without_both_sides_there_is_no_bill(sample_run: ModuleType) -> None:
    bill = sample_run.report_input().bill
    assert headline_bill("K", headline(of="go"), bill) is None
    assert headline_bill("K", headline(memory_mb=128), bill) is None
