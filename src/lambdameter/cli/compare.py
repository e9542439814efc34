"""`lambdameter compare`: may HEAD replace BASE? A gate for continuous integration."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from lambdameter.cli.report import Json, Markdown, chosen, read
from lambdameter.errors import BadInputError, CannotTellError, NegativeVerdictError
from lambdameter.model import ConditionDifference, Gate, GateKind, ReportInput, RunComparison
from lambdameter.report.formats import FORMATS
from lambdameter.report.look import listed, variant_styles
from lambdameter.samples import RunFolder
from lambdameter.stats.comparison import compare as hold_against

_PERCENT = re.compile(r"(\d{1,4}(?:\.\d+)?)\s*%")
_EXIT_CODES = {
    "passed": 0,
    "failed": NegativeVerdictError.exit_code,
    "cannot-tell": CannotTellError.exit_code,
}
_Percent = Annotated[str | None, typer.Option(metavar="PERCENT", help="For instance 5%.")]


def compare(  # noqa: PLR0913 - each is a flag
    base: Annotated[Path, typer.Argument(help="The run of what there was.")],
    head: Annotated[Path, typer.Argument(help="The run of what is to replace it.")],
    *,
    variant: Annotated[
        str | None, typer.Option(help="This variant alone; all that both have by default.")
    ] = None,
    fail_if_slower: _Percent = None,
    fail_if_dearer: _Percent = None,
    fail_if_bigger: _Percent = None,
    anyway: Annotated[
        bool, typer.Option(help="Also where the figures stand for different things.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the intervals' chance.")] = 1,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Hold HEAD against BASE: Duration, the whole bill, package size, memory.

    Exit code 0: HEAD may pass; 1: it is unequal, or beyond a gate; 5: that cannot be told.
    """
    form = chosen(markdown=markdown, json=json)
    gates = _gates(slower=fail_if_slower, dearer=fail_if_dearer, bigger=fail_if_bigger)
    before, after = read(RunFolder.open(base)), read(RunFolder.open(head))
    told = hold_against(
        before, after, variants=None if variant is None else [variant], gates=gates, seed=seed
    )
    _check_alike(told.differences, anyway=anyway)
    _check_variant(variant, before, after, told)
    styles = variant_styles(after.manifest.workload.variants)
    FORMATS[form].comparison(told, styles, sys.stdout)
    raise typer.Exit(_EXIT_CODES[told.outcome])


def percent(told: str, flag: str) -> float:
    """A share of one, from a percentage such as "5%", "5 %" or "2.5%".

    Raises:
        BadInputError: it is none.
    """
    found = _PERCENT.fullmatch(told.strip())
    if found is None:
        raise BadInputError(
            f"{told!r} is no percentage",
            place=flag,
            next_step="Give a number from 0 to 9999 and a percent sign, for instance 5%.",
        )
    return float(found[1]) / 100


def _gates(**given: str | None) -> list[Gate]:
    kinds: tuple[GateKind, ...] = ("slower", "dearer", "bigger")
    return [
        Gate(kind=kind, limit=percent(told, f"--fail-if-{kind}"))
        for kind in kinds
        if (told := given[kind]) is not None
    ]


def _check_alike(differences: Sequence[ConditionDifference], *, anyway: bool) -> None:
    work = [one for one in differences if one.weight == "work"]
    if work:
        raise _refused("The two runs did not do the same work", work, "the same workload and --set")
    figures = [one for one in differences if one.weight == "figures"]
    if figures and not anyway:
        raise _refused(
            "The figures of the two runs stand for different things",
            figures,
            "the same host and flags, or give --anyway",
        )


def _refused(cause: str, found: Sequence[ConditionDifference], with_what: str) -> BadInputError:
    return BadInputError(
        cause,
        place="; ".join(f"{one.what}: BASE {one.base}, HEAD {one.head}" for one in found),
        next_step=f"Measure both with {with_what}.",
    )


def _check_variant(
    asked: str | None, base: ReportInput, head: ReportInput, told: RunComparison
) -> None:
    if told.cells:
        return
    variants = [{cell.variant: None for cell in run.summary.cells} for run in (base, head)]
    both = [name for name in variants[0] if name in variants[1]]
    if asked is not None and asked not in both:
        raise BadInputError(
            f"There is no variant {asked!r} in both runs",
            place="--variant",
            next_step=f"Choose from: {listed(both) or 'none, since they share no variant'}.",
        )
    raise BadInputError(
        "The two runs have no variant, case and tier in common",
        place=f"{base.folder}, {head.folder}",
        next_step="Measure both with the same --variants, --cases and --memory.",
    )
