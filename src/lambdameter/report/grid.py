"""A table of figures as one text, aligned to the digit, with rows that span columns.

Rich's tables have no such rows, which are needed for variants that died.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from lambdameter.report.style import HEAD, QUIET, WIDTH, Label

_GAP = 1
_AFTER_WORDS = " "


class Grid:
    """Columns of figures under their heads, with units in the last line of the head.

    Args:
        heads: (name, unit) of each column; a name may have several lines. The first column has
            words, the others have figures.
    """

    def __init__(self, heads: Sequence[tuple[str, str]]) -> None:
        names = [name.split("\n") for name, _ in heads]
        depth = max(len(lines) for lines in names)
        self._columns = len(heads)
        self._rows: list[Sequence[Text | Label]] = [
            _head([lines[index - depth] if depth - index <= len(lines) else "" for lines in names])
            for index in range(depth)
        ]
        self._rows.append(_head([unit for _, unit in heads], QUIET))

    def row(self, cells: Sequence[Text | Label]) -> None:
        """Add a row with a cell for every column; only the first can be a label."""
        if len(cells) != self._columns:
            raise ValueError(f"{len(cells)} cells for {self._columns} columns")
        self._rows.append(cells)

    def gap(self) -> None:
        """Add an empty line."""
        self._rows.append([Text()] * self._columns)

    def words(self, first: Text | Label, rest: Text) -> None:
        """Add a row with words instead of figures."""
        self._rows.append([first, rest])

    def text(self) -> Text:
        """The table in lines of at most WIDTH cells; labels are cut before figures."""
        rows = [_cells(row) for row in self._rows]
        lines = self._lines(rows)
        figures = [line for line, row in zip(lines, rows, strict=True) if self._is_full(row)]
        over = max(line.cell_len for line in figures) - WIDTH
        if over > 0:
            lines = self._lines([_cells(row, less=over) for row in self._rows])
        for line in lines:
            line.truncate(WIDTH, overflow="ellipsis")
        return Text("\n").join(lines)

    def _lines(self, rows: Sequence[Sequence[Text]]) -> list[Text]:
        full = [row for row in rows if self._is_full(row)]
        widths = [max(row[column].cell_len for row in full) for column in range(self._columns)]
        widths[0] = max(widths[0], *(row[0].cell_len for row in rows))
        lines = []
        for row in rows:
            line = _left(row[0], widths[0]).append(_AFTER_WORDS)
            if self._is_full(row):
                for cell, width in zip(row[1:], widths[1:], strict=True):
                    line.append(" " * (_GAP + width - cell.cell_len)).append_text(cell)
            else:
                line.append(" " * _GAP).append_text(row[1])
            line.rstrip()
            lines.append(line)
        return lines

    def _is_full(self, row: Sequence[Text]) -> bool:
        return len(row) == self._columns


def _cells(row: Sequence[Text | Label], *, less: int = 0) -> list[Text]:
    return [cell.text(less=less) if isinstance(cell, Label) else cell for cell in row]


def _head(lines: Sequence[str], style: Style = HEAD) -> list[Text]:
    """A line of the head. Figures have a cell for a parenthesis at the end, and so have heads."""
    first, *rest = lines
    return [Text(first, style=style), *(Text(f"{line} ", style=style) for line in rest)]


def _left(cell: Text, width: int) -> Text:
    return Text().append_text(cell).append(" " * (width - cell.cell_len))
