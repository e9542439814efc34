from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from lambdameter.model import ReportInput
from lambdameter.report import terminal


@pytest.fixture(scope="session")
def sample_run() -> ModuleType:
    """The module beside this file that makes runs; tests are no package, so it is loaded."""
    spec = importlib.util.spec_from_file_location(
        "sample_run", Path(__file__).with_name("sample_run.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
