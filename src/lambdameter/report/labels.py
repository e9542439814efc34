"""The first column of tables."""

from __future__ import annotations

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from lambdameter.analysis.find import case_title, cases, variant_title
from lambdameter.model.report import ReportInput
from lambdameter.report.look import Label


def label(run: ReportInput, case: str, variant: str, style: Style | str = "") -> Label:
    """Case and variant as the first column of a table holds them, aligned with all others."""
    width = max(cell_len(case_title(run, name)) for name in cases(run))
    return Label(case_title(run, case), Text(variant_title(run, variant), style), width)
