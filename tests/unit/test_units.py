from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter import units


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0, "0"),
        (0.01234, "0.0123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (14_740, "14,740"),
        (9.996, "10.0"),
        (99.96, "100"),
        (-12.34, "-12.3"),
    ],
)
def test_figures_have_three_significant_digits(value: float | None, shown: str) -> None:
    assert units.number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "1 s"),
        (12.4, "12 s"),
        (59.9, "60 s"),
        (60, "1 min"),
        (252, "4.2 min"),
        (3540, "59 min"),
        (4680, "1.3 h"),
    ],
)
def test_a_wait_has_two_digits_and_its_unit(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


def test_a_single_thing_is_not_many() -> None:
    assert [units.count(n, "round") for n in (0, 1, 1_200)] == [
        "0 rounds",
        "1 round",
        "1,200 rounds",
    ]


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_shown_figure_is_within_half_a_unit_of_its_last_digit(value: float) -> None:
    shown = float(units.number(value).replace(",", ""))
    assert shown == pytest.approx(value, rel=0.0051)


def test_no_figure_is_shown_in_scientific_notation() -> None:
    assert "e" not in units.number(1.5e-7).lower()


@pytest.mark.parametrize(
    ("share", "shown"), [(0.333, "33 %"), (0.004, "0.40 %"), (0, "0 %"), (None, "-"), (1, "100 %")]
)
def test_shares_are_percent(share: float | None, shown: str) -> None:
    assert units.percent(share) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("207.4", "$207.40"),
        ("12345.678", "$12,345.68"),
        ("0.000345", "$0.000345"),
        ("0.03125", "$0.0312"),
        ("0", "$0.00"),
    ],
)
def test_dollars_keep_cents_from_one_up_and_three_digits_below(amount: str, shown: str) -> None:
    assert units.usd(Decimal(amount)) == shown


def test_object_sizes_are_decimal_megabytes() -> None:
    assert units.megabytes(17_100_000) == "17.1 MB"
    assert units.gigabytes(25_277_000_000) == "25.3 GB"


def test_seconds_are_told_from_milliseconds() -> None:
    assert units.time(14_740.2) == "14.7 s"
    assert units.time(34.52) == "34.5 ms"
    assert units.time(999.9) == "1,000 ms"
    assert units.time(None) == units.NOTHING


def test_line_numbers_are_told_as_spans() -> None:
    assert units.lines((4,)) == "line 4"
    assert units.lines((4, 7, 8, 9, 12)) == "lines 4, 7-9, 12"
