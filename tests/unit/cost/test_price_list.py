from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lambdameter.cost import price_list
from lambdameter.errors import BadInputError

BEGIN = date(2014, 11, 13)  # when AWS announced Lambda


def test_prices_are_exact_decimals_with_a_source_and_a_date() -> None:
    prices = price_list.latest()
    assert prices.regions
    for region in prices.regions.values():
        for price in region.values():
            assert isinstance(price.usd, Decimal)
            assert price.source.startswith("https://")
            assert price.as_of == "undated" or date.fromisoformat(price.as_of) > BEGIN


def test_the_list_is_as_new_as_its_newest_price() -> None:
    prices = price_list.latest()
    dates = {price.as_of for region in prices.regions.values() for price in region.values()}
    assert prices.as_of == max(dates - {"undated"})


def test_every_region_prices_the_same_things() -> None:
    assert len({frozenset(region) for region in price_list.latest().regions.values()}) == 1


def test_us_east_1_has_the_prices_of_claim_k() -> None:
    prices = price_list.latest().regions["us-east-1"]
    assert prices["lambda.Duration.x86_64"].usd == Decimal("0.0000166667")
    assert prices["lambda.Duration.arm64"].usd == Decimal("0.0000133334")
    assert prices["dynamodb.WriteRequestUnit"].usd == Decimal("0.625")


@pytest.mark.parametrize("document", [b"as_of =", b'as_of = "2026-01-01"', b"\xff"])
def test_a_file_that_is_no_price_list_is_refused_by_name(document: bytes) -> None:
    with pytest.raises(BadInputError, match=r"mine\.toml"):
        price_list.parse(document, place="mine.toml")
