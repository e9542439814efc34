"""How sure one can be of what the tables of a tier say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import find, stopping
from lambdameter.model.base import CALLS, Call
from lambdameter.model.comparison import Comparison, Interval, Percentile
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.look import BAD, QUIET, Label, measured, prose
from lambdameter.words import listed

_WORDS = {"faster": "faster", "slower": "slower", "no-difference": "no difference"}
_OF_COPIES = {"faster": "different", "slower": "different", "no-difference": "no difference"}


def beside(run: ReportInput, memory_mb: int) -> Iterator[str]:
    """What is to be known before the figures."""
    mine = _at(run, memory_mb)
    names = listed(
        [find.variant_title(run, name) for name in dict.fromkeys(o.reference for o in mine)]
    )
    yield f"time and billed duration as a multiple of {names}'s: below 1 is faster and cheaper"
    levels = {one.interval.level for one in mine if one.interval is not None}
    if levels:
        shown = listed([units.level(one) for one in sorted(levels)])
        yield f"{shown} intervals, by bootstrap of rounds"
    short = [one for one in mine if one.interval is not None and one.cost_interval is None]
    if short:
        yield f"billed duration: intervals only from {short[0].needed_for_cost} environments on"
    yield "flagged calls are included; without: the same ratio without them"
    if run.summary.stopping is not None:
        yield stopping.declared(run.summary.stopping)


def sure(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> list[Text]:
    """The section's body; empty for a single round, which has nothing to say."""
    mine = _at(run, memory_mb)
    if run.summary.rounds <= 1 or not mine:
        return []
    return [
        _ratios(run, mine, styles),
        Text(),
        _outliers(run, mine, styles),
        *_noise(run, mine, styles),
        *_warnings(run, mine),
        *_percentiles(run, memory_mb),
    ]


def _ratios(run: ReportInput, mine: Sequence[Comparison], styles: Mapping[str, Style]) -> Text:
    """A row for each comparison; in words where there are too few environments."""
    enough = any(one.interval is not None for one in mine)
    ends = [("", "low"), ("", "high")] if enough else []
    further = [("would\nfind", "%"), ("", "verdict")] if enough else []
    grid = Grid([("", ""), ("time", "x"), *ends, ("billed", "x"), *ends, *further])
    words = _OF_COPIES if run.manifest.copies else _WORDS
    for one in mine:
        title = _title(run, one, styles)
        if one.interval is None:
            figures = f"{units.number(one.ratio)} in time, {units.number(one.cost_ratio)} billed"
            lack = f": not enough environments ({one.environments} of {one.needed}) for intervals"
            grid.words(title, Text(figures).append(lack, QUIET))
            continue
        share = None if one.detectable is None else 100 * one.detectable
        grid.row(
            [
                title,
                *_interval(one.ratio, one.interval),
                *_interval(one.cost_ratio, one.cost_interval),
                measured(units.number(share)),
                measured(
                    words[one.verdict], better=not run.manifest.copies and one.verdict == "faster"
                ),
            ]
        )
    return grid.text()


def _outliers(run: ReportInput, mine: Sequence[Comparison], styles: Mapping[str, Style]) -> Text:
    """Nothing of them is left out of the figures above."""
    heads = [("", ""), ("calls", ""), ("flagged\nTukey", ""), ("\nMAD", ""), ("\nrounds", "")]
    grid = Grid([*heads, ("without\ntime", "x"), ("\nbilled", "x")])
    for one in mine:
        found = one.outliers
        grid.row(
            [
                _title(run, one, styles),
                *(
                    measured(f"{count:,}")
                    for count in (found.calls, found.tukey, found.mad, found.rounds)
                ),
                measured(units.number(found.without)),
                measured(units.number(found.cost_without)),
            ]
        )
    return grid.text()


def _noise(run: ReportInput, mine: Sequence[Comparison], styles: Mapping[str, Style]) -> list[Text]:
    """How far apart identical work was; empty for fewer rounds than show it."""
    grid = Grid(
        [
            ("", ""),
            ("noise of\ncalls", "%"),
            ("\nenvironments", "%"),
            ("\ndrift", "%"),
            ("\ntrend", ""),
        ]
    )
    known = [(one, one.noise) for one in mine if one.noise is not None]
    for one, noise in known:
        within = noise.within_log_sd
        figures = (
            None if within is None else 100 * within,
            100 * noise.between_log_sd,
            100 * (noise.drift - 1),
            noise.coefficient,
        )
        cells = (measured(units.NOTHING if x is None else f"{x:.1f}") for x in figures)
        grid.row([_title(run, one, styles), *cells])
    return [Text(), grid.text()] if known else []


def _title(run: ReportInput, one: Comparison, styles: Mapping[str, Style]) -> Label:
    title = labels.label(run, one.case, one.variant, styles.get(one.variant, ""))
    return title.followed_by(f" {one.call}")


def _at(run: ReportInput, memory_mb: int) -> list[Comparison]:
    return [one for one in run.summary.comparisons if one.memory_mb == memory_mb]


def _interval(ratio: float, one: Interval | None) -> list[Text]:
    ends = (None, None) if one is None else (one.low, one.high)
    return [measured(units.number(figure)) for figure in (ratio, *ends)]


def _name(run: ReportInput, case: str, variant: str, call: Call) -> str:
    return f"{find.case_title(run, case)} {find.variant_title(run, variant)} {call}"


def _warnings(run: ReportInput, mine: Sequence[Comparison]) -> Iterator[Text]:
    for one in mine:
        if one.noise is not None and one.noise.warning is not None:
            name = _name(run, one.case, one.variant, one.call)
            told = f"Noise: {name}: {one.noise.warning}. Next: {one.noise.next_step}."
            yield Text(prose(told), style=BAD)


def _percentiles(run: ReportInput, memory_mb: int) -> Iterator[Text]:
    """A line for each cell and call that has one, and what the others lack."""
    short: dict[str, None] = {}
    for cell in run.summary.cells:
        if cell.memory_mb != memory_mb:
            continue
        for call, found in _told(cell):
            enough = [one for one in found if one.value_ms is not None]
            if enough:
                name = _name(run, cell.case, cell.variant, call)
                yield Text(prose(f"{name}: {listed([_percentile(one) for one in enough])}."))
            lack = [one for one in found if one.value_ms is None]
            if lack:
                short[_lack(lack)] = None
    yield from (Text(prose(told), style=QUIET) for told in short)


def _told(cell: CellSummary) -> Iterator[tuple[Call, tuple[Percentile, ...]]]:
    for call in CALLS:
        summary = cell.cold if call == "cold" else cell.warm
        if summary is not None and summary.percentiles:
            yield call, summary.percentiles


def _percentile(one: Percentile) -> str:
    ends = f"{units.time(one.low_ms)} to {units.time(one.high_ms)}"
    return f"p{100 * one.share:.0f} {units.time(one.value_ms)} ({ends})"


def _lack(lack: Sequence[Percentile]) -> str:
    names = listed([f"p{100 * one.share:.0f}" for one in lack])
    needed = listed([str(one.needed) for one in lack])
    return f"{names}: not enough samples ({lack[0].environments} of {needed} environments)."
