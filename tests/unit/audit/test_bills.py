from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from lambdameter.audit import bills
from lambdameter.cost import price_list
from lambdameter.model.audit import PublishedTable

Read = Callable[[str], PublishedTable]
PRICES = price_list.latest()
HEAD = "metric,value,architecture,region,memory_mb,billed_ms,runs,uses\n"


def bill(table: PublishedTable) -> bills.Bill | None:
    return bills.bill(table.figures[0], table, PRICES)


def test_a_bill_is_memory_times_time_times_price_and_what_is_asked_for(read: Read) -> None:
    made = bill(read(f"{HEAD}cost,1,arm64,us-east-1,512,2000,10,dynamodb.WriteRequestUnit=100"))
    assert made is not None
    assert made.compute["arm64"] == Decimal("0.000133334")
    assert made.extras == {"requests": Decimal("0.000002"), "DynamoDB writes": Decimal("0.000625")}
    assert made.whole("arm64") == Decimal("0.000760334")


@pytest.mark.parametrize(
    "row", ["cost,1,,,,100,,", "cost,1,,,128,,,", "cost,1,,mars-east-1,128,100,,"]
)
def test_there_is_no_bill_where_the_table_says_too_little(read: Read, row: str) -> None:
    assert bill(read(HEAD + row)) is None


def test_the_billed_duration_of_the_same_call_stands_in(read: Read) -> None:
    made = bill(read(f"{HEAD}cost,1,arm64,,1024,,,\nbilled,1000,arm64,,1024,,,"))
    assert made is not None
    assert made.compute["arm64"] == Decimal("0.0000133334")


@pytest.mark.parametrize(
    ("cost", "architecture", "left_out"),
    [
        ("0.0007603", "arm64", []),
        ("0.0007583", "arm64", ["requests"]),
        ("0.0001333", "arm64", ["requests", "DynamoDB writes"]),
        ("0.0001667", "x86_64", ["requests", "DynamoDB writes"]),
    ],
)
def test_a_cost_is_read_as_kindly_as_its_figure_allows(
    read: Read, cost: str, architecture: str, left_out: list[str]
) -> None:
    table = read(f"{HEAD}cost,{cost},arm64,,512,2000,10,dynamodb.WriteRequestUnit=100")
    made = bill(table)
    assert made is not None
    found = bills.reading(table.figures[0], made)
    assert found is not None
    assert (found.architecture, list(found.left_out)) == (architecture, left_out)


def test_a_cost_that_no_part_of_the_bill_gives_has_no_reading(read: Read) -> None:
    table = read(f"{HEAD}cost,0.5,arm64,,512,2000,10,")
    made = bill(table)
    assert made is not None
    assert bills.reading(table.figures[0], made) is None
