"""`lambdameter compare`: may HEAD replace BASE? A gate for continuous integration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.analysis import gate
from lambdameter.analysis.run import Run
from lambdameter.cli.flags import Json, Markdown
from lambdameter.cli.parse import percent
from lambdameter.cli.report import chosen
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.measure.reading import read
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.gate import ConditionDifference, Gate, GateKind, GateReport
from lambdameter.report.formats import FORMATS
from lambdameter.report.style import variant_styles
from lambdameter.words import listed

_EXIT_CODES = {
    "passed": 0,
    "failed": NegativeVerdictError.exit_code,
    "cannot-tell": CannotTellError.exit_code,
}
_Slower = Annotated[
    str | None,
    typer.Option(
        metavar="PERCENT", help="Largest allowed increase of the Duration, for instance 5%."
    ),
]
_Dearer = Annotated[
    str | None,
    typer.Option(
        metavar="PERCENT", help="Largest allowed increase of the whole bill, for instance 5%."
    ),
]
_Bigger = Annotated[
    str | None,
    typer.Option(
        metavar="PERCENT", help="Largest allowed increase of the package size, for instance 5%."
    ),
]


def compare(  # noqa: PLR0913 - each is a flag
    base: Annotated[Path, typer.Argument(help="Run folder of the baseline.")],
    head: Annotated[
        Path, typer.Argument(help="Run folder of the code that is to replace the baseline.")
    ],
    *,
    variant: Annotated[
        str | None,
        typer.Option(help="Variant to compare; by default every variant that both runs have."),
    ] = None,
    fail_if_slower: _Slower = None,
    fail_if_dearer: _Dearer = None,
    fail_if_bigger: _Bigger = None,
    anyway: Annotated[
        bool, typer.Option(help="Compare although the runs were made under different conditions.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the confidence intervals' random numbers.")
    ] = 1,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Compare the run HEAD with the run BASE: Duration, whole bill, package size and memory.

    Exit code 0: HEAD passes; 1: HEAD gives wrong results or exceeds a limit; 5: too few samples
    to decide.
    """
    form = chosen(markdown=markdown, json=json)
    gates = _gates(slower=fail_if_slower, dearer=fail_if_dearer, bigger=fail_if_bigger)
    before, after = read(RunFolder.open(base)), read(RunFolder.open(head))
    report = gate.compare(
        before, after, variants=None if variant is None else [variant], gates=gates, seed=seed
    )
    _check_alike(report.differences, anyway=anyway)
    _check_variant(variant, before, after, report)
    styles = variant_styles(after.manifest.workload.variants)
    FORMATS[form].gate(report, styles, sys.stdout)
    raise typer.Exit(_EXIT_CODES[report.outcome])


def _gates(**limits: str | None) -> list[Gate]:
    kinds: tuple[GateKind, ...] = ("slower", "dearer", "bigger")
    return [
        Gate(kind=kind, limit=percent(limit, f"--fail-if-{kind}"))
        for kind in kinds
        if (limit := limits[kind]) is not None
    ]


def _check_alike(differences: Sequence[ConditionDifference], *, anyway: bool) -> None:
    work = [difference for difference in differences if difference.weight == "work"]
    if work:
        raise _refused("The two runs did not do the same work", work, "the same workload and --set")
    figures = [difference for difference in differences if difference.weight == "figures"]
    if figures and not anyway:
        raise _refused(
            "The two runs were made under different conditions",
            figures,
            "the same host and flags, or add --anyway",
        )


def _refused(
    cause: str, differences: Sequence[ConditionDifference], with_what: str
) -> BadInputError:
    return BadInputError(
        cause,
        place="; ".join(
            f"{difference.topic}: BASE {difference.base}, HEAD {difference.head}"
            for difference in differences
        ),
        next_step=f"Measure both runs with {with_what}.",
    )


def _check_variant(variant: str | None, base: Run, head: Run, report: GateReport) -> None:
    if report.cells:
        return
    variants = [{cell.variant: None for cell in run.summary.cells} for run in (base, head)]
    both = [name for name in variants[0] if name in variants[1]]
    if variant is not None and variant not in both:
        raise BadInputError(
            f"There is no variant named {variant!r} in both runs",
            place="--variant",
            next_step=f"Choose from: {listed(both) or 'none, since they share no variant'}.",
        )
    raise BadInputError(
        "The two runs have no variant, case and memory size in common",
        place=f"{base.folder}, {head.folder}",
        next_step="Measure both runs with the same --variants, --cases and --memory.",
    )
