"""What a rewrite is set beside: the reference's own language, tuned. Pure.

The reference is the first variant of the workload. Another variant of its language does the same
without a rewrite, and where it gets most of what another language gets, that comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.model.base import Record
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CellSummary

# Runs of one cell differ by up to 20 %, here and in what was published (claim K14).
NOISE = 1.2

Gain = Literal["most", "some", "little"]


class Advice(Record, frozen=True, kw_only=True):
    """How far tuning goes.

    Attributes:
        gain: what tuning gets of the rewrite's gain; "most" is half of it or more, in every case.
        language: the reference's, as its variant is titled.
        races: the tuned variant's times against those of the rewrite.
    """

    gain: Gain
    language: str
    races: str


def is_rewrite(run: ReportInput, cell: CellSummary, reference: CellSummary) -> bool:
    """Whether a cell's variant is written in another language than the reference's."""
    languages = {variant.name: variant.language for variant in run.manifest.workload.variants}
    return languages[cell.variant] != languages[reference.variant]


def best(cells: Sequence[CellSummary]) -> CellSummary | None:
    """The one with the shortest total; None where none has answered."""
    return min((cell for cell in cells if total(cell)), key=total, default=None)


def total(cell: CellSummary) -> float:
    """What a warm call is compared by, ms; 0 where there is nothing."""
    return find.raced_ms(cell.warm) or 0.0


def advise(run: ReportInput, memory_mb: int) -> Advice | None:
    """Set tuning beside rewriting; None where one of the two did not run, or no case has both."""
    gains: list[Gain] = []
    races = []
    language = ""
    before = None
    for case in find.cases(run):
        reference, *others = find.candidates(run, memory_mb, case)
        tuned = best([cell for cell in others if not is_rewrite(run, cell, reference)])
        rewrite = best([cell for cell in others if is_rewrite(run, cell, reference)])
        if tuned is None or rewrite is None:
            continue
        language = find.variant_title(run, reference.variant)
        gains.append(_gain(total(reference), total(tuned), total(rewrite)))
        pair = tuned.variant, rewrite.variant
        races.append(_race(run, case, tuned, rewrite, named=pair != before))
        before = pair
    if not gains:
        return None
    worst = max(gains, key=("most", "some", "little").index)
    return Advice(gain=worst, language=language, races="; ".join(races))


def _gain(reference: float, tuned: float, rewrite: float) -> Gain:
    if not reference:
        return "most"  # it did not even answer
    if reference < NOISE * tuned:
        return "little"
    return "most" if tuned <= (reference + rewrite) / 2 else "some"


def _race(
    run: ReportInput, case: str, tuned: CellSummary, rewrite: CellSummary, *, named: bool
) -> str:
    title = find.case_title(run, case)
    ours, theirs = units.time(total(tuned)), units.time(total(rewrite))
    if not named:
        return f"{ours} and {theirs} on {title}"
    who, whose = (find.variant_title(run, cell.variant) for cell in (tuned, rewrite))
    return f"{who} takes {ours} and {whose} {theirs} on {title}"
