"""A measured run with its samples by cell and by case, for reports and gates. Pure.

A run does not change, so whatever is looked up more than once is grouped once, on first use.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from lambdameter.model.base import Call, CallKey, CellKey, Record
from lambdameter.model.bill import Bill, CellBill
from lambdameter.model.claim import ClaimSource, PublishedFigure
from lambdameter.model.comparison import Comparison
from lambdameter.model.sample import Manifest, Report, Sample
from lambdameter.model.summary import CaseEquality, CellSummary, Summary
from lambdameter.model.sweep import Sweep
from lambdameter.stats.summary import by_call, failure


class Run(Record, frozen=True, kw_only=True, dict=True, gc=True):
    """One run: its manifest and samples, and what was computed from them.

    Attributes:
        claims: the published texts whose figures may stand beside the run's.
        folder: path of the run folder, as the user may type it.
        outliers: indices of the trials whose time is flagged; they are in every figure.
    """

    manifest: Manifest
    summary: Summary
    bill: Bill
    samples: tuple[Sample, ...]
    claims: tuple[ClaimSource, ...]
    folder: str
    outliers: frozenset[int] = frozenset()

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """The cases that were measured, in the workload's order."""
        measured = {cell.case for cell in self.summary.cells}
        return tuple(case.name for case in self.manifest.workload.cases if case.name in measured)

    @cached_property
    def memory_sizes(self) -> tuple[int, ...]:
        """The memory sizes that were measured, MB, in the order of the command line."""
        measured = {cell.memory_mb for cell in self.summary.cells}
        return tuple(size for size in self.manifest.memory_mb if size in measured)

    @cached_property
    def not_candidates(self) -> dict[str, str]:
        """Variants that were measured but are never recommended -> the reason."""
        measured = {cell.variant for cell in self.summary.cells}
        return {
            variant.name: variant.not_a_candidate
            for variant in self.manifest.workload.variants
            if variant.not_a_candidate is not None and variant.name in measured
        }

    @cached_property
    def _variant_titles(self) -> dict[str, str]:
        return {variant.name: variant.title for variant in self.manifest.workload.variants}

    @cached_property
    def _case_titles(self) -> dict[str, str]:
        return {case.name: case.title for case in self.manifest.workload.cases}

    @cached_property
    def cells_by_key(self) -> dict[CellKey, CellSummary]:
        """Every cell."""
        return {cell.key: cell for cell in self.summary.cells}

    @cached_property
    def _bills(self) -> dict[CellKey, CellBill]:
        return {bill.key: bill for bill in self.bill.cells}

    @cached_property
    def _calls(self) -> Mapping[CallKey, Sequence[Sample]]:
        return by_call(self.samples)

    @cached_property
    def _by_case(self) -> Mapping[str, Sequence[Sample]]:
        samples: dict[str, list[Sample]] = defaultdict(list)
        for sample in self.samples:
            samples[sample.trial.case].append(sample)
        return samples

    def variant_title(self, name: str) -> str:
        """A variant's title; its name where the workload has no such variant."""
        return self._variant_titles.get(name, name)

    def case_title(self, name: str) -> str:
        """A case's title; its name where the workload has no such case."""
        return self._case_titles.get(name, name)

    def calls(self, key: CellKey, call: Call) -> Sequence[Sample]:
        """The samples of one call of a cell, failed calls included, in measuring order."""
        return self._calls.get((key, call), ())

    def of_case(self, case: str) -> Sequence[Sample]:
        """The samples of a case, in measuring order."""
        return self._by_case.get(case, ())

    def warm_durations_ms(self, key: CellKey) -> list[list[float]]:
        """The Durations of a cell's warm calls that did not fail, by execution environment."""
        return [[report.duration_ms for report in calls] for calls in self.warm_reports(key)]

    def warm_reports(self, key: CellKey) -> list[list[Report]]:
        """The REPORTs of a cell's warm calls that did not fail, by execution environment."""
        environments: dict[int, list[Report]] = defaultdict(list)
        for sample in self.calls(key, "warm"):
            if sample.report is not None and failure(sample) is None:
                environments[sample.trial.environment].append(sample.report)
        return list(environments.values())

    def cells(self, memory_mb: int, case: str | None = None) -> list[CellSummary]:
        """The cells of a memory size, or only those of one case, in the workload's order."""
        return [
            cell
            for cell in self.summary.cells
            if cell.memory_mb == memory_mb and case in {None, cell.case}
        ]

    def candidates(self, memory_mb: int, case: str) -> list[CellSummary]:
        """The cells of one case at a memory size that a decision is made between."""
        cells = self.cells(memory_mb, case)
        return [cell for cell in cells if cell.variant not in self.not_candidates]

    def bill_of(self, cell: CellSummary) -> CellBill | None:
        """A cell's bill; None where its warm call was not measured or not shown equal."""
        return self._bills.get(cell.key)

    def equality(self, case: str) -> CaseEquality | None:
        """The verdict on a case; None where no call of the case was made."""
        verdicts = self.summary.equality
        return next((verdict for verdict in verdicts if verdict.case == case), None)

    def is_equal(self, case: str) -> bool:
        """Whether a case was shown equal; otherwise nothing is said about its speed."""
        verdict = self.equality(case)
        return verdict is not None and verdict.agree and not verdict.unequal

    def is_unequal(self, case: str) -> bool:
        """Whether a case was shown unequal; a case without a verdict is missing, not unequal."""
        return self.equality(case) is not None and not self.is_equal(case)

    def comparisons(self, memory_mb: int) -> list[Comparison]:
        """Every comparison at a memory size."""
        comparisons = self.summary.comparisons
        return [comparison for comparison in comparisons if comparison.memory_mb == memory_mb]

    def comparison(self, reference: CellSummary, cell: CellSummary) -> Comparison | None:
        """A cell's warm calls compared with the reference's; None where they were not compared."""
        pair = (reference.variant, cell.variant, cell.case, "warm")
        return next(
            (
                comparison
                for comparison in self.comparisons(cell.memory_mb)
                if (
                    comparison.reference,
                    comparison.variant,
                    comparison.case,
                    comparison.call,
                )
                == pair
            ),
            None,
        )

    def published(self, cell: CellSummary) -> dict[tuple[Call, str], PublishedFigure]:
        """(call, metric) -> the published figure of this cell, for work of the same size."""
        count = cell.warm.count if cell.warm else None
        return {
            (figure.call, figure.metric): figure
            for source in self.claims
            if source.count is None or count == source.count
            for figure in source.figures
            if figure.workload == self.manifest.workload.name
            and (figure.variant, figure.case, figure.memory_mb) == cell.key
        }


class LatencySweep(Record, frozen=True, kw_only=True):
    """One run for each service latency.

    Attributes:
        record: the sweep's own file.
        runs: in the order of `record.runs`.
        folder: path of the sweep's folder, as the user may type it.
    """

    record: Sweep
    runs: tuple[Run, ...]
    folder: str

    @property
    def at_each(self) -> list[tuple[float, Run]]:
        """Each service latency, ms, with its run."""
        latencies = (swept.latency_ms for swept in self.record.runs)
        return list(zip(latencies, self.runs, strict=True))
