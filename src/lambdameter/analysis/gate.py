"""The run HEAD compared with the run BASE, cell by cell, and the verdict of each gate. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import msgspec

from lambdameter.analysis.run import Run
from lambdameter.analysis.run_differences import differences
from lambdameter.model.base import CellKey
from lambdameter.model.gate import (
    BillRatio,
    CellRatios,
    ComparedRun,
    Gate,
    GateInterval,
    GateReport,
    GateVerdict,
    Lack,
    NotEnough,
    Outcome,
    PackageRatio,
    Ratio,
)
from lambdameter.model.summary import CellSummary
from lambdameter.stats import ratio


class _Side(NamedTuple):
    """A cell and its run."""

    run: Run
    cell: CellSummary


def compare(
    base: Run,
    head: Run,
    *,
    variants: Collection[str] | None = None,
    gates: Sequence[Gate] = (),
    seed: int = 1,
) -> GateReport:
    """Compare two runs of one workload, of the same or of different code.

    Args:
        base: the baseline.
        head: the run of the code that is to replace the baseline.
        variants: names of the variants to compare; None: all that both runs have.
        gates: the limits.
        seed: seed of the intervals' random numbers.
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
    return GateReport(
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


def of_limit(gate: Gate, interval: GateInterval | NotEnough | None, exact: float | None) -> Outcome:
    """The outcome of one gate: an interval decides only if all of it is on one side of the limit.

    Args:
        gate: the limit.
        interval: interval of the ratio; None where the ratio is exact.
        exact: the exact ratio, used where there is no interval; None: unknown.
    """
    limit = 1 + gate.limit
    if isinstance(interval, NotEnough):
        return "cannot-tell"
    low, high = (exact, exact) if interval is None else (interval.low, interval.high)
    if low is None or high is None:
        return "cannot-tell"
    if low > limit:
        return "failed"
    return "passed" if high <= limit else "cannot-tell"


def _sides(run: Run) -> dict[CellKey, _Side]:
    return {key: _Side(run, cell) for key, cell in run.cells_by_key.items()}


def _variants(run: Run) -> set[str]:
    return {cell.variant for cell in run.summary.cells}


def _run(run: Run) -> ComparedRun:
    return ComparedRun(
        id=run.manifest.run,
        folder=run.folder,
        created_at=run.manifest.created_at,
        lambdameter=run.manifest.lambdameter,
        rounds=run.summary.rounds,
        complete=run.summary.complete,
    )


def _cell(base: _Side, head: _Side, seed: int) -> CellRatios:
    lack = _lack(base, head)
    ratios = CellRatios(
        variant=base.cell.variant,
        case=base.cell.case,
        memory_mb=base.cell.memory_mb,
        lack=lack,
        base_errors=base.cell.warm.errors if base.cell.warm else 0,
        head_errors=head.cell.warm.errors if head.cell.warm else 0,
    )
    if lack is not None:
        return ratios
    durations = [side.run.warm_durations_ms(side.cell.key) for side in (base, head)]
    billed = [
        [[float(report.billed_ms) for report in calls] for calls in environments]
        for environments in (side.run.warm_reports(side.cell.key) for side in (base, head))
    ]
    medians = [statistics.median(map(statistics.median, side)) for side in durations]
    means = [statistics.fmean(ms for calls in side for ms in calls) for side in billed]
    memory = [side.cell.warm.max_memory_mb if side.cell.warm else None for side in (base, head)]
    cost = ratio.COST(billed[0], billed[1], seed)
    return msgspec.structs.replace(
        ratios,
        duration_ms=_ratio(
            medians[0], medians[1], ratio.DURATION(durations[0], durations[1], seed)
        ),
        billed_ms=_ratio(means[0], means[1], cost),
        bill=_bill(base, head, cost),
        max_memory_mb=_ratio(memory[0], memory[1]),
    )


def _lack(base: _Side, head: _Side) -> Lack | None:
    """Why there is nothing to compare; wrong answers come before deaths."""
    if head.run.is_unequal(head.cell.case):
        return "head-unequal"
    if base.run.is_unequal(base.cell.case):
        return "base-unequal"
    if base.cell.died:
        return "base-died"
    if head.cell.died:
        return "head-died"
    if _is_missing(base.cell):
        return "base-missing"
    return "head-missing" if _is_missing(head.cell) else None


def _is_missing(cell: CellSummary) -> bool:
    return cell.warm is None or cell.warm.duration_ms is None


def _ratio(
    base: float | None, head: float | None, interval: GateInterval | NotEnough | None = None
) -> Ratio:
    quotient = head / base if base and head is not None else None
    return Ratio(base=base, head=head, ratio=quotient, interval=interval)


def _bill(base: _Side, head: _Side, cost: GateInterval | NotEnough) -> BillRatio | None:
    """The whole bill: only compute has an interval, requests and writes are exact counts."""
    before, after = (side.run.bill_of(side.cell) for side in (base, head))
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


def _package(base: Run, head: Run, variant: str) -> PackageRatio:
    before, after = (
        next((artifact for artifact in run.manifest.artifacts if artifact.variant == variant), None)
        for run in (base, head)
    )
    return PackageRatio(
        variant=variant,
        zip_bytes=_ratio(before.zip_bytes if before else None, after.zip_bytes if after else None),
        same=before.sha256 == after.sha256 if before and after else None,
    )


def _verdicts(
    gate: Gate, cells: Sequence[CellRatios], packages: Sequence[PackageRatio]
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


def _of_cell(gate: Gate, cell: CellRatios, measured: Ratio | BillRatio | None) -> Outcome:
    if cell.lack in ("head-unequal", "head-died"):
        return "failed"
    if measured is None:
        return "cannot-tell"
    return of_limit(gate, measured.interval, None)


def _outcome(cells: Sequence[CellRatios], verdicts: Sequence[GateVerdict]) -> Outcome:
    """HEAD fails, even without a gate, if it gives wrong answers or dies where BASE answered."""
    outcomes = {verdict.outcome for verdict in verdicts}
    lacks = {cell.lack for cell in cells}
    if "failed" in outcomes or lacks & {"head-unequal", "head-died"}:
        return "failed"
    if "cannot-tell" in outcomes or lacks.isdisjoint({None}):
        return "cannot-tell"
    return "passed"
