from __future__ import annotations

from typing import Any

import pytest

from lambdameter.model.claim import ClaimRow, Documented, Quantity
from lambdameter.model.reproduction import Estimate, JudgedRow
from lambdameter.report import reproduction_words as words

QUANTITY = Quantity(workload="w", variant="v", case="c", memory_mb=128, metric="mean_ms")


def judged(estimate: Estimate | None = None, **fields: Any) -> JudgedRow:
    given = {"id": "X.1", "claim": "X", "title": "", "unit": "ms", "of": (QUANTITY,)} | fields
    return JudgedRow(source="X", row=ClaimRow(**given), verdict="reproduced", estimate=estimate)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"value": 28.96}, "29.0 ms"),
        ({"low": 50, "high": 80}, "50.0 to 80.0 ms"),
        ({"value": 0.00003}, "30.0 ns"),
        ({"value": 1_200_000, "unit": "B"}, "1.20 MB"),
        ({"value": 641, "unit": "B"}, "641 B"),
        ({"value": 89, "unit": "x"}, "89.0x"),
        ({"value": 0.21, "unit": "USD"}, "$0.210"),
        ({"value": 2, "unit": ""}, "2"),
        ({"side": "below", "unit": "x"}, "less"),
        ({"side": "above", "unit": "x"}, "more"),
    ],
)
def test_what_is_published_is_told_in_the_unit_that_suits_it(fields: Any, told: str) -> None:
    assert words.published(judged(**fields)) == told


def test_ours_is_told_in_the_published_ones_unit() -> None:
    ours = Estimate(value=0.0000391, low=0.000038, high=0.00004, environments=10)
    one = judged(ours, value=0.00003)
    assert (words.here(one), words.interval(one)) == ("39.1 ns", "38.0 to 40.0")


def test_a_package_is_what_it_is() -> None:
    assert words.interval(judged(Estimate(value=5, low=5, high=5), value=4)) == "exact"


def test_too_few_environments_have_a_figure_and_no_interval() -> None:
    one = judged(Estimate(value=5, environments=3), value=4)
    assert (words.here(one), words.interval(one)) == ("5.00 ms", "-")


def test_a_row_without_anything_measured_says_what_was_done_with_it() -> None:
    said = Documented(value=900, source="https://docs.aws.amazon.com/")
    assert words.here(judged(of=(), value=1, table=("a",))) == "recomputed"
    assert words.here(judged(of=(), value=900, unit="s", documented=said)) == "(900 s)"
    assert words.here(judged(of=(), value=1)) == "-"


def test_other_work_than_published_is_told() -> None:
    ratio = {"value": 4, "operation": "ratio", "over": (QUANTITY,)}
    assert words.is_scaled(judged(Estimate(value=5, scaled=10), **ratio))
    assert not words.is_scaled(judged(Estimate(value=5), **ratio))


def test_a_figure_of_other_work_than_published_is_not_shown_beside_it() -> None:
    one = judged(Estimate(value=5, low=4, high=6, once=5, scaled=10), value=4)
    assert (words.here(one), words.once(one), words.interval(one)) == ("-", "-", "-")
