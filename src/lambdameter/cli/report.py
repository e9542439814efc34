"""`lambdameter report`: everything that a run tells, recomputed from its folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from lambdameter import price_list, samples
from lambdameter.claims import library
from lambdameter.cost.bill import bill_run
from lambdameter.errors import BadInputError
from lambdameter.model import Manifest, ReportInput, Stopping, SweepInput
from lambdameter.report.formats import FORMATS, FormatName
from lambdameter.samples import RunFolder
from lambdameter.stats import sequential
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
    show_any(run, chosen(markdown=markdown, json=json))


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
    equality = cases(kept.samples, manifest.workload.equality)
    summary = summarise(manifest, kept.samples, equality, _stopping(manifest, folder))
    return ReportInput(
        manifest=manifest,
        summary=summary,
        bill=bill_run(manifest, summary, price_list.latest()),
        samples=kept.samples,
        claims=library.sources(),
        folder=str(folder.path),
        outliers=frozenset(trial for one in summary.flagged for trial in one.trials),
    )


def read_sweep(path: Path) -> SweepInput:
    """Everything that a sweep's report is made from."""
    sweep = samples.read_sweep(path)
    return SweepInput(
        sweep=sweep,
        runs=tuple(read(RunFolder.open(path / one.folder)) for one in sweep.runs),
        folder=str(path),
    )


def show_any(path: Path, form: FormatName) -> tuple[ReportInput, ...]:
    """Print a run, or a sweep of runs, on stdout; the runs that it was made from."""
    if not samples.is_sweep(path):
        return (show(RunFolder.open(path), form),)
    told = read_sweep(path)
    FORMATS[form].sweep(told, sys.stdout)
    return told.runs


def _stopping(manifest: Manifest, folder: RunFolder) -> Stopping | None:
    """Where a run stands that ends by itself; one that was interrupted is looked at as it is.

    That look was not declared, but no data chose it: it may spend what is left.
    """
    if manifest.stopping_rule is None:
        return None
    found = folder.stopping()
    if found is None or found.stop:
        return found
    level = sequential.last_level(found.rounds, found.looks)
    return msgspec.structs.replace(found, level=level)


def show(folder: RunFolder, form: FormatName) -> ReportInput:
    """Print a run on stdout; what it was made from."""
    told = read(folder)
    FORMATS[form].run(told, sys.stdout)
    return told
