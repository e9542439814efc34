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
from lambdameter.model import ReportInput
from lambdameter.report import json_document, terminal
from lambdameter.samples import RunFolder
from lambdameter.stats.summary import summarise
from lambdameter.verify.case import cases


def report(
    run: Annotated[Path, typer.Argument(help="A folder that `lambdameter run` made.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON; see docs/json.md.")] = False,  # noqa: FBT002 - typer's form of a flag
) -> None:
    """Recompute a run from its samples and print it."""
    show(RunFolder.open(run), as_json=json)


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
    summary = summarise(manifest, kept.samples, cases(kept.samples))
    return ReportInput(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=kept.samples,
        claims=library.sources(),
        folder=str(folder.path),
    )


def show(folder: RunFolder, *, as_json: bool) -> ReportInput:
    """Print a run on stdout, for a person or for a program; what it was made from."""
    told = read(folder)
    if as_json:
        sys.stdout.write(json_document.encode(told))
    else:
        terminal.console(sys.stdout).print(terminal.report(told))
    return told
