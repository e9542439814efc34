"""Rows of figures in columns, as one text: aligned to the digit, with rows that span.

Rich's tables cannot span, and a variant that died is a row of words, not of figures.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from lambdameter.report.look import HEAD, QUIET, WIDTH

_GAP = 1
_AFTER_WORDS = " "


class Grid:
    """Columns of figures under their heads: what, and in the last line in which unit.

    Args:
        heads: (name, unit) of each column; a name may have several lines. The first column holds
            words, the others figures.
    """

    def __init__(self, heads: Sequence[tuple[str, str]]) -> None:
        names = [name.split("\n") for name, _ in heads]
        depth = max(len(lines) for lines in names)
        self._columns = len(heads)
        self._rows: list[Sequence[Text]] = [
            _head([lines[index - depth] if depth - index <= len(lines) else "" for lines in names])
            for index in range(depth)
        ]
        self._rows.append(_head([unit for _, unit in heads], QUIET))

    def row(self, cells: Sequence[Text]) -> None:
        """Add a row, one cell for every column."""
        if len(cells) != self._columns:
            raise ValueError(f"{len(cells)} cells for {self._columns} columns")
        self._rows.append(cells)

    def gap(self) -> None:
        """Add an empty line."""
        self._rows.append([Text()] * self._columns)

    def words(self, first: Text, rest: Text) -> None:
        """Add a row that has words where the figures would stand."""
        self._rows.append([first, rest])

    def text(self) -> Text:
        """Everything, as lines of at most WIDTH cells."""
        full = [row for row in self._rows if len(row) == self._columns]
        widths = [max(row[column].cell_len for row in full) for column in range(self._columns)]
        widths[0] = max(widths[0], *(row[0].cell_len for row in self._rows))
        lines = []
        for row in self._rows:
            line = _left(row[0], widths[0]).append(_AFTER_WORDS)
            if len(row) == self._columns:
                for cell, width in zip(row[1:], widths[1:], strict=True):
                    line.append(" " * (_GAP + width - cell.cell_len)).append_text(cell)
            else:
                line.append(" " * _GAP).append_text(row[1])
            line.rstrip()
            line.truncate(WIDTH, overflow="ellipsis")
            lines.append(line)
        return Text("\n").join(lines)


def _head(lines: Sequence[str], style: Style = HEAD) -> list[Text]:
    """One line of the head. Figures end in a cell for a parenthesis; so do their heads."""
    first, *rest = lines
    return [Text(first, style=style), *(Text(f"{line} ", style=style) for line in rest)]


def _left(cell: Text, width: int) -> Text:
    return Text().append_text(cell).append(" " * (width - cell.cell_len))
