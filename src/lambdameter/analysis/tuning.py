"""How much of a rewrite's gain tuning gets in the reference's own language. Pure.

The reference is the workload's first variant. Another variant in its language needs no rewrite; if
that variant gets most of what another language gets, tuning comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.base import Record
from lambdameter.model.summary import CellSummary

# Runs of one cell differ by up to 20 %, here and in what was published (claim K14).
NOISE = 1.2

Gain = Literal["most", "some", "little"]


class Advice(Record, frozen=True, kw_only=True):
    """How far tuning goes.

    Attributes:
        gain: tuning's part of the rewrite's gain; "most" is half of it or more, in every case.
        language: title of the reference.
        races: a sentence with the times of the tuned variant and of the rewrite.
    """

    gain: Gain
    language: str
    races: str


def is_rewrite(run: Run, cell: CellSummary, reference: CellSummary) -> bool:
    """Whether a cell's variant is written in another language than the reference's."""
    languages = {variant.name: variant.language for variant in run.manifest.workload.variants}
    return languages[cell.variant] != languages[reference.variant]


def best(cells: Sequence[CellSummary]) -> CellSummary | None:
    """The fastest cell; None where no cell has a time."""
    return min((cell for cell in cells if time_ms(cell)), key=time_ms, default=None)


def time_ms(cell: CellSummary) -> float:
    """The time of a warm call that variants are compared by, ms; 0 where there is none."""
    return cell.compared_ms or 0.0


def advise(run: Run, memory_mb: int) -> Advice | None:
    """Compare tuning with rewriting; None where no case has a tuned variant and a rewrite."""
    gains: list[Gain] = []
    races = []
    language = ""
    before = None
    for case in run.cases:
        reference, *others = run.candidates(memory_mb, case)
        tuned = best([cell for cell in others if not is_rewrite(run, cell, reference)])
        rewrite = best([cell for cell in others if is_rewrite(run, cell, reference)])
        if tuned is None or rewrite is None:
            continue
        language = run.variant_title(reference.variant)
        gains.append(_gain(time_ms(reference), time_ms(tuned), time_ms(rewrite)))
        pair = tuned.variant, rewrite.variant
        races.append(_race(run, case, tuned, rewrite, named=pair != before))
        before = pair
    if not gains:
        return None
    worst = max(gains, key=("most", "some", "little").index)
    return Advice(gain=worst, language=language, races="; ".join(races))


def _gain(reference: float, tuned: float, rewrite: float) -> Gain:
    if not reference:
        return "most"  # the reference did not even answer
    if reference < NOISE * tuned:
        return "little"
    return "most" if tuned <= (reference + rewrite) / 2 else "some"


def _race(run: Run, case: str, tuned: CellSummary, rewrite: CellSummary, *, named: bool) -> str:
    title = run.case_title(case)
    ours, theirs = units.time(time_ms(tuned)), units.time(time_ms(rewrite))
    if not named:
        return f"{ours} and {theirs} on {title}"
    who, whose = (run.variant_title(cell.variant) for cell in (tuned, rewrite))
    return f"{who} takes {ours} and {whose} {theirs} on {title}"
