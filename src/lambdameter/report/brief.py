"""The report that fits on a screen: what to do, the figures behind it, what to mind.

It fits every width from 60 columns on; everything else is in the full report (terminal.py).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import caveats, find
from lambdameter.analysis.decision import decide
from lambdameter.model.bill import CellBill
from lambdameter.model.comparison import Comparison
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CellSummary
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.look import ALARM, BETTER, HEAD, QUIET, variant_styles
from lambdameter.stats import median
from lambdameter.stats.comparison import durations_ms, environments, key
from lambdameter.words import listed

_MILLION = 1_000_000
_MS_PER_S = 1_000
_WHOLE_DOLLARS = 100
_MONEY = ("Compute,\na million", "Whole bill,\na million")
# More of them stand in the full report.
_COMPARISONS = 2


class _Row(NamedTuple):
    """The figures of one cell; None: there is none."""

    cold_ms: float | None
    warm_ms: float | None
    bounds: median.Bounds | None
    compute_usd: Decimal | None
    bill_usd: Decimal | None
    memory_mb: int | None


def brief(run: ReportInput) -> RenderableType:
    """The verdict, one table, and a line each on equality, certainty, what to mind, and where."""
    parts: list[RenderableType] = []
    if run.manifest.target.faults is not None:
        parts.append(Text.assemble((" FAULTS WERE INJECTED ", ALARM)))
    parts += _verdicts(run)
    parts += [Text(), _table(run), Text()]
    parts += _equality(run)
    failed = [*failures(run)]
    if failed:
        parts += [Text("What went wrong", style=HEAD), *failed]
    parts.append(_labelled("Certainty", _certainty(run)))
    foremost = caveats.foremost(run)
    if foremost:
        parts.append(_labelled("Mind", foremost))
    parts.append(_labelled("Run folder", f"{run.folder} (all of it: --full)"))
    return Group(*parts)


def _verdicts(run: ReportInput) -> Iterator[Text]:
    """Each once; where nothing could be decided, with the reason."""
    decisions = decide(run)
    for verdict in dict.fromkeys(decision.verdict for decision in decisions):
        yield Text(verdict, style=HEAD)
    for decision in decisions:
        if decision.action == "cannot-tell" and decision.evidence:
            yield Text(" ".join(decision.evidence))


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((f"{label}: ", QUIET), text)


def _table(run: ReportInput) -> Table:
    several = len(find.cases(run)) > 1
    styles = variant_styles(run.manifest.workload.variants)
    rows = _rows(run)
    warm = "Warm\n(95 % interval)" if any(row.bounds for row in rows.values()) else "Warm\nmedian"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style=QUIET)
    table.add_column("\nVariant", overflow="fold")
    for title in ("\nMB", "Cold\nstart", warm, *_MONEY, "Max\nMB"):
        table.add_column(title, justify="right")
    before = ""
    for cell in sorted(run.summary.cells, key=lambda cell: _place(run, cell)):
        if several and cell.case != before:
            table.add_row(Text(find.case_title(run, cell.case), style=QUIET))
            before = cell.case
        beside = [rows[key(other)] for other in run.summary.cells if _is_beside(other, cell)]
        table.add_row(*_cells(run, cell, rows[key(cell)], beside, styles))
    return table


def _place(run: ReportInput, cell: CellSummary) -> tuple[int, int, int]:
    variants = [variant.name for variant in run.manifest.workload.variants]
    return find.cases(run).index(cell.case), cell.memory_mb, variants.index(cell.variant)


def _is_beside(cell: CellSummary, other: CellSummary) -> bool:
    return (cell.case, cell.memory_mb) == (other.case, other.memory_mb)


def _rows(run: ReportInput) -> dict[tuple[str, str, int], _Row]:
    calls = environments(run)
    rows = {}
    for cell in run.summary.cells:
        warm, cold, bill = cell.warm, cell.cold, find.bill(run, cell)
        starts = None
        if cold is not None and cold.duration_ms is not None:
            starts = cold.duration_ms + (cold.init_ms or 0.0)
        medians = [
            statistics.median(environment)
            for environment in durations_ms(calls.get(key(cell), []))
            if environment
        ]
        measured = warm is not None and warm.duration_ms is not None
        rows[key(cell)] = _Row(
            cold_ms=starts,
            warm_ms=warm.duration_ms if warm else None,
            bounds=median.bounds(medians) if measured else None,
            compute_usd=_compute(bill) if bill else None,
            bill_usd=bill.run_usd if bill else None,
            memory_mb=(warm and warm.max_memory_mb) or (cold and cold.max_memory_mb) or None,
        )
    return rows


def _compute(bill: CellBill) -> Decimal:
    """What Lambda itself is paid for a call."""
    return sum((line.usd for line in bill.lines if line.service == "lambda"), Decimal(0))


def _cells(
    run: ReportInput,
    cell: CellSummary,
    row: _Row,
    beside: list[_Row],
    styles: Mapping[str, Style],
) -> Iterator[Text]:
    yield Text(find.variant_title(run, cell.variant), style=styles.get(cell.variant, ""))
    yield Text(f"{cell.memory_mb:,}")

    def figure(name: str, text: str) -> Text:
        values = [value for rival in beside if (value := getattr(rival, name)) is not None]
        mine = getattr(row, name)
        best = mine is not None and mine == min(values) and len(set(values)) > 1
        return Text(text, style=BETTER if best else "")

    yield figure("cold_ms", units.time(row.cold_ms))
    yield figure("warm_ms", _with_bounds(row.warm_ms, row.bounds))
    yield figure("compute_usd", _million(row.compute_usd))
    yield figure("bill_usd", _million(row.bill_usd))
    yield figure("memory_mb", f"{row.memory_mb:,}" if row.memory_mb else units.NOTHING)


def _with_bounds(value_ms: float | None, bounds: median.Bounds | None) -> str:
    if value_ms is None or bounds is None:
        return units.time(value_ms)
    divisor = 1 if value_ms < _MS_PER_S else _MS_PER_S
    low, high = (units.number(end / divisor) for end in bounds)
    return f"{units.time(value_ms)} ({low}-{high})"


def _million(usd: Decimal | None) -> str:
    if usd is None:
        return units.NOTHING
    million = usd * _MILLION
    return f"${million:,.0f}" if million >= _WHOLE_DOLLARS else units.usd(million)


def _equality(run: ReportInput) -> Iterator[RenderableType]:
    """A line where all is equal; else every case with its first differences."""
    verdicts = run.summary.equality
    if not run.summary.equal or any(verdict.died for verdict in verdicts) or not verdicts:
        yield Text("Equality", style=HEAD)
        yield equality(run)
        return
    if run.manifest.workload.table is not None:
        compared = units.count(sum(verdict.records_compared for verdict in verdicts), "record")
    else:
        compared = units.count(sum(sample.equality is not None for sample in run.samples), "answer")
    who = listed([find.variant_title(run, name) for name in verdicts[0].proven])
    yield _labelled("Equality", f"{who} did the same: {compared} compared")


def _certainty(run: ReportInput) -> str:
    rounds = units.count(run.summary.rounds, "round")
    warm = [comparison for comparison in run.summary.comparisons if comparison.call == "warm"]
    with_interval = [comparison for comparison in warm if comparison.interval is not None]
    if not with_interval:
        needed = max((comparison.needed for comparison in warm), default=0)
        if run.summary.rounds >= needed:
            return rounds
        return f"{rounds}: no confidence interval, which needs {needed} (--cold {needed})"
    ratios = listed([*_ratios(run, with_interval[:_COMPARISONS])])
    level = with_interval[0].interval.level if with_interval[0].interval else 0.0
    more = (
        f"; {len(with_interval) - _COMPARISONS} more: --full"
        if len(with_interval) > _COMPARISONS
        else ""
    )
    return f"{rounds}; {ratios} ({units.level(level)} intervals){more}"


def _ratios(run: ReportInput, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Each interval; what the one before it has said already is not said again."""
    before = ""
    for comparison in comparisons:
        who = find.variant_title(run, comparison.variant)
        how = _how(comparison, find.variant_title(run, comparison.reference))
        where = f" on {find.case_title(run, comparison.case)}" if len(find.cases(run)) > 1 else ""
        where += f" at {comparison.memory_mb:,} MB" if len(find.tiers(run)) > 1 else ""
        figures = _figures(comparison)
        template = f"{who} {how}"
        yield (
            f"{figures}{where}"
            if template == before and figures
            else f"{template.format(figures)}{where}"
        )
        before = template


def _how(comparison: Comparison, reference: str) -> str:
    """Where the figures go there are braces."""
    if comparison.interval is None or comparison.verdict == "no-difference":
        return f"no faster or slower than {reference}"
    if comparison.interval.high <= 1:
        return f"{{}} times faster than {reference}"
    if comparison.interval.low >= 1:
        return f"{{}} times slower than {reference}"
    return f"{{}} of {reference}'s time"


def _figures(comparison: Comparison) -> str:
    if comparison.interval is None or comparison.verdict == "no-difference":
        return ""
    low, high = comparison.interval.low, comparison.interval.high
    ends = (1 / high, 1 / low) if high <= 1 else (low, high)
    return " to ".join(dict.fromkeys(map(units.number, ends)))
