"""`lambdameter report`: the report of a run, recomputed from its folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.analysis.run import Run
from lambdameter.claims import library
from lambdameter.cli.flags import Full, Json, Markdown, Only
from lambdameter.cli.parse import parts
from lambdameter.errors import BadInputError
from lambdameter.measure import run_folder
from lambdameter.measure.reading import read, read_sweep
from lambdameter.measure.run_folder import RunFolder
from lambdameter.report.formats import FORMATS, FormatName, print_parts


def report(
    run: Annotated[Path, typer.Argument(help="Run folder that `lambdameter run` made.")],
    *,
    full: Full = False,
    only: Only = None,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Recompute the report of a run from its samples, and print the report."""
    show_any(
        run,
        chosen(full=full, markdown=markdown, json=json),
        parts(only, is_document=json or markdown),
    )


def chosen(**flags: bool) -> FormatName:
    """The format whose flag is set; without a flag, the brief report.

    Raises:
        BadInputError: two flags are set.
    """
    names = [name for name in FORMATS if flags.get(name)]
    if len(names) > 1:
        raise BadInputError(
            "Only one output format can be chosen",
            place=" ".join(f"--{name}" for name in names),
            next_step="Give one of these flags: each format is written to stdout.",
        )
    return names[0] if names else "brief"


def show_any(path: Path, form: FormatName, only: tuple[str, ...] = ()) -> tuple[Run, ...]:
    """Print a run, or a sweep, on stdout; returns its runs."""
    if not run_folder.is_sweep(path):
        return (show(RunFolder.open(path), form, only),)
    sweep = read_sweep(path, library.sources())
    FORMATS[form].sweep(sweep, sys.stdout)
    return sweep.runs


def show(folder: RunFolder, form: FormatName, only: tuple[str, ...] = ()) -> Run:
    """Print a run, or parts of its full report, on stdout; returns the run."""
    run = read(folder, library.sources())
    if only:
        print_parts(run, sys.stdout, only)
    else:
        FORMATS[form].run(run, sys.stdout)
    return run
