"""Who is set against whom at a tier: the reference against its fastest rival, case by case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from lambdameter.analysis import find
from lambdameter.analysis.fix_first import is_rewrite, total
from lambdameter.model.base import Record
from lambdameter.model.bill import CellBill
from lambdameter.model.comparison import Comparison
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CellSummary


class Duel(Record, frozen=True, kw_only=True):
    """One case at one tier: the reference (the first variant) and a rival.

    That is a variant of another language, if there is any.
    """

    case: str
    reference: CellSummary
    rival: CellSummary
    reference_bill: CellBill
    rival_bill: CellBill

    @property
    def ratio(self) -> float:
        """How many times faster the rival is."""
        return total(self.reference) / total(self.rival)

    @property
    def saving(self) -> Decimal:
        """What switching takes off the whole bill, as a share."""
        return 1 - self.rival_bill.run_usd / self.reference_bill.run_usd


def against_the_best(run: ReportInput, memory_mb: int) -> list[Duel]:
    """A duel a case, all against the one rival that is the fastest over all of them."""
    by_rival: dict[str, list[Duel]] = {}
    for case in find.cases(run):
        for duel in _duels(run, memory_mb, case):
            by_rival.setdefault(duel.rival.variant, []).append(duel)
    return max(
        by_rival.values(),
        key=lambda duels: (len(duels), math.prod(duel.ratio for duel in duels)),
        default=[],
    )


def _duels(run: ReportInput, memory_mb: int, case: str) -> list[Duel]:
    runners = [
        (cell, bill)
        for cell in find.candidates(run, memory_mb, case)
        if find.raced_ms(cell.warm)
        and (bill := find.bill(run, cell)) is not None
        and bill.touchable_usd
    ]
    if len(runners) <= 1:
        return []
    (reference, reference_bill), *others = runners
    rewrites = [runner for runner in others if is_rewrite(run, runner[0], reference)]
    return [
        Duel(
            case=case,
            reference=reference,
            rival=rival,
            reference_bill=reference_bill,
            rival_bill=rival_bill,
        )
        for rival, rival_bill in rewrites or others
    ]


def comparisons(run: ReportInput, duels: Sequence[Duel]) -> list[Comparison | None]:
    """How sure each duel is; None where it was not compared."""
    return [find.comparison(run, duel.reference, duel.rival) for duel in duels]
