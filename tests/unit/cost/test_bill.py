from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from lambdameter.cost import price_list
from lambdameter.cost.bill import bill_cell, monthly, regional, services_usd, unit_usd
from lambdameter.errors import BadInputError
from lambdameter.model.base import Architecture
from lambdameter.model.bill import CellBill, Price
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.model.workload import ServiceUse

READ = (ServiceUse(service="s3", operation="GetObject", requests=1),)


@pytest.fixture(scope="module")
def prices() -> dict[str, Price]:
    return price_list.latest().regions["us-east-1"]


def cell(
    billed_ms: float = 20_700, memory_mb: int = 1024, write_units: int | None = 50_000
) -> CellSummary:
    return CellSummary(
        variant="python",
        case="csv",
        memory_mb=memory_mb,
        cold=CallSummary(n=1, errors=0, init_ms=250.2),
        warm=CallSummary(
            n=1, errors=0, count=50_000, mean_billed_ms=billed_ms, write_units=write_units
        ),
    )


def billed(
    of: CellSummary, prices: dict[str, Price], architecture: Architecture = "x86_64"
) -> CellBill:
    bill = bill_cell(of, prices, architecture, READ)
    assert bill is not None
    return bill


@pytest.mark.parametrize(("seconds", "usd"), [("13.6", "0.000227"), ("20.7", "0.000345")])
def test_k7_compute_per_run_is_the_published_one_at_the_x86_price(
    prices: dict[str, Price], seconds: str, usd: str
) -> None:
    bill = billed(cell(float(seconds) * 1000), prices)
    assert round(bill.touchable_usd, 6) == Decimal(usd)


@pytest.mark.parametrize(
    ("seconds", "published"),
    [("20.7", ("0.21", "20.70", "207")), ("13.6", ("0.14", "13.60", "136"))],
)
def test_k8_compute_per_month_is_the_published_one(
    prices: dict[str, Price], seconds: str, published: tuple[str, ...]
) -> None:
    bill = billed(cell(float(seconds) * 1000), prices)
    for volume, told in zip(bill.monthly, published, strict=True):
        assert volume.touchable_usd.quantize(Decimal(told)) == Decimal(told)
    assert [volume.runs_per_month for volume in bill.monthly] == [600, 60_000, 600_000]


def test_k8_leaves_out_writes_worth_ninety_times_the_compute(prices: dict[str, Price]) -> None:
    bill = billed(cell(), prices)
    writes = next(line for line in bill.lines if line.service == "dynamodb")
    assert writes.usd == Decimal("0.03125")
    assert round(writes.usd / bill.touchable_usd) == 91


def test_arm64_is_a_fifth_cheaper(prices: dict[str, Price]) -> None:
    arm, x86 = (billed(cell(1_000), prices, name) for name in ("arm64", "x86_64"))
    assert arm.touchable_usd == Decimal("0.0000133334")
    assert x86.touchable_usd == Decimal("0.0000166667")


def test_memory_is_paid_in_proportion(prices: dict[str, Price]) -> None:
    assert billed(cell(1_000, 128), prices).touchable_usd * 8 == Decimal("0.0000166667")


def test_the_lines_add_up_exactly_and_only_compute_is_touchable(prices: dict[str, Price]) -> None:
    bill = billed(cell(), prices)
    assert bill.run_usd == sum(line.usd for line in bill.lines)
    assert [line.item for line in bill.lines if line.touchable] == ["compute"]
    assert {line.item: line.usd for line in bill.lines}["requests"] == Decimal("0.0000002")
    assert {line.item: line.usd for line in bill.lines}["S3 reads"] == Decimal("0.0000004")


def test_init_is_billed_by_the_started_millisecond_and_stands_apart(
    prices: dict[str, Price],
) -> None:
    bill = billed(cell(), prices)
    assert bill.init_usd == Decimal("0.251") * Decimal("0.0000166667")
    assert all("init" not in line.item.lower() for line in bill.lines)


def test_no_writes_no_line(prices: dict[str, Price]) -> None:
    bill = billed(cell(write_units=None), prices)
    assert {line.service for line in bill.lines} == {"lambda", "s3"}


def test_a_cell_without_a_measured_warm_call_has_no_bill(prices: dict[str, Price]) -> None:
    dead = CellSummary(variant="python", case="csv", memory_mb=128, warm=CallSummary(n=1, errors=1))
    assert bill_cell(dead, prices, "arm64", ()) is None


def test_an_unpriced_operation_is_refused_with_what_there_is(prices: dict[str, Price]) -> None:
    use = (ServiceUse(service="sqs", operation="SendMessage", requests=1),)
    with pytest.raises(BadInputError, match=r"sqs\.SendMessage.*s3\.GetObject"):
        bill_cell(cell(), prices, "arm64", use)


def test_an_architecture_without_a_price_is_refused(prices: dict[str, Price]) -> None:
    x86_only = {name: price for name, price in prices.items() if not name.endswith("arm64")}
    with pytest.raises(BadInputError, match=r"lambda\.Duration\.arm64"):
        bill_cell(cell(), x86_only, "arm64", ())


@pytest.mark.parametrize("events_per_run", [None, 0])
def test_without_a_count_there_is_no_month(events_per_run: int | None) -> None:
    assert monthly(events_per_run, Decimal(1), Decimal(1)) == ()


def test_what_one_case_alone_asks_for_is_on_no_other_cases_bill(prices: dict[str, Price]) -> None:
    use = ServiceUse(service="dynamodb", operation="ReadRequestUnit", requests=0.5, cases=("csv",))
    mine = bill_cell(cell(), prices, "arm64", (use,))
    other = bill_cell(msgspec.structs.replace(cell(), case="json"), prices, "arm64", (use,))
    assert mine is not None
    assert other is not None
    assert mine.run_usd - other.run_usd == Decimal("0.125") / 1_000_000 / 2


def test_a_call_that_wrote_nothing_has_no_line_for_writes(prices: dict[str, Price]) -> None:
    lines = billed(cell(write_units=0), prices).lines
    assert "DynamoDB writes" not in [line.item for line in lines]


def test_what_a_call_asks_of_other_services_is_its_bill_without_lambda(
    prices: dict[str, Price],
) -> None:
    lines = billed(cell(write_units=50_000), prices).lines
    others = sum(line.usd for line in lines if line.service != "lambda")
    assert services_usd(prices, 50_000, READ) == others


def test_what_one_case_alone_asks_for_is_left_out_where_no_case_is_named(
    prices: dict[str, Price],
) -> None:
    use = msgspec.structs.replace(READ[0], cases=("csv",))
    assert services_usd(prices, 0, (use,)) == 0


def test_a_units_price_is_that_of_the_list(prices: dict[str, Price]) -> None:
    price = prices["lambda.Request"]
    assert unit_usd(prices, "lambda.Request") * price.per == price.usd


def test_a_region_without_prices_is_refused() -> None:
    with pytest.raises(BadInputError, match="no prices for the region moon-1"):
        regional(price_list.latest(), "moon-1")
