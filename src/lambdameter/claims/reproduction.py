"""Published claims judged by runs: the selected rows, their experiments, and the verdicts.

`cli/reproduce.py` is the command.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import metadata
from typing import NamedTuple

import msgspec

from lambdameter.analysis import caveats
from lambdameter.analysis.estimate import estimate
from lambdameter.analysis.run import Run
from lambdameter.claims import library
from lambdameter.claims.judge import Evidence, judge
from lambdameter.claims.rows import rows
from lambdameter.cost.headline import headline_bill
from lambdameter.errors import BadInputError
from lambdameter.model.audit import Audit
from lambdameter.model.claim import (
    Cell,
    ClaimRow,
    ClaimSource,
    Experiment,
    Headline,
    Quantity,
    Study,
)
from lambdameter.model.reproduction import (
    ExperimentRun,
    HeadlineBill,
    JudgedRow,
    Reproduction,
    StudyTable,
)


class Selection(NamedTuple):
    """The selected rows, studies and headlines of one text."""

    source: ClaimSource
    rows: tuple[ClaimRow, ...]
    studies: tuple[Study, ...]
    headlines: tuple[Headline, ...]


class NamedRun(NamedTuple):
    """A run and the name of its experiment."""

    experiment: str
    run: Run


def select(names: Sequence[str]) -> tuple[Selection, ...]:
    """Select texts ("C1"), claims ("K5") or single rows ("K5.ratio"); no names select all.

    Raises:
        BadInputError: a name is unknown.
    """
    wanted_names = {name.casefold() for name in names}
    all_names: set[str] = set()
    selections = []
    for source in library.sources():
        mine = []
        for row in rows(source):
            row_names = {name.casefold() for name in (source.id, row.claim, row.id)}
            all_names |= row_names
            if not wanted_names or wanted_names & row_names:
                mine.append(row)
        if mine:
            selections.append(
                _selection(source, tuple(mine), wanted_names or {source.id.casefold()})
            )
    _check_names(names, all_names)
    return tuple(selections)


def _selection(
    source: ClaimSource, mine: tuple[ClaimRow, ...], names: Collection[str]
) -> Selection:
    """The selected rows, with the studies and headlines of the selected claims."""

    def is_selected(part: Study | Headline) -> bool:
        return bool({source.id.casefold(), part.claim.casefold()} & set(names))

    return Selection(
        source,
        mine,
        tuple(study for study in source.studies if is_selected(study)),
        tuple(headline for headline in source.headlines if is_selected(headline)),
    )


def _check_names(names: Sequence[str], all_names: Collection[str]) -> None:
    unknown = [name for name in names if name.casefold() not in all_names]
    if unknown:
        texts = ", ".join(source.id for source in library.sources())
        raise BadInputError(
            f"There is no claim named {unknown[0]!r}",
            place="lambdameter reproduce",
            next_step=f"Give the name of a text ({texts}), of one of its claims (K5) or "
            "of a single figure (K5.ratio).",
        )


def needed(selections: Sequence[Selection], *, quick: bool) -> tuple[Experiment, ...]:
    """The experiments for the selection, reduced to the cells that they need."""
    offered = [
        experiment
        for experiment in library.experiments()
        if experiment.quick is not None or not quick
    ]
    cells: dict[str, set[Cell]] = {}
    for group in _groups(selections):
        whole = next(
            (experiment for experiment in offered if all(map(experiment.has, group))), None
        )
        for cell in group:
            experiment = whole or next(
                (experiment for experiment in offered if experiment.has(cell)), None
            )
            if experiment is not None:
                cells.setdefault(experiment.name, set()).add(cell)
    return tuple(
        _cut(experiment, cells[experiment.name])
        for experiment in offered
        if experiment.name in cells
    )


def _groups(selections: Sequence[Selection]) -> Iterator[set[Cell]]:
    """Sets of cells that one experiment should have, so that each round compares them."""
    for selection in selections:
        for row in selection.rows:
            if row.of:
                yield {quantity.cell for quantity in (*row.of, *row.over)}
        for study in selection.studies:
            yield {
                (study.workload, variant, study.case, study.memory_mb) for variant in study.variants
            }
        for headline in selection.headlines:
            yield {
                (headline.workload, variant, case, headline.memory_mb)
                for variant in (headline.of, headline.over)
                for case in headline.cases
            }


def _cut(experiment: Experiment, cells: Collection[Cell]) -> Experiment:
    """An experiment with only these cells, in its own order."""
    _, variants, cases, memory_sizes = (set(column) for column in zip(*cells, strict=True))
    return msgspec.structs.replace(
        experiment,
        variants=tuple(variant for variant in experiment.variants if variant in variants),
        cases=tuple(case for case in experiment.cases if case in cases),
        memory_mb=tuple(
            memory_mb for memory_mb in experiment.memory_mb if memory_mb in memory_sizes
        ),
    )


def judged(
    selections: Sequence[Selection],
    runs: Sequence[NamedRun],
    audits: Mapping[str, Audit],
    *,
    quick: bool,
    folder: str,
) -> Reproduction:
    """Judge every selected row by the runs.

    Args:
        selections: the rows to judge.
        runs: what was measured for these rows.
        audits: the audits of the texts' tables, by the text's id.
        quick: whether the quick protocol was measured; part of the result.
        folder: the folder of the runs; part of the result.
    """
    of = [named.run for named in runs]
    return Reproduction(
        quick=quick,
        titles={selection.source.id: selection.source.title for selection in selections},
        conditions={selection.source.id: selection.source.conditions for selection in selections},
        rows=tuple(
            row
            for selection in selections
            for row in _judged(selection, of, audits.get(selection.source.id))
        ),
        studies=tuple(
            _table(selection.source, study, of)
            for selection in selections
            for study in selection.studies
        ),
        headlines=tuple(bill for selection in selections for bill in _headlines(selection, of)),
        runs=tuple(_experiment_run(named) for named in runs),
        folder=folder,
        lambdameter=metadata.version("lambdameter"),
    )


def _judged(selection: Selection, runs: Sequence[Run], audit: Audit | None) -> Iterator[JudgedRow]:
    source = selection.source
    errors = library.tolerances()
    real = bool(runs) and all(run.manifest.target.name == "aws" for run in runs)
    for row in selection.rows:
        measured = estimate(row, runs, source) if row.of else None
        error = None if real else errors.get((source.id, row.tolerance))
        yield judge(source.id, row, Evidence(measured, audit, error))


def _table(source: ClaimSource, study: Study, runs: Sequence[Run]) -> StudyTable:
    """A study's figures, from one run if any run has all variants."""
    cells = {(study.workload, variant, study.case, study.memory_mb) for variant in study.variants}
    whole = [run for run in runs if cells <= _measured(run)]
    runs = whole[:1] or runs
    return StudyTable(
        source=source.id,
        study=study,
        figures={
            variant: tuple(
                estimate(_row_of(study, variant, quantity), runs, source)
                for quantity in quantities(study, variant)
            )
            for variant in study.variants
        },
    )


