from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from lambdameter.model.audit import PublishedTable

Read = Callable[[str], PublishedTable]


def test_a_row_without_a_value_is_what_its_formula_gives(read: Read) -> None:
    text = """id,metric,value,from,part
rest,part,,twice - b.x,write
twice,total,,2 * a,
a,total,100,,
b.x,total,50,,
"""
    rest, twice, *_ = read(text).figures
    assert (rest.value, rest.low, rest.high) == (Decimal(150), Decimal("148.5"), Decimal("151.5"))
    assert rest.derived
    assert (twice.value, twice.printed) == (Decimal(200), "200 ms")


def test_a_stated_row_keeps_its_own_figure(read: Read) -> None:
    _, ratio = read("id,metric,value,from\na,total,100,\nr,ratio,3,a / 50\n").figures
    assert (ratio.value, ratio.derived) == (Decimal(3), False)
