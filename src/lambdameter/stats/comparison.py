"""HEAD against BASE: every cell that both have, and what the gates say of it. Pure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from lambdameter.model.bill import CellBill
from lambdameter.model.gate import (
    BillRatio,
    CellComparison,
    ComparedRun,
    Gate,
    GateInterval,
    GateVerdict,
    Lack,
    NotEnough,
    Outcome,
    PackageComparison,
    Ratio,
    RunComparison,
)
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import Report
from lambdameter.model.summary import CaseEquality, CellSummary
from lambdameter.stats import ratio
from lambdameter.stats.conditions import differences
from lambdameter.stats.summary import failure

Key = tuple[str, str, int]


class _Side(NamedTuple):
    """A cell, its run, and its warm calls, environment by environment."""

    run: ReportInput
    cell: CellSummary
    calls: Sequence[Sequence[Report]]


def compare(
    base: ReportInput,
    head: ReportInput,
    *,
    variants: Collection[str] | None = None,
    gates: Sequence[Gate] = (),
    seed: int = 1,
) -> RunComparison:
    """Hold two runs against each other; the code may differ, and so may which variants ran.

    Args:
        base: what was there before.
        head: what is proposed.
        variants: those that count; None: all that both runs have.
        gates: what HEAD may at most be.
        seed: of the intervals' chance.
    """
    wanted = _variants(base) & _variants(head)
    if variants is not None:
        wanted &= set(variants)
    before, after = _sides(base), _sides(head)
    cells = tuple(
        _cell(side, after[cell], seed)
        for cell, side in before.items()
        if side.cell.variant in wanted and cell in after
    )
    ran = dict.fromkeys(cell.variant for cell in cells)
    packages = tuple(_package(base, head, name) for name in ran)
    verdicts = tuple(verdict for gate in gates for verdict in _verdicts(gate, cells, packages))
    return RunComparison(
        workload=base.manifest.workload.name,
        base=_run(base),
        head=_run(head),
        differences=differences(base.manifest, head.manifest),
        cells=cells,
        packages=packages,
        verdicts=verdicts,
        outcome=_outcome(cells, verdicts),
        variant_titles={
            variant.name: variant.title
            for run in (base, head)
            for variant in run.manifest.workload.variants
        },
        case_titles={
            case.name: case.title for run in (base, head) for case in run.manifest.workload.cases
        },
    )


def key(cell: CellSummary | CellBill) -> Key:
    """What makes two cells the same."""
    return cell.variant, cell.case, cell.memory_mb


def environments(run: ReportInput) -> dict[Key, list[list[Report]]]:
    """The REPORTs of the warm calls that did not fail: cell -> environments -> calls."""
    by_cell: dict[Key, dict[int, list[Report]]] = defaultdict(lambda: defaultdict(list))
    for sample in run.samples:
        trial = sample.trial
        if trial.call == "warm" and sample.report and failure(sample) is None:
            cell = by_cell[trial.variant, trial.case, trial.memory_mb]
            cell[trial.environment].append(sample.report)
    return {cell: list(calls.values()) for cell, calls in by_cell.items()}


def durations_ms(calls: Sequence[Sequence[Report]]) -> list[list[float]]:
    """Environments -> Durations."""
    return [[report.duration_ms for report in environment] for environment in calls]


def of_limit(gate: Gate, interval: GateInterval | NotEnough | None, exact: float | None) -> Outcome:
    """One gate: an interval decides where it lies on one side of the limit as a whole."""
    limit = 1 + gate.limit
    if isinstance(interval, NotEnough):
        return "cannot-tell"
    low, high = (exact, exact) if interval is None else (interval.low, interval.high)
    if low is None or high is None:
        return "cannot-tell"
    if low > limit:
        return "failed"
    return "passed" if high <= limit else "cannot-tell"


def _sides(run: ReportInput) -> dict[Key, _Side]:
    calls = environments(run)
    return {
        key(cell): _Side(run=run, cell=cell, calls=calls.get(key(cell), []))
        for cell in run.summary.cells
    }


def _variants(run: ReportInput) -> set[str]:
    return {cell.variant for cell in run.summary.cells}


def _run(run: ReportInput) -> ComparedRun:
    return ComparedRun(
        id=run.manifest.run,
        folder=run.folder,
        created_at=run.manifest.created_at,
        lambdameter=run.manifest.lambdameter,
        rounds=run.summary.rounds,
        complete=run.summary.complete,
    )


def _cell(base: _Side, head: _Side, seed: int) -> CellComparison:
    lack = _lack(base, head)
    comparison = CellComparison(
        variant=base.cell.variant,
        case=base.cell.case,
        memory_mb=base.cell.memory_mb,
        lack=lack,
        base_errors=base.cell.warm.errors if base.cell.warm else 0,
        head_errors=head.cell.warm.errors if head.cell.warm else 0,
    )
    if lack is not None:
        return comparison
    durations = [durations_ms(side.calls) for side in (base, head)]
    billed = [
        [[float(report.billed_ms) for report in environment] for environment in side.calls]
        for side in (base, head)
    ]
    medians = [statistics.median(map(statistics.median, side)) for side in durations]
    means = [statistics.fmean(ms for calls in side for ms in calls) for side in billed]
    memory = [side.cell.warm.max_memory_mb if side.cell.warm else None for side in (base, head)]
    cost = ratio.COST(billed[0], billed[1], seed)
    return msgspec.structs.replace(
        comparison,
        duration_ms=_ratio(
            medians[0], medians[1], ratio.DURATION(durations[0], durations[1], seed)
        ),
        billed_ms=_ratio(means[0], means[1], cost),
        bill=_bill(base, head, cost),
        max_memory_mb=_ratio(memory[0], memory[1]),
    )


def _lack(base: _Side, head: _Side) -> Lack | None:
    """Why there is nothing to compare; wrong answers are told before deaths."""
    if _is_unequal(head):
        return "head-unequal"
    if _is_unequal(base):
        return "base-unequal"
    if _died(base):
        return "base-died"
    if _died(head):
        return "head-died"
    if _is_missing(base):
        return "base-missing"
    return "head-missing" if _is_missing(head) else None


def _is_unequal(side: _Side) -> bool:
    """A case that has no verdict yet is missing, not unequal."""

    def differs(equality: CaseEquality) -> bool:
        return bool(equality.unequal) or not equality.agree

    return any(
        equality.case == side.cell.case and differs(equality)
        for equality in side.run.summary.equality
    )


def _died(side: _Side) -> bool:
    warm = side.cell.warm
    return warm is not None and warm.n > 0 and warm.errors == warm.n


def _is_missing(side: _Side) -> bool:
    return side.cell.warm is None or side.cell.warm.duration_ms is None


def _ratio(
    base: float | None, head: float | None, interval: GateInterval | NotEnough | None = None
) -> Ratio:
    quotient = head / base if base and head is not None else None
    return Ratio(base=base, head=head, ratio=quotient, interval=interval)


def _bill(base: _Side, head: _Side, cost: GateInterval | NotEnough) -> BillRatio | None:
    """The whole bill: the compute's ratio is sampled, requests and writes are counted."""
    before, after = (
        next((bill for bill in side.run.bill.cells if key(bill) == key(side.cell)), None)
        for side in (base, head)
    )
    if before is None or after is None:
        return None
    interval = cost
    if isinstance(cost, GateInterval):
        whole, compute = float(before.run_usd), float(before.touchable_usd)
        counted = float(after.run_usd - after.touchable_usd)
        ends = [(counted + compute * end) / whole for end in (cost.ratio, cost.low, cost.high)]
        interval = msgspec.structs.replace(cost, ratio=ends[0], low=ends[1], high=ends[2])
    return BillRatio(
        base_usd=before.run_usd,
        head_usd=after.run_usd,
        ratio=float(after.run_usd / before.run_usd) if before.run_usd else None,
        interval=interval,
    )


