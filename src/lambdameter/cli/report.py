"""`lambdameter report`: everything that a run tells, recomputed from its folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lambdameter import price_list
from lambdameter.claims import library
from lambdameter.cost.bill import bill_run
from lambdameter.errors import BadInputError
from lambdameter.model import ReportInput
from lambdameter.report.formats import FORMATS, FormatName
from lambdameter.samples import RunFolder
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases

Markdown = Annotated[
    bool, typer.Option("--markdown", help="As Markdown: a pull request's comment.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON; see docs/json.md.")]


def report(
    run: Annotated[Path, typer.Argument(help="A folder that `lambdameter run` made.")],
    *,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Recompute a run from its samples and print it."""
    show(RunFolder.open(run), chosen(markdown=markdown, json=json))


def chosen(**flags: bool) -> FormatName:
    """The format that a flag of its name asks for; without one, the terminal's.

    Raises:
        BadInputError: two are asked for.
    """
    asked = [name for name in FORMATS if flags.get(name)]
    if len(asked) > 1:
        raise BadInputError(
            "Two formats at once",
            place=" ".join(f"--{name}" for name in asked),
            next_step="Give one of them: each goes to stdout.",
        )
    return asked[0] if asked else "terminal"


def read(folder: RunFolder) -> ReportInput:
    """Everything that a report is made from."""
    manifest = folder.manifest()
    kept = folder.samples()
    if kept.truncated:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"warning: the last sample in {folder.path} was cut off and is left out; "
            f"go on with `lambdameter run --resume {folder.path}`",
            markup=False,
        )
    summary = summarise(manifest, kept.samples, cases(kept.samples, manifest.workload.equality))
    return ReportInput(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=kept.samples,
        claims=library.sources(),
        folder=str(folder.path),
    )


def show(folder: RunFolder, form: FormatName) -> ReportInput:
    """Print a run on stdout; what it was made from."""
    told = read(folder)
    FORMATS[form].run(told, sys.stdout)
    return told
