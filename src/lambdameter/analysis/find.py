"""Looking things up in a report's input."""

from __future__ import annotations

from lambdameter.model.base import Call
from lambdameter.model.bill import CellBill
from lambdameter.model.claim import PublishedFigure
from lambdameter.model.comparison import Comparison
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary


def tier(run: ReportInput, memory_mb: int, case: str) -> list[CellSummary]:
    """The cells of one case at one tier, in the workload's order of variants."""
    return [cell for cell in run.summary.cells if cell.memory_mb == memory_mb and cell.case == case]


def cases(run: ReportInput) -> list[str]:
    """The cases that were run, in the workload's order."""
    ran = {cell.case for cell in run.summary.cells}
    return [case.name for case in run.manifest.workload.cases if case.name in ran]


def tiers(run: ReportInput) -> list[int]:
    """The memory sizes that were run, in the order asked for."""
    ran = {cell.memory_mb for cell in run.summary.cells}
    return [memory_mb for memory_mb in run.manifest.memory_mb if memory_mb in ran]


def variant_title(run: ReportInput, name: str) -> str:
    """How a variant is called in words."""
    titles = {variant.name: variant.title for variant in run.manifest.workload.variants}
    return titles.get(name, name)


def case_title(run: ReportInput, name: str) -> str:
    """How a case is called in words."""
    titles = {case.name: case.title for case in run.manifest.workload.cases}
    return titles.get(name, name)


def bill(run: ReportInput, cell: CellSummary) -> CellBill | None:
    """A cell's bill; None where there is none."""
    key = (cell.variant, cell.case, cell.memory_mb)
    bills = {(one.variant, one.case, one.memory_mb): one for one in run.bill.cells}
    return bills.get(key)


def is_equal(run: ReportInput, case: str) -> bool:
    """Whether a case was shown equal; without that there is no word on its speed."""
    return any(one.case == case and one.agree and not one.unequal for one in run.summary.equality)


def comparison(run: ReportInput, reference: CellSummary, cell: CellSummary) -> Comparison | None:
    """How a cell's warm calls compare with the reference's; None where they were not compared."""
    key = (reference.variant, cell.variant, cell.case, cell.memory_mb, "warm")
    return next(
        (
            one
            for one in run.summary.comparisons
            if (one.reference, one.variant, one.case, one.memory_mb, one.call) == key
        ),
        None,
    )


def equality(run: ReportInput, case: str) -> CaseEquality | None:
    """The verdict on a case."""
    return next((one for one in run.summary.equality if one.case == case), None)


def died(call: CallSummary | None) -> bool:
    """Whether a call was tried and never answered."""
    return call is not None and call.n > 0 and call.errors == call.n


def published(run: ReportInput, cell: CellSummary) -> dict[tuple[Call, str], PublishedFigure]:
    """(call, metric) -> the published figure for this very cell, on work of the same size."""
    count = cell.warm.count if cell.warm else None
    return {
        (figure.call, figure.metric): figure
        for source in run.claims
        if source.count is None or count == source.count
        for figure in source.figures
        if figure.workload == run.manifest.workload.name
        and (figure.variant, figure.case, figure.memory_mb)
        == (cell.variant, cell.case, cell.memory_mb)
    }


def exhibits(run: ReportInput) -> dict[str, str]:
    """Variants that ran to be shown and are never recommended -> why."""
    ran = {cell.variant for cell in run.summary.cells}
    return {
        one.name: one.exhibit
        for one in run.manifest.workload.variants
        if one.exhibit is not None and one.name in ran
    }


def candidates(run: ReportInput, memory_mb: int, case: str) -> list[CellSummary]:
    """The cells of one case at one tier that a decision is made between."""
    shown = exhibits(run)
    return [cell for cell in tier(run, memory_mb, case) if cell.variant not in shown]


def raced_ms(call: CallSummary | None) -> float | None:
    """What calls are compared by: the handler's own total, or Duration where it tells none."""
    if call is None:
        return None
    return call.duration_ms if call.total_ms is None else call.total_ms
