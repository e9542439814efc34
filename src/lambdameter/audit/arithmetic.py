"""Figures that follow from others must agree with these, within the rounding of print."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from lambdameter.audit import derived, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

_PER = 1000
_ORDERED = ("median", "p90", "p95", "p99")
# Statistics whose sums bound that of the whole; medians and percentiles do not add up.
_ADDITIVE = ("", "mean", "min")
_SUMS = ("", "mean")


def formulas(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A ratio, sum or percentage must agree with the rows of its formula."""
    by_id = rows.by_id(table)
    for figure in table.figures:
        if not figure.formula or figure.derived:
            continue
        low, high, value = derived.bounds(figure, by_id)
        if high < figure.low or low > figure.high:
            yield Finding(
                rule="arithmetic",
                severity="inconsistent",
                lines=(figure.line,),
                stated=figure.printed,
                right=f"{rows.like(figure, value)} = {figure.formula.removeprefix('=').strip()}",
                why="The other figures of the table give another value, even if "
                "each of them was rounded.",
            )


def per_unit(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A time per 1,000 records must be the total / the number of records."""
    totals = {
        (*rows.cell(total), total.statistic): total for total in rows.of(table, "total", "duration")
    }
    for figure in rows.of(table, "per_1000"):
        total = totals.get((*rows.cell(figure), figure.statistic))
        records = figure.records or (total.records if total else None)
        if total is None or records is None:
            continue
        low, high = total.low * _PER / records, total.high * _PER / records
        if high < figure.low or low > figure.high:
            yield Finding(
                rule="per-unit",
                severity="inconsistent",
                lines=rows.lines((figure, total)),
                stated=f"{figure.printed} per {_PER:,} records",
                right=f"{rows.formatted('time', total.value * _PER / records)} "
                f"= {total.printed} / {records:,} records",
                why="A figure per unit is the total divided by the number of "
                "units. Otherwise the figures are of different runs.",
            )


def parts(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Consecutive parts cannot take longer than the whole."""
    timed = [figure for figure in table.figures if figure.statistic in _ADDITIVE]
    for group in rows.grouped(
        timed, lambda figure: (*rows.cell(figure), figure.statistic)
    ).values():
        inner = [figure for figure in group if figure.metric == "part" and not figure.derived]
        totals = [figure for figure in group if figure.metric == "total"]
        for whole in (figure for figure in group if figure.metric in ("total", "duration")):
            inside = totals if whole.metric == "duration" and totals else inner
            low = sum((figure.low for figure in inside), Decimal(0))
            if inside and low > whole.high:
                value = sum((figure.value for figure in inside), Decimal(0))
                yield Finding(
                    rule="parts",
                    severity="cannot be so",
                    lines=rows.lines((*inside, whole)),
                    stated=f"{whole.printed}, of which {rows.formatted('time', value)} were "
                    "measured inside",
                    right=f"At least {rows.formatted('time', low)}",
                    why="A part of a call cannot take longer than the whole call.",
                )


def order(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """The minimum cannot exceed the mean, and the mean cannot exceed the maximum."""
    stated = [figure for figure in table.figures if figure.statistic]
    groups = rows.grouped(
        stated, lambda figure: (*rows.cell(figure), *rows.pick(figure, "metric", "part", "work"))
    )
    for group in groups.values():
        for first, second in itertools.permutations(group, 2):
            if first.low > second.high and _comes_first(first.statistic, second.statistic):
                yield _out_of_order(first, second)


def _comes_first(first: str, second: str) -> bool:
    """Whether one statistic can never exceed another; a mean may exceed a percentile."""
    if first == second:
        return False
    return (
        first == "min" or second == "max" or (first, second) in itertools.combinations(_ORDERED, 2)
    )


def _out_of_order(first: Figure, second: Figure) -> Finding:
    return Finding(
        rule="order",
        severity="cannot be so",
        lines=rows.lines((first, second)),
        stated=f"{first.statistic} {first.printed}, {second.statistic} {second.printed}",
        right=f"The {first.statistic} cannot exceed the {second.statistic}",
        why="Statistics of the same calls have a fixed order.",
    )


def billed(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Billed Duration must be Init Duration + Duration, rounded up to the next millisecond.

    INIT is billed for every runtime since August 2025:
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    timed = [
        figure
        for figure in rows.of(table, "billed", "duration", "init")
        if figure.statistic in _SUMS
    ]
    groups = rows.grouped(timed, lambda figure: (*rows.cell(figure), figure.work))
    for group in groups.values():
        by_metric = {figure.metric: figure for figure in group}
        stated, duration = by_metric.get("billed"), by_metric.get("duration")
        if stated is None or duration is None or stated.system.lower() != "lambda":
            continue
        init = by_metric.get("init")
        if init is None and stated.call == "cold":
            continue
        inside = [duration] if init is None else [init, duration]
        low, high = sum(figure.low for figure in inside), sum(figure.high for figure in inside)
        least, most = _whole(stated)
        if low <= most and least <= high + 1:
            continue
        bare = least <= duration.high + 1 and duration.low <= most
        yield Finding(
            rule="billed-duration",
            severity="left out" if bare else "cannot be so",
            lines=rows.lines((*inside, stated)),
            stated=stated.printed,
            right=f"{sum(figure.value for figure in inside).__ceil__():,} ms "
            f"= {' + '.join(figure.printed for figure in inside)}, rounded up",
            why="Lambda bills INIT for every runtime since August 2025."
            if bare
            else "Lambda bills INIT and Duration, rounded up to the next millisecond.",
        )


def _whole(figure: Figure) -> tuple[Decimal, Decimal]:
    """The interval of a Billed Duration; for one call it is a whole number and never rounded."""
    one_call = figure.statistic == "" and figure.n in (None, 1)
    return (figure.value, figure.value) if one_call else (figure.low, figure.high)


def monthly(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """The cost of many runs must be the cost of one run x the number of runs."""
    costs = list(rows.of(table, "cost"))
    single = {_bill(cost): cost for cost in costs if cost.runs in (None, 1)}
    for figure in costs:
        per_run = single.get(_bill(figure))
        if per_run is None or figure.runs is None or figure.runs == 1:
            continue
        low, high = per_run.low * figure.runs, per_run.high * figure.runs
        if high < figure.low or low > figure.high:
            yield Finding(
                rule="monthly",
                severity="inconsistent",
                lines=rows.lines((per_run, figure)),
                stated=f"{figure.printed} for {figure.runs:,f} runs",
                right=f"{rows.formatted('money', per_run.value * figure.runs)} = "
                f"{figure.runs:,f} runs at {per_run.printed} each",
                why="The table's own cost of one run gives another total, even if "
                "that cost was rounded.",
            )


def _bill(figure: Figure) -> tuple[object, ...]:
    return (*rows.cell(figure), *rows.pick(figure, "billed_ms", "covers", "work"))
