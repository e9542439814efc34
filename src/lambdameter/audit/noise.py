"""Whether there are enough calls behind a comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from lambdameter import units
from lambdameter.audit import formula, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

# The range of n calls holds the true median with probability 1 - 2^(1-n): with six calls for the
# first time more than 95 % (Conover, Practical Nonparametric Statistics, section 3.2).
LEAST_CALLS = 6
# Differences of identical work below this share are ignored.
_WORTH = Decimal("0.05")
# Two standard errors.
_SIGMAS = 2

# The measured metrics: Billed Duration and times per record follow from these.
_MEASURED = ("duration", "init", "total", "part")
_ENDS = ("min", "max")
_WORK = ("metric", "part", "statistic")
_WHERE = ("system", "call", "memory_mb", "architecture", "region")


def samples(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Compared times need several calls and a measure of spread."""
    compared = _compared(table)
    few = [figure for figure in compared if (figure.n or 0) < LEAST_CALLS]
    if few:
        counts = rows.grouped(few, lambda figure: figure.n)
        texts = (
            ("n not stated" if n is None else f"n = {n}") + f" ({units.lines(rows.lines(figures))})"
            for n, figures in counts.items()
        )
        yield Finding(
            rule="few-calls",
            severity="too few samples",
            lines=rows.lines(few),
            stated=", ".join(texts),
            right=f"At least {LEAST_CALLS} calls for each figure that is compared",
            why="With fewer calls, even the range of all calls may miss the true "
            "median, so nobody can tell whether the difference would appear "
            "again.",
        )
    ends = rows.grouped(
        (figure for figure in table.figures if figure.statistic in _ENDS), _distribution
    )
    bare = [
        figure
        for figure in compared
        if figure.n != 1
        and figure.spread is None
        and len({end.statistic for end in ends.get(_distribution(figure), ())}) < len(_ENDS)
    ]
    if bare:
        yield Finding(
            rule="no-spread",
            severity="too few samples",
            lines=rows.lines(bare),
            stated="No measure of spread",
            right="The standard deviation, or the minimum and maximum, of each figure",
            why="Without a measure of spread nobody can tell a difference from noise.",
        )


def repeats(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Identical work with different times shows the noise, which is compared with the effect."""
    timed = [figure for figure in table.figures if figure.dimension == "time" and figure.value > 0]
    labelled = [figure for figure in timed if figure.work and figure.statistic in rows.TYPICAL]
    rerun = [
        figure
        for figure in timed
        if not figure.work and figure.run and figure.statistic in rows.TYPICAL
    ]
    works: Sequence[tuple[list[Figure], Callable[[Figure], tuple[object, ...]]]] = (
        (labelled, lambda figure: rows.pick(figure, "work", *_WORK, *_WHERE)),
        (rerun, lambda figure: rows.pick(figure, "case", *_WORK, *_WHERE)),
    )
    for figures, work in works:
        for same in rows.grouped(figures, work).values():
            yield from _repeated(same)


def _repeated(same: Sequence[Figure]) -> Iterator[Finding]:
    variants = rows.grouped(same, lambda figure: figure.variant)
    effect = _effect(list(variants.values()))
    for variant, group in variants.items():
        least, most = min(figure.value for figure in group), max(figure.value for figure in group)
        noise = most / least
        if len(group) < 2 or noise - 1 < _WORTH:  # noqa: PLR2004 - a pair
            continue
        title = group[0].work or rows.name(group[0])
        times = " and ".join(figure.printed for figure in group)
        share = math.log(noise) / math.log(effect) if effect and effect > 1 else None
        against = (
            f"The variants differ by a factor of {units.number(effect)}: this "
            f"noise is {share:.0%} of that difference (in logarithms)."
            if share
            else "A difference of this size between two variants would be noise."
        )
        yield Finding(
            rule="repeats",
            severity="too few samples",
            lines=rows.lines(group),
            stated=f"{variant}, {title}: {times}, {noise - 1:.0%} apart",
            right="The same time for each, apart from noise",
            why=f"All of them do the same work. {against}",
        )


def _effect(groups: Sequence[Sequence[Figure]]) -> Decimal | None:
    """Typical time of the slowest variant / that of the fastest; None for a single variant."""
    if len(groups) < 2:  # noqa: PLR2004 - one variant has nothing to differ from
        return None
    typical = [
        Decimal(math.exp(sum(math.log(figure.value) for figure in group) / len(group)))
        for group in groups
    ]
    return max(typical) / min(typical)


def within_noise(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A claimed ratio of two figures must exceed their standard errors."""
    by_id = rows.by_id(table)
    for figure in table.figures:
        if figure.dimension != "ratio" or not figure.formula:
            continue
        pair = [by_id[name] for name in formula.parse(figure.formula).names]
        errors = [
            figure.spread**2 / figure.n
            for figure in pair
            if figure.dimension == "time" and figure.spread is not None and figure.n
        ]
        if len(pair) != 2 or len(errors) != 2:  # noqa: PLR2004 - a pair
            continue
        apart, error = abs(pair[0].value - pair[1].value), sum(errors, Decimal(0)).sqrt()
        if apart < _SIGMAS * error:
            yield Finding(
                rule="within-noise",
                severity="too few samples",
                lines=rows.lines((figure, *pair)),
                stated=f"{figure.printed}, from {pair[0].printed} and {pair[1].printed}",
                right=f"{rows.formatted('time', apart)} difference, with a standard error "
                f"of {rows.formatted('time', error)}",
                why="Two equal functions could differ by as much.",
            )


def _compared(table: PublishedTable) -> list[Figure]:
    """Measured times that are compared with another variant or memory size, or in a formula."""
    timed = [
        figure
        for figure in table.figures
        if figure.metric in _MEASURED and not figure.derived and figure.statistic in rows.TYPICAL
    ]
    used = {
        name
        for figure in table.figures
        if figure.formula
        for name in formula.parse(figure.formula).names
    }
    groups = rows.grouped(timed, lambda figure: rows.pick(figure, "case", "call", *_WORK))
    beside = {figure.line for group in groups.values() if _differ(group) for figure in group}
    return [figure for figure in timed if figure.line in beside or figure.id in used]


def _differ(group: Iterable[Figure]) -> bool:
    return len({rows.pick(figure, "variant", "memory_mb") for figure in group}) > 1


def _distribution(figure: Figure) -> tuple[object, ...]:
    """Key of rows with statistics of the same calls."""
    return (*rows.cell(figure), *rows.pick(figure, "metric", "part", "work"))
