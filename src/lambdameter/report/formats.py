"""The formats of reports: how a run, a sweep and a gate are written in each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import IO, Literal, NamedTuple

from rich.style import Style

from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.model.gate import GateReport
from lambdameter.report import (
    brief,
    gate,
    json_document,
    markdown,
    sweep,
    sweep_document,
    terminal,
)

FormatName = Literal["brief", "full", "markdown", "json"]


class Format(NamedTuple):
    """The writers of one format; a gate is written with its variants' styles."""

    run: Callable[[Run, IO[str]], None]
    sweep: Callable[[LatencySweep, IO[str]], None]
    gate: Callable[[GateReport, Mapping[str, Style], IO[str]], None]


def _print_brief(run: Run, file: IO[str]) -> None:
    terminal.console(file).print(brief.brief(run))


def print_parts(run: Run, file: IO[str], only: Collection[str] = terminal.PARTS) -> None:
    """The full report, or some parts of it."""
    terminal.console(file).print(terminal.report(run, only))


def _print_sweep(swept: LatencySweep, file: IO[str]) -> None:
    terminal.console(file).print(sweep.report(swept))


def _print_gate(compared: GateReport, styles: Mapping[str, Style], file: IO[str]) -> None:
    terminal.console(file).print(gate.gate(compared, styles))


FORMATS: Mapping[FormatName, Format] = {
    "brief": Format(_print_brief, _print_sweep, _print_gate),
    "full": Format(print_parts, _print_sweep, _print_gate),
    "markdown": Format(
        lambda run, file: _write(file, markdown.run(run)),
        lambda swept, file: _write(file, markdown.sweep(swept)),
        lambda compared, _, file: _write(file, markdown.gate(compared)),
    ),
    "json": Format(
        lambda run, file: _write(file, json_document.encode(run)),
        lambda swept, file: _write(file, sweep_document.encode(swept)),
        lambda compared, _, file: _write(file, json_document.encode_gate(compared)),
    ),
}


def _write(file: IO[str], text: str) -> None:
    file.write(text)
