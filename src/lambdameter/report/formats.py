"""The list of output formats: how each of them writes a run, a sweep and a comparison."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import IO, Literal, NamedTuple

from rich.style import Style

from lambdameter.model.gate import RunComparison
from lambdameter.model.report import ReportInput
from lambdameter.model.sweep import SweepInput
from lambdameter.report import (
    brief,
    comparison,
    json_document,
    markdown,
    sweep,
    sweep_document,
    terminal,
)

FormatName = Literal["brief", "full", "markdown", "json"]


class Format(NamedTuple):
    """The functions that write to a file; a comparison comes with its variants' styles."""

    run: Callable[[ReportInput, IO[str]], None]
    sweep: Callable[[SweepInput, IO[str]], None]
    comparison: Callable[[RunComparison, Mapping[str, Style], IO[str]], None]


def _print_brief(run: ReportInput, file: IO[str]) -> None:
    terminal.console(file).print(brief.brief(run))


def print_parts(run: ReportInput, file: IO[str], only: Collection[str] = terminal.PARTS) -> None:
    """The full report, or some parts of it."""
    terminal.console(file).print(terminal.report(run, only))


def _print_sweep(swept: SweepInput, file: IO[str]) -> None:
    terminal.console(file).print(sweep.report(swept))


def _print_comparison(compared: RunComparison, styles: Mapping[str, Style], file: IO[str]) -> None:
    terminal.console(file).print(comparison.comparison(compared, styles))


FORMATS: Mapping[FormatName, Format] = {
    "brief": Format(_print_brief, _print_sweep, _print_comparison),
    "full": Format(print_parts, _print_sweep, _print_comparison),
    "markdown": Format(
        lambda run, file: _write(file, markdown.run(run)),
        lambda swept, file: _write(file, markdown.sweep(swept)),
        lambda compared, _, file: _write(file, markdown.comparison(compared)),
    ),
    "json": Format(
        lambda run, file: _write(file, json_document.encode(run)),
        lambda swept, file: _write(file, sweep_document.encode(swept)),
        lambda compared, _, file: _write(file, json_document.encode_comparison(compared)),
    ),
}


def _write(file: IO[str], text: str) -> None:
    file.write(text)
