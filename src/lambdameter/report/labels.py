"""The first column of tables: case and variant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from lambdameter.analysis.run import Run
from lambdameter.report.style import Label


class Row(Protocol):
    """What a row of a table is about."""

    @property
    def case(self) -> str:
        """Name of the case."""
        ...

    @property
    def variant(self) -> str:
        """Name of the variant."""
        ...


def label(run: Run, row: Row, styles: Mapping[str, Style]) -> Label:
    """Titles of case and variant, aligned with those of all other rows of the run."""
    width = max(cell_len(run.case_title(name)) for name in run.cases)
    variant = Text(run.variant_title(row.variant), styles.get(row.variant, ""))
    return Label(run.case_title(row.case), variant, width)
