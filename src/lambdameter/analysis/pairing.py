"""The reference and its fastest rival at one memory size, case by case. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from lambdameter.analysis.run import Run
from lambdameter.analysis.tuning import is_rewrite
from lambdameter.model.base import Record
from lambdameter.model.bill import CellBill
from lambdameter.model.comparison import Comparison
from lambdameter.model.summary import CellSummary


class Pairing(Record, frozen=True, kw_only=True):
    """The reference (the workload's first variant) and a rival, on one case at one memory size."""

    case: str
    reference: CellSummary
    rival: CellSummary
    reference_bill: CellBill
    rival_bill: CellBill

    @property
    def ratio(self) -> float:
        """How many times faster the rival is."""
        return (self.reference.compared_ms or 0.0) / (self.rival.compared_ms or math.inf)

    @property
    def saving(self) -> Decimal:
        """The share of the whole bill that switching to the rival saves."""
        return 1 - self.rival_bill.run_usd / self.reference_bill.run_usd


def against_the_best(run: Run, memory_mb: int) -> list[Pairing]:
    """One pairing per case, all with the same rival: the fastest over all cases.

    Only variants in another language are rivals, if there is one.
    """
    by_rival: dict[str, list[Pairing]] = {}
    for case in run.cases:
        for pairing in _pairings(run, memory_mb, case):
            by_rival.setdefault(pairing.rival.variant, []).append(pairing)
    return max(
        by_rival.values(),
        key=lambda pairings: (len(pairings), math.prod(pairing.ratio for pairing in pairings)),
        default=[],
    )


def comparisons(run: Run, pairings: Sequence[Pairing]) -> list[Comparison | None]:
    """The comparison of each pairing; None where the two were not compared."""
    return [run.comparison(pairing.reference, pairing.rival) for pairing in pairings]


def joint_verdict(
    comparisons: Sequence[Comparison | None],
) -> Literal["faster", "slower", "same", "mixed"] | None:
    """What all intervals say together; None where an interval is missing."""
    verdicts = {comparison.verdict for comparison in comparisons if comparison is not None}
    if None in comparisons or not verdicts or "not-enough-environments" in verdicts:
        return None
    if verdicts == {"faster"}:
        return "faster"
    if verdicts == {"slower"}:
        return "slower"
    return "same" if verdicts == {"no-difference"} else "mixed"


def _pairings(run: Run, memory_mb: int, case: str) -> list[Pairing]:
    runners = [
        (cell, bill)
        for cell in run.candidates(memory_mb, case)
        if cell.compared_ms and (bill := run.bill_of(cell)) is not None and bill.touchable_usd
    ]
    if len(runners) <= 1:
        return []
    (reference, reference_bill), *others = runners
    rewrites = [runner for runner in others if is_rewrite(run, runner[0], reference)]
    return [
        Pairing(
            case=case,
            reference=reference,
            rival=rival,
            reference_bill=reference_bill,
            rival_bill=rival_bill,
        )
        for rival, rival_bill in rewrites or others
    ]
