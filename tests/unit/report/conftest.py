from __future__ import annotations

import io

import pytest
from rich.console import Console

from lambdameter.model import ReportInput
from lambdameter.report import terminal


class Shown:
    """A report as a pipe gets it, and as a terminal with colours does."""

    def plain(self, run: ReportInput) -> str:
        file = io.StringIO()
        terminal.console(file).print(terminal.report(run))
        return file.getvalue()

    def coloured(self, run: ReportInput) -> str:
        file = io.StringIO()
        console = Console(file=file, force_terminal=True, color_system="truecolor", width=100)
        console.print(terminal.report(run))
        return file.getvalue()


@pytest.fixture
def shown() -> Shown:
    return Shown()