def _package(base: ReportInput, head: ReportInput, variant: str) -> PackageComparison:
    before, after = (
        next((artifact for artifact in run.manifest.artifacts if artifact.variant == variant), None)
        for run in (base, head)
    )
    return PackageComparison(
        variant=variant,
        zip_bytes=_ratio(before.zip_bytes if before else None, after.zip_bytes if after else None),
        same=before.sha256 == after.sha256 if before and after else None,
    )


def _verdicts(
    gate: Gate, cells: Sequence[CellComparison], packages: Sequence[PackageComparison]
) -> Iterator[GateVerdict]:
    if gate.kind == "bigger":
        for package in packages:
            exact = package.zip_bytes.ratio
            outcome = of_limit(gate, None, exact)
            yield GateVerdict(gate=gate, outcome=outcome, variant=package.variant, ratio=exact)
        return
    for cell in cells:
        measured = cell.duration_ms if gate.kind == "slower" else cell.bill
        yield GateVerdict(
            gate=gate,
            outcome=_of_cell(gate, cell, measured),
            variant=cell.variant,
            case=cell.case,
            memory_mb=cell.memory_mb,
            ratio=measured.ratio if measured else None,
            interval=measured.interval if measured else None,
            lack=cell.lack,
        )


def _of_cell(gate: Gate, cell: CellComparison, measured: Ratio | BillRatio | None) -> Outcome:
    if cell.lack in ("head-unequal", "head-died"):
        return "failed"
    if measured is None:
        return "cannot-tell"
    return of_limit(gate, measured.interval, None)


def _outcome(cells: Sequence[CellComparison], verdicts: Sequence[GateVerdict]) -> Outcome:
    """Wrong answers fail without any gate; so does a HEAD that dies where BASE answered."""
    outcomes = {verdict.outcome for verdict in verdicts}
    lacks = {cell.lack for cell in cells}
    if "failed" in outcomes or lacks & {"head-unequal", "head-died"}:
        return "failed"
    if "cannot-tell" in outcomes or lacks.isdisjoint({None}):
        return "cannot-tell"
    return "passed"
