"""Figures that follow from others must be what these give, within the rounding of print."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from lambdameter.audit import derived, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

_PER = 1000
_ORDERED = ("median", "p90", "p95", "p99")
# Sums of these bound the same of the whole; medians and percentiles do not add up.
_ADDITIVE = ("", "mean", "min")
_SUMS = ("", "mean")


def formulas(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A ratio, a sum, a percentage: what the table says that it follows from must give it."""
    known = rows.by_id(table)
    for figure in table.figures:
        if not figure.formula or figure.derived:
            continue
        low, high, value = derived.bounds(figure, known)
        if high < figure.low or low > figure.high:
            yield Finding(
                rule="arithmetic",
                severity="inconsistent",
                lines=(figure.line,),
                stated=figure.shown,
                right=f"{rows.like(figure, value)} = {figure.formula.removeprefix('=').strip()}",
                why="The other figures of the table give another value, even if "
                "each of them was rounded.",
            )


def per_unit(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A time per 1,000 records is the total over the records."""
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
                stated=f"{figure.shown} per {_PER:,} records",
                right=f"{rows.told('time', total.value * _PER / records)} "
                f"= {total.shown} / {records:,} records",
                why="A figure per unit is the total divided by the number of "
                "units. Otherwise the figures are of different runs.",
            )


def parts(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Parts that follow one another do not take longer than the whole that they are of."""
    timed = [figure for figure in table.figures if figure.statistic in _ADDITIVE]
    for group in rows.grouped(timed, lambda one: (*rows.cell(one), one.statistic)).values():
        inner = [one for one in group if one.metric == "part" and not one.derived]
        totals = [one for one in group if one.metric == "total"]
        for whole in (one for one in group if one.metric in ("total", "duration")):
            inside = totals if whole.metric == "duration" and totals else inner
            low = sum((one.low for one in inside), Decimal(0))
            if inside and low > whole.high:
                value = sum((one.value for one in inside), Decimal(0))
                yield Finding(
                    rule="parts",
                    severity="cannot be so",
                    lines=rows.lines((*inside, whole)),
                    stated=f"{whole.shown}, of which {rows.told('time', value)} were "
                    "measured inside",
                    right=f"At least {rows.told('time', low)}",
                    why="A part of a call cannot take longer than the whole call.",
                )


def order(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """The least is not above the mean, nor the mean above the most."""
    stated = [figure for figure in table.figures if figure.statistic]
    groups = rows.grouped(
        stated, lambda one: (*rows.cell(one), *rows.pick(one, "metric", "part", "work"))
    )
    for group in groups.values():
        for one, other in itertools.permutations(group, 2):
            if one.low > other.high and _comes_first(one.statistic, other.statistic):
                yield _out_of_order(one, other)


def _comes_first(one: str, other: str) -> bool:
    """A mean may lie above a percentile, but never beyond the least and the most."""
    if one == other:
        return False
    return one == "min" or other == "max" or (one, other) in itertools.combinations(_ORDERED, 2)


def _out_of_order(one: Figure, other: Figure) -> Finding:
    return Finding(
        rule="order",
        severity="cannot be so",
        lines=rows.lines((one, other)),
        stated=f"{one.statistic} {one.shown}, {other.statistic} {other.shown}",
        right=f"The {one.statistic} cannot exceed the {other.statistic}",
        why="Statistics of the same calls have a fixed order.",
    )


def billed(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Billed Duration is Init Duration + Duration, rounded up to the next millisecond.

    INIT is billed for every runtime since August 2025:
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    timed = [one for one in rows.of(table, "billed", "duration", "init") if one.statistic in _SUMS]
    groups = rows.grouped(timed, lambda one: (*rows.cell(one), one.work))
    for group in groups.values():
        found = {one.metric: one for one in group}
        stated, duration = found.get("billed"), found.get("duration")
        if stated is None or duration is None or stated.system.lower() != "lambda":
            continue
        init = found.get("init")
        if init is None and stated.call == "cold":
            continue
        inside = [duration] if init is None else [init, duration]
        low, high = sum(one.low for one in inside), sum(one.high for one in inside)
        least, most = _whole(stated)
        if low <= most and least <= high + 1:
            continue
        bare = least <= duration.high + 1 and duration.low <= most
        yield Finding(
            rule="billed-duration",
            severity="left out" if bare else "cannot be so",
            lines=rows.lines((*inside, stated)),
            stated=stated.shown,
            right=f"{sum(one.value for one in inside).__ceil__():,} ms "
            f"= {' + '.join(one.shown for one in inside)}, rounded up",
            why="Lambda bills INIT for every runtime since August 2025."
            if bare
            else "Lambda bills INIT and Duration, rounded up to the next millisecond.",
        )


def _whole(figure: Figure) -> tuple[Decimal, Decimal]:
    """Billed Duration of one call is a whole number of milliseconds, which no print rounds."""
    one_call = figure.statistic == "" and figure.n in (None, 1)
    return (figure.value, figure.value) if one_call else (figure.low, figure.high)


def monthly(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """The cost of many runs is that of one, times the runs."""
    costs = list(rows.of(table, "cost"))
    single = {_bill(one): one for one in costs if one.runs in (None, 1)}
    for figure in costs:
        one = single.get(_bill(figure))
        if one is None or figure.runs is None or figure.runs == 1:
            continue
        low, high = one.low * figure.runs, one.high * figure.runs
        if high < figure.low or low > figure.high:
            yield Finding(
                rule="monthly",
                severity="inconsistent",
                lines=rows.lines((one, figure)),
                stated=f"{figure.shown} for {figure.runs:,f} runs",
                right=f"{rows.told('money', one.value * figure.runs)} = "
                f"{figure.runs:,f} runs at {one.shown} each",
                why="The table's own cost of one run gives another total, even if "
                "that cost was rounded.",
            )


def _bill(figure: Figure) -> tuple[object, ...]:
    return (*rows.cell(figure), *rows.pick(figure, "billed_ms", "covers", "work"))
