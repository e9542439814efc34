from __future__ import annotations

from decimal import Decimal

import pytest

from lambdameter.audit import printed


@pytest.mark.parametrize(
    ("text", "value", "low", "high"),
    [
        ("0.21", "0.21", "0.205", "0.215"),
        ("20.70", "20.70", "20.695", "20.705"),
        ("14,740", "14740", "14739.5", "14740.5"),
        ("$1,234.5", "1234.5", "1234.45", "1234.55"),
        ("1e6", "1e6", "999999.5", "1000000.5"),
        ("~300", "300", "270", "330"),
        ("50-80", "65", "49.5", "80.5"),
        ("2.9..3.3", "3.1", "2.85", "3.35"),
        ("0", "0", "0", "0.5"),
    ],
)
def test_a_printed_figure_is_the_interval_that_it_was_rounded_from(
    text: str, value: str, low: str, high: str
) -> None:
    assert printed.read(text) == (Decimal(value), Decimal(low), Decimal(high))


@pytest.mark.parametrize(
    "text", ["", "fast", "1,5", "12,34", "5-3", "-4", "1e999999999", "nan", "3 ms"]
)
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a figure"):
        printed.read(text)


def test_every_metric_has_units_and_a_base_unit_first() -> None:
    for dimension in printed.METRICS.values():
        assert next(iter(printed.UNITS[dimension].values())) == 1
