"""The one list of what a run and a comparison can be told as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Literal, NamedTuple

from rich.style import Style

from lambdameter.model import ReportInput, RunComparison
from lambdameter.report import comparison, json_document, markdown, terminal

FormatName = Literal["terminal", "markdown", "json"]


class Format(NamedTuple):
    """How either is written to a file; a comparison comes with its variants' styles."""

    run: Callable[[ReportInput, IO[str]], None]
    comparison: Callable[[RunComparison, Mapping[str, Style], IO[str]], None]


def _print_run(run: ReportInput, file: IO[str]) -> None:
    terminal.console(file).print(terminal.report(run))


def _print_comparison(told: RunComparison, styles: Mapping[str, Style], file: IO[str]) -> None:
    terminal.console(file).print(comparison.comparison(told, styles))


FORMATS: Mapping[FormatName, Format] = {
    "terminal": Format(_print_run, _print_comparison),
    "markdown": Format(
        lambda run, file: _write(file, markdown.run(run)),
        lambda told, _, file: _write(file, markdown.comparison(told)),
    ),
    "json": Format(
        lambda run, file: _write(file, json_document.encode(run)),
        lambda told, _, file: _write(file, json_document.encode_comparison(told)),
    ),
}


def _write(file: IO[str], text: str) -> None:
    file.write(text)
