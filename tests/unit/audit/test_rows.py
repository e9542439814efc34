from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from lambdameter.audit import rows
from lambdameter.model.audit import PublishedTable

Read = Callable[[str], PublishedTable]


def test_what_rests_on_a_row_is_found_through_other_rows(read: Read) -> None:
    text = "id,metric,value,from\na,total,8,\nb,total,4,\nc,ratio,2,a / b\nd,ratio,,1 - 1 / c\n"
    dependents = rows.Dependents(read(text))
    assert dependents.of((2,)) == (4, 5)
    assert dependents.of((5,)) == ()


def test_an_empty_cell_may_mean_anything() -> None:
    assert rows.compatible("", "csv")
    assert rows.compatible(None, 3)
    assert not rows.compatible("csv", "json")


def test_figures_are_told_in_readable_units() -> None:
    told = [
        rows.formatted(*one) for one in (("time", Decimal(170_000)), ("time", Decimal("0.0008")))
    ]
    assert told == ["170 s", "800 ns"]
    assert rows.formatted("money", Decimal("0.00750002")) == "$0.00750"
    assert rows.formatted("ratio", Decimal("1.88")) == "1.88x"
    assert rows.formatted("size", Decimal(1_048_576)) == "1.00 MB"
