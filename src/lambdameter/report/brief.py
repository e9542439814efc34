"""The short report: the verdict, one table, certainty, and the most important caveat.

It fits on a screen of 60 columns; the full report is in terminal.py.
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
from lambdameter.analysis import caveats
from lambdameter.analysis.decision import decide
from lambdameter.analysis.run import Run
from lambdameter.model.base import CellKey
from lambdameter.model.bill import CellBill
from lambdameter.model.comparison import Comparison
from lambdameter.model.summary import CellSummary
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.style import ALARM, BETTER, HEAD, QUIET, variant_styles
from lambdameter.stats import median
from lambdameter.words import listed

_MS_PER_S = 1_000
_MONEY = ("Compute,\na million", "Whole bill,\na million")
# The full report has the others.
_COMPARISONS = 2


class _Row(NamedTuple):
    """The figures of one cell; None where a figure is missing."""

    cold_ms: float | None
    warm_ms: float | None
    bounds: median.Bounds | None
    compute_usd: Decimal | None
    bill_usd: Decimal | None
    memory_mb: int | None


def brief(run: Run) -> RenderableType:
    """The verdict, one table, and a line each on equality, certainty, caveat and run folder."""
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
    caveat = caveats.most_important(run)
    if caveat:
        parts.append(_labelled("Mind", caveat))
    parts.append(_labelled("Run folder", f"{run.folder} (all of it: --full)"))
    return Group(*parts)


def _verdicts(run: Run) -> Iterator[Text]:
    """Each verdict once, and the reasons of those that decide nothing."""
    decisions = decide(run)
    for verdict in dict.fromkeys(decision.verdict for decision in decisions):
        yield Text(verdict, style=HEAD)
    for decision in decisions:
        if decision.action == "cannot-tell" and decision.evidence:
            yield Text(" ".join(decision.evidence))


def _labelled(label: str, text: str) -> Text:
    return Text.assemble((f"{label}: ", QUIET), text)


def _table(run: Run) -> Table:
    several = len(run.cases) > 1
    styles = variant_styles(run.manifest.workload.variants)
    rows = _rows(run)
    warm = "Warm\n(95 % interval)" if any(row.bounds for row in rows.values()) else "Warm\nmedian"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style=QUIET)
    table.add_column("\nVariant", overflow="fold")
    for title in ("\nMB", "Cold\nstart", warm, *_MONEY, "Max\nMB"):
        table.add_column(title, justify="right")
    for case in run.cases:
        if several:
            table.add_row(Text(run.case_title(case), style=QUIET))
        for memory_mb in sorted(run.memory_sizes):
            cells = run.cells(memory_mb, case)
            rivals = [rows[cell.key] for cell in cells]
            for cell in cells:
                table.add_row(*_cells(run, cell, rows[cell.key], rivals, styles))
    return table


def _rows(run: Run) -> dict[CellKey, _Row]:
    rows = {}
    for cell in run.summary.cells:
        warm, cold, bill = cell.warm, cell.cold, run.bill_of(cell)
        start_ms = None
        if cold is not None and cold.duration_ms is not None:
            start_ms = cold.duration_ms + (cold.init_ms or 0.0)
        medians = [statistics.median(calls) for calls in run.warm_durations_ms(cell.key)]
        measured = warm is not None and warm.duration_ms is not None
        rows[cell.key] = _Row(
            cold_ms=start_ms,
            warm_ms=warm.duration_ms if warm else None,
            bounds=median.bounds(medians) if measured else None,
            compute_usd=_compute(bill) if bill else None,
            bill_usd=bill.run_usd if bill else None,
            memory_mb=(warm and warm.max_memory_mb) or (cold and cold.max_memory_mb) or None,
        )
    return rows


def _compute(bill: CellBill) -> Decimal:
    """Lambda's own part of the bill of a call."""
    return sum((line.usd for line in bill.lines if line.service == "lambda"), Decimal(0))


def _cells(
    run: Run,
    cell: CellSummary,
    row: _Row,
    rivals: list[_Row],
    styles: Mapping[str, Style],
) -> Iterator[Text]:
    yield Text(run.variant_title(cell.variant), style=styles.get(cell.variant, ""))
    yield Text(f"{cell.memory_mb:,}")

    def figure(name: str, text: str) -> Text:
        values = [value for rival in rivals if (value := getattr(rival, name)) is not None]
        mine = getattr(row, name)
        best = mine is not None and mine == min(values) and len(set(values)) > 1
        return Text(text, style=BETTER if best else "")

    yield figure("cold_ms", units.time(row.cold_ms))
    yield figure("warm_ms", _with_bounds(row.warm_ms, row.bounds))
    yield figure("compute_usd", units.usd_per_million(row.compute_usd))
    yield figure("bill_usd", units.usd_per_million(row.bill_usd))
    yield figure("memory_mb", f"{row.memory_mb:,}" if row.memory_mb else units.NOTHING)


def _with_bounds(value_ms: float | None, bounds: median.Bounds | None) -> str:
    if value_ms is None or bounds is None:
        return units.time(value_ms)
    divisor = 1 if value_ms < _MS_PER_S else _MS_PER_S
    low, high = (units.number(end / divisor) for end in bounds)
    return f"{units.time(value_ms)} ({low}-{high})"


def _equality(run: Run) -> Iterator[RenderableType]:
    """One line where all is equal, otherwise every case with its first differences."""
    verdicts = run.summary.equality
    if not run.summary.equal or any(verdict.died for verdict in verdicts) or not verdicts:
        yield Text("Equality", style=HEAD)
        yield equality(run)
        return
    if run.manifest.workload.table is not None:
        compared = units.count(sum(verdict.records_compared for verdict in verdicts), "record")
    else:
        compared = units.count(sum(sample.equality is not None for sample in run.samples), "answer")
    who = listed([run.variant_title(name) for name in verdicts[0].proven])
    yield _labelled("Equality", f"{who} did the same: {compared} compared")


def _certainty(run: Run) -> str:
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


def _ratios(run: Run, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Each interval in words; what the previous interval already said is not repeated."""
    before = ""
    for comparison in comparisons:
        who = run.variant_title(comparison.variant)
        how = _how(comparison, run.variant_title(comparison.reference))
        where = f" on {run.case_title(comparison.case)}" if len(run.cases) > 1 else ""
        where += f" at {comparison.memory_mb:,} MB" if len(run.memory_sizes) > 1 else ""
        figures = _figures(comparison)
        template = f"{who} {how}"
        yield (
            f"{figures}{where}"
            if template == before and figures
            else f"{template.format(figures)}{where}"
        )
        before = template


def _how(comparison: Comparison, reference: str) -> str:
    """The comparison in words, with braces in place of the figures."""
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
