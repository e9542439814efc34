"""The formats of judged claims on stdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Literal

from lambdameter.model.reproduction import Reproduction
from lambdameter.report import (
    reproduction,
    reproduction_document,
    reproduction_markdown,
    terminal,
)

ReproductionFormat = Literal["terminal", "markdown", "json"]


def _print(judged: Reproduction, file: IO[str]) -> None:
    terminal.console(file).print(reproduction.report(judged))


def _write_markdown(judged: Reproduction, file: IO[str]) -> None:
    file.write(reproduction_markdown.page(judged))


def _write_json(judged: Reproduction, file: IO[str]) -> None:
    file.write(reproduction_document.encode(judged))


FORMATS: Mapping[ReproductionFormat, Callable[[Reproduction, IO[str]], None]] = {
    "terminal": _print,
    "markdown": _write_markdown,
    "json": _write_json,
}
