"""The times of one case at one tier: what was measured, and what was published beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.model import CallSummary, CellSummary, ReportInput
from lambdameter.report import failures, find
from lambdameter.report.grid import Grid
from lambdameter.report.look import BAD, NOT_MEASURED, QUIET, measured, modelled, prose, published

_FAILED = {"function": "died", "answer": "wrong answer", "invoke": "not measured"}


def _whole(value: float | None) -> str:
    """What Lambda reports in whole units keeps all its digits."""
    return units.NOTHING if value is None else f"{value:,.0f}"


class _Column(NamedTuple):
    """A quantity of a call: how it is headed, read and told, and its name in claims."""

    name: str
    unit: str
    of: Callable[[CallSummary], float | None]
    told: Callable[[float | None], str] = units.number
    metric: str = ""
    is_modelled: bool = False

    @property
    def head(self) -> tuple[str, str]:
        return self.name, self.unit


def warm_table(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """Claim K's table: a row for each variant, and the published figures under it.

    Init stands here too, from the cold call: the warm one has none. A case that was not shown
    equal has no figure.
    """
    columns = _warm_columns(run)
    grid = Grid([("", ""), *(column.head for column in columns), ("cold\nInit", "ms")])
    for index, case in enumerate(find.cases(run)):
        if index:
            grid.gap()
        _warm_rows(grid, run, find.tier(run, memory_mb, case), columns, styles)
    return grid.text()


def _warm_rows(
    grid: Grid,
    run: ReportInput,
    cells: Sequence[CellSummary],
    columns: Sequence[_Column],
    styles: Mapping[str, Style],
) -> None:
    best = _best([cell.warm for cell in cells], columns)
    fastest_init = _least([cell.cold.init_ms if cell.cold else None for cell in cells])
    for cell in cells:
        title = find.label(run, cell.case, cell.variant, styles.get(cell.variant, ""))
        if _in_words(grid, run, title, cell, cell.warm) or cell.warm is None:
            continue
        init_ms = cell.cold.init_ms if cell.cold else None
        init = measured(units.ms(init_ms), better=init_ms is not None and init_ms == fastest_init)
        grid.row([title, *_figures(cell.warm, columns, best), init])
        _partial_failures(grid, cell.warm)
        _published_row(grid, run, cell, columns)


def published_in(run: ReportInput, memory_mb: int) -> Text | None:
    """Where the figures in parentheses at one tier come from; None where there are none."""
    cited = {
        figure.claim
        for case in find.cases(run)
        for cell in find.tier(run, memory_mb, case)
        for figure in find.published(run, cell).values()
    }
    sources = [
        prose(f"({source.id}) published in “{source.title}”: {source.conditions}")
        for source in run.claims
        if any(figure.claim in cited for figure in source.figures)
    ]
    return Text("\n".join(sources), style=NOT_MEASURED) if sources else None


def cold_table(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> Text:
    """All cases' cold calls at one tier: they say how a start goes, not how fast the work is."""
    columns = [
        _Column(f"{run.manifest.workload.response.unit}s", "", lambda call: call.count, _whole),
        _Column("Init", "ms", lambda call: call.init_ms),
        _Column("Duration", "ms", lambda call: call.duration_ms),
        _Column("billed", "ms", lambda call: call.billed_ms, _whole),
        _Column("total", "ms", lambda call: call.total_ms),
        _Column("Max\nMemory", "MB", lambda call: call.max_memory_mb, _whole),
    ]
    grid = Grid([("", ""), *(column.head for column in columns)])
    for case in find.cases(run):
        cells = find.tier(run, memory_mb, case)
        best = _best([cell.cold for cell in cells], columns)
        for cell in cells:
            title = find.label(run, case, cell.variant, styles.get(cell.variant, ""))
            if _in_words(grid, run, title, cell, cell.cold) or cell.cold is None:
                continue
            grid.row([title, *_figures(cell.cold, columns, best)])
            _partial_failures(grid, cell.cold)
    return grid.text()


def _warm_columns(run: ReportInput) -> list[_Column]:
    def phase(name: str) -> Callable[[CallSummary], float | None]:
        return lambda call: call.phases.get(name)

    shape = run.manifest.workload.response
    per_1000 = f"per 1,000\n{shape.unit}s"
    return [
        *(_Column(one.title, "ms", phase(one.name), units.ms, one.name) for one in shape.phases),
        _Column("total", "ms", lambda call: call.total_ms, units.ms, "total_ms"),
        _Column("of it\n≈", "%", _modelled_percent, _whole, is_modelled=True),
        _Column(per_1000, "ms", lambda call: call.per_1000_ms, units.ms, "per_1000_ms"),
        _Column("Duration", "ms", lambda call: call.duration_ms),
        _Column("billed", "ms", lambda call: call.billed_ms, _whole),
        _Column("Max\nMemory", "MB", lambda call: call.max_memory_mb, _whole),
    ]


def _modelled_percent(call: CallSummary) -> float | None:
    """How much of the handler's own total the latency model made."""
    if call.modelled_ms is None or not call.total_ms:
        return None
    return min(100.0, 100 * call.modelled_ms / call.total_ms)


def _figures(
    call: CallSummary, columns: Sequence[_Column], best: Sequence[float | None]
) -> list[Text]:
    values = [column.of(call) for column in columns]
    return [
        modelled(column.told(value))
        if column.is_modelled
        else measured(column.told(value), better=value is not None and value == least)
        for column, value, least in zip(columns, values, best, strict=True)
    ]


def _best(calls: Sequence[CallSummary | None], columns: Sequence[_Column]) -> list[float | None]:
    alive = [call for call in calls if call is not None]
    return [_least([column.of(call) for call in alive]) for column in columns]


def _least(values: Sequence[float | None]) -> float | None:
    """The smallest of several that differ; None where there is nothing to set off."""
    known = {value for value in values if value is not None}
    return min(known) if len(known) > 1 else None


def _in_words(
    grid: Grid, run: ReportInput, title: Text, cell: CellSummary, call: CallSummary | None
) -> bool:
    """A row for a call without figures: it died, was never made, or was not shown equal."""
    if call is not None and find.died(call):
        told = Text("died", BAD)
        if call.error is not None:
            told = Text(f"{_FAILED[call.error.kind]}: {call.error.type}", BAD)
            told.append(f" at {cell.memory_mb:,} MB", BAD)
            told.append(f"  {failures.message(call.error)}", QUIET)
    elif not find.is_equal(run, cell.case):
        told = Text("not shown equal, so there is no speed to report")
    elif call is None:
        told = Text("not measured", style=QUIET)
    else:
        return False
    grid.words(title, told)
    return True


def _partial_failures(grid: Grid, call: CallSummary) -> None:
    if call.errors and call.error is not None:
        told = f"{call.errors} of {call.n} calls failed, not in the figures: {call.error.type}"
        grid.words(Text(), Text(told, style=BAD))


def _published_row(
    grid: Grid, run: ReportInput, cell: CellSummary, columns: Sequence[_Column]
) -> None:
    claims = find.published(run, cell)
    if not claims:
        return
    figures = [
        published(units.number(claims[column.metric].value)) if column.metric in claims else Text()
        for column in columns
    ]
    grid.row([Text("  published", style=NOT_MEASURED), *figures, Text()])