def _measured(run: Run) -> set[Cell]:
    name = run.manifest.workload.name
    return {(name, *cell.key) for cell in run.summary.cells}


def quantities(study: Study, variant: str) -> Iterator[Quantity]:
    """The quantities of one variant in a study, column by column."""
    for call, columns in (("cold", study.cold), ("warm", study.warm)):
        for metric in columns:
            yield Quantity(
                workload=study.workload,
                variant=variant,
                case=study.case,
                memory_mb=study.memory_mb,
                call="cold" if call == "cold" else "warm",
                metric=metric,
            )


def _row_of(study: Study, variant: str, quantity: Quantity) -> ClaimRow:
    """A row for an unpublished figure of a study."""
    return ClaimRow(
        id=f"{study.title}.{variant}.{quantity.call}.{quantity.metric}",
        claim=study.claim,
        title=study.title,
        unit="",
        of=(quantity,),
    )


def _headlines(selection: Selection, runs: Sequence[Run]) -> Iterator[HeadlineBill]:
    for headline in selection.headlines:
        for run in runs:
            if run.manifest.workload.name == headline.workload:
                bill = headline_bill(selection.source.id, headline, run.bill, _count(run))
                if bill is not None:
                    yield bill
                    break


def _count(run: Run) -> int | None:
    """Units of work in a warm call; None where the workload does not count them."""
    if run.manifest.workload.response.count is None:
        return None
    return next((cell.warm.count for cell in run.summary.cells if cell.warm), None)


def _experiment_run(named: NamedRun) -> ExperimentRun:
    run = named.run
    manifest = run.manifest
    return ExperimentRun(
        experiment=named.experiment,
        folder=run.folder,
        run=manifest.run,
        created_at=manifest.created_at,
        workload=manifest.workload.name,
        rounds=run.summary.rounds,
        samples=len(run.samples),
        equal=run.summary.equal,
        complete=run.summary.complete,
        host=manifest.host,
        target=manifest.target,
        conditions=caveats.target(run),
    )
