from __future__ import annotations

import pytest
from rich.text import Text

from lambdameter.report.grid import Grid
from lambdameter.report.look import measured, published


def test_digits_align_and_parentheses_hang() -> None:
    grid = Grid([("", ""), ("total", "ms")])
    grid.row([Text("a"), measured("21,194")])
    grid.row([Text("b"), published("740")])
    lines = grid.text().plain.splitlines()
    assert lines[2].index("21,194") + 6 == lines[3].index("740") + 3
    assert lines[0].index("total") + 5 == lines[1].index("ms") + 2 == len("a  21,194")


def test_heads_of_several_lines_stand_on_their_unit() -> None:
    grid = Grid([("", ""), ("Max\nMemory", "MB"), ("Init", "ms")])
    grid.row([Text("a"), measured("1"), measured("2")])
    first, second, third, _ = grid.text().plain.splitlines()
    assert first.split() == ["Max"]
    assert second.split() == ["Memory", "Init"]
    assert third.split() == ["MB", "ms"]


def test_words_may_span_all_columns() -> None:
    grid = Grid([("", ""), ("total", "ms")])
    grid.row([Text("a"), measured("1")])
    grid.words(Text("b"), Text("died: it was killed for its memory"))
    assert "b  died: it was killed for its memory" in grid.text().plain


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        Grid([("", ""), ("total", "ms")]).row([Text("a")])
