from __future__ import annotations

import pytest
from rich.text import Text

from lambdameter.report.grid import Grid
from lambdameter.report.style import WIDTH, Label, measured, published


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


def test_a_case_of_many_cells_is_cut_and_no_figure_is() -> None:
    figure = "12345" * 5
    grid = Grid([("", ""), *((f"{number}", "ms") for number in range(3))])
    for case, variant in (("short", "Python"), ("a very long one", "Rust")):
        grid.row([Label(case, Text(variant), 15), *[measured(figure)] * 3])
    grid.words(Label("short", Text("Go"), 15), Text("died"))
    *_, one, other, last = grid.text().plain.splitlines()
    assert one.startswith("short        Python ")
    assert other.startswith("a very long… Rust   ")
    assert last == "short        Go      died"
    assert one.split()[2:] == other.split()[4:] == [figure] * 3
    assert len(one) == WIDTH


def test_a_case_that_has_room_is_not_cut() -> None:
    grid = Grid([("", ""), ("total", "ms")])
    grid.row([Label("a very long one", Text("Rust"), 15), measured("1")])
    assert "a very long one Rust" in grid.text().plain


def test_what_follows_a_label_is_not_in_its_variants_style() -> None:
    label = Label("CSV", Text("Rust", "red"), 3).followed_by(" warm").followed_by("!", "bold")
    text = label.text()
    styles = [(text.plain[span.start : span.end], str(span.style)) for span in text.spans]
    assert styles == [("Rust", "red"), ("!", "bold")]
