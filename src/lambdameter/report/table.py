"""The times of one memory size: measured figures, with published figures under them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.base import Call
from lambdameter.model.claim import PublishedFigure
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import failures, labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import (
    BAD,
    NOT_MEASURED,
    QUIET,
    Label,
    measured,
    modelled,
    prose,
    published,
)

_FAILED = {"function": "died", "answer": "wrong answer", "invoke": "not measured"}


def _whole(value: float | None) -> str:
    """A figure that Lambda reports in whole units, with all its digits."""
    return units.NOTHING if value is None else f"{value:,.0f}"


class _Column(NamedTuple):
    """A quantity of a call: its head, its value, its format, and its names in claims."""

    name: str
    unit: str
    of: Callable[[CallSummary], float | None]
    formatted: Callable[[float | None], str] = units.number
    metrics: tuple[str, ...] = ()
    is_modelled: bool = False

    @property
    def head(self) -> tuple[str, str]:
        return self.name, self.unit


def warm_table(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """Warm calls: a row for each variant, with its published figures under it.

    Init is the cold call's, since warm calls have none. Cases that were not shown equal have no
    figures.
    """
    columns = _warm_columns(run)
    grid = Grid([("", ""), *(column.head for column in columns), ("cold\nInit", "ms")])
    for index, case in enumerate(run.cases):
        if index:
            grid.gap()
        _warm_rows(grid, run, run.cells(memory_mb, case), columns, styles)
    return grid.text()


def _warm_rows(
    grid: Grid,
    run: Run,
    cells: Sequence[CellSummary],
    columns: Sequence[_Column],
    styles: Mapping[str, Style],
) -> None:
    best = _best([cell.warm for cell in cells], columns)
    fastest_init = _least([cell.cold.init_ms if cell.cold else None for cell in cells])
    for cell in cells:
        title = labels.label(run, cell, styles)
        if _in_words(grid, run, title, cell, cell.warm) or cell.warm is None:
            continue
        init_ms = cell.cold.init_ms if cell.cold else None
        init = measured(units.ms(init_ms), better=init_ms is not None and init_ms == fastest_init)
        grid.row([title, *_figures(cell.warm, columns, best), init])
        _partial_failures(grid, cell.warm)
        published_init = run.published(cell).get(("cold", "init_ms"))
        _published_row(
            grid,
            run,
            cell,
            columns,
            Text() if published_init is None else _published(published_init),
        )


def published_in(run: Run, memory_mb: int) -> Text | None:
    """The sources of the figures in parentheses; None where there are none."""
    cited = {
        figure.claim for cell in run.cells(memory_mb) for figure in run.published(cell).values()
    }
    sources = [
        prose(f"({source.id}) published in “{source.title}”: {source.conditions}")
        for source in run.claims
        if any(figure.claim in cited for figure in source.figures)
    ]
    return Text("\n".join(sources), style=NOT_MEASURED) if sources else None


def cold_table(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """Cold calls: they show how long a start takes, not how fast the work is.

    If cold calls do the same work as warm calls, the table also has the ratio of their Durations.
    """
    columns = _cold_columns(run)
    comparable = _same_work(run, memory_mb)
    ratio = [("cold call\n/ warm", "x")] if comparable else []
    grid = Grid([("", ""), *(column.head for column in columns), *ratio])
    for case in run.cases:
        cells = run.cells(memory_mb, case)
        best = _best([cell.cold for cell in cells], columns)
        for cell in cells:
            title = labels.label(run, cell, styles)
            if _in_words(grid, run, title, cell, cell.cold) or cell.cold is None:
                continue
            further = [measured(units.number(_first_to_warm(cell)))] if comparable else []
            grid.row([title, *_figures(cell.cold, columns, best), *further])
            _partial_failures(grid, cell.cold)
            _published_row(grid, run, cell, columns, *(Text() for _ in further), call="cold")
    return grid.text()


def spread_table(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """How much the warm calls of each cell differ; None where no cell has several."""
    columns = [
        _Column("calls", "", lambda call: call.n - call.errors, _whole),
        _Column("least", "ms", lambda call: call.least_ms, metrics=("least_ms",)),
        _Column("median", "ms", lambda call: call.duration_ms, metrics=("duration_ms",)),
        _Column("mean", "ms", lambda call: call.mean_ms, metrics=("mean_ms",)),
        _Column("most", "ms", lambda call: call.most_ms, metrics=("most_ms",)),
        _Column(
            "mean\nbilled", "ms", lambda call: call.mean_billed_ms, metrics=("mean_billed_ms",)
        ),
    ]
    grid = Grid([("", ""), *(column.head for column in columns)])
    alive = [
        (cell, cell.warm)
        for cell in run.cells(memory_mb)
        if cell.warm and cell.warm.duration_ms is not None
    ]
    if not any(call.n - call.errors > 1 for _, call in alive):
        return None
    for cell, call in alive:
        title = labels.label(run, cell, styles)
        grid.row([title, *_figures(call, columns, [None] * len(columns))])
        _published_row(grid, run, cell, columns)
    return grid.text()


def _same_work(run: Run, memory_mb: int) -> bool:
    cells = run.cells(memory_mb)
    both = [(cell.cold.count, cell.warm.count) for cell in cells if cell.cold and cell.warm]
    return bool(both) and all(cold == warm for cold, warm in both)


def _first_to_warm(cell: CellSummary) -> float | None:
    cold_ms = cell.cold.duration_ms if cell.cold else None
    warm_ms = cell.warm.duration_ms if cell.warm else None
    return cold_ms / warm_ms if cold_ms is not None and warm_ms else None


def _warm_columns(run: Run) -> list[_Column]:
    shape = run.manifest.workload.response
    per_1000 = _Column(
        f"per 1,000\n{shape.unit}s",
        "ms",
        lambda call: call.per_1000_ms,
        units.ms,
        ("per_1000_ms",),
    )
    return [
        *_phases(run),
        *_total(run),
        *_modelled(run),
        *([] if shape.count is None or shape.total is None else [per_1000]),
        _Column(
            "Duration", "ms", lambda call: call.duration_ms, metrics=("duration_ms", "mean_ms")
        ),
        _Column(
            "billed",
            "ms",
            lambda call: call.billed_ms,
            _whole,
            ("billed_ms", "mean_billed_ms"),
        ),
        _MEMORY,
    ]


def _cold_columns(run: Run) -> list[_Column]:
    shape = run.manifest.workload.response
    count = _Column(f"{shape.unit}s", "", lambda call: call.count, _whole)
    return [
        *([] if shape.count is None else [count]),
        _Column("Init", "ms", lambda call: call.init_ms, metrics=("init_ms",)),
        *_phases(run),
        *_total(run),
        _Column("Duration", "ms", lambda call: call.duration_ms, metrics=("duration_ms",)),
        _Column("billed", "ms", lambda call: call.billed_ms, _whole, ("billed_ms",)),
        _MEMORY,
    ]


_MEMORY = _Column("Max\nMemory", "MB", lambda call: call.max_memory_mb, _whole, ("max_memory_mb",))


def _phases(run: Run) -> list[_Column]:
    def phase(name: str) -> Callable[[CallSummary], float | None]:
        return lambda call: call.phases.get(name)

    shape = run.manifest.workload.response
    return [
        _Column(part.title, "ms", phase(part.name), units.ms, (part.name,)) for part in shape.phases
    ]


def _total(run: Run) -> list[_Column]:
    if run.manifest.workload.response.total is None:
        return []
    return [_Column("total", "ms", lambda call: call.total_ms, units.ms, ("total_ms",))]


def _modelled(run: Run) -> list[_Column]:
    """The part of the compared time that the latency model added, where it added any."""
    if not any(cell.warm and cell.warm.modelled_ms for cell in run.summary.cells):
        return []
    return [_Column("of it\n≈", "%", _modelled_percent, _whole, is_modelled=True)]


def _modelled_percent(call: CallSummary) -> float | None:
    if call.modelled_ms is None or not call.compared_ms:
        return None
    return min(100.0, 100 * call.modelled_ms / call.compared_ms)


def _figures(
    call: CallSummary, columns: Sequence[_Column], best: Sequence[float | None]
) -> list[Text]:
    values = [column.of(call) for column in columns]
    return [
        modelled(column.formatted(value))
        if column.is_modelled
        else measured(column.formatted(value), better=value is not None and value == least)
        for column, value, least in zip(columns, values, best, strict=True)
    ]


def _best(calls: Sequence[CallSummary | None], columns: Sequence[_Column]) -> list[float | None]:
    alive = [call for call in calls if call is not None]
    return [_least([column.of(call) for call in alive]) for column in columns]


def _least(values: Sequence[float | None]) -> float | None:
    """The smallest of several different figures; None where there is only one."""
    figures = {value for value in values if value is not None}
    return min(figures) if len(figures) > 1 else None


def _in_words(
    grid: Grid, run: Run, title: Label, cell: CellSummary, call: CallSummary | None
) -> bool:
    """Write a row for a call without figures; False for a call that has figures."""
    if call is not None and call.died:
        text = Text("died", BAD)
        if call.error is not None:
            text = Text(f"{_FAILED[call.error.kind]}: {call.error.type}", BAD)
            text.append(f" at {cell.memory_mb:,} MB", BAD)
            text.append(f"  {failures.message(call.error)}", QUIET)
    elif not run.is_equal(cell.case):
        text = Text("not verified as equal, so no speed is reported")
    elif call is None:
        text = Text("not measured", style=QUIET)
    else:
        return False
    grid.words(title, text)
    return True


def _partial_failures(grid: Grid, call: CallSummary) -> None:
    if call.errors and call.error is not None:
        text = (
            f"{call.errors} of {call.n} calls failed and are not in the figures: {call.error.type}"
        )
        grid.words(Text(), Text(text, style=BAD))


def _published_row(
    grid: Grid,
    run: Run,
    cell: CellSummary,
    columns: Sequence[_Column],
    *further: Text,
    call: Call = "warm",
) -> None:
    """The published figures of this cell's call, where a column shows any of them."""
    claims = run.published(cell)
    matching = [
        next((claims[call, name] for name in column.metrics if (call, name) in claims), None)
        for column in columns
    ]
    if not any(matching):
        return
    figures = [Text() if claim is None else _published(claim) for claim in matching]
    grid.row([Text("  published", style=NOT_MEASURED), *figures, *further])


def _published(claim: PublishedFigure) -> Text:
    return published(units.number(claim.value))
