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
    levels = {comparison.interval.level for comparison in mine if comparison.interval is not None}
    if levels:
        levels_text = listed([units.level(level) for level in sorted(levels)])
        yield f"{levels_text} intervals, by bootstrap of rounds"
    short = [
        comparison
        for comparison in mine
        if comparison.interval is not None and comparison.cost_interval is None
    ]
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
    enough = any(comparison.interval is not None for comparison in mine)
    ends = [("", "low"), ("", "high")] if enough else []
    further = [("would\nfind", "%"), ("", "verdict")] if enough else []
    grid = Grid([("", ""), ("time", "x"), *ends, ("billed", "x"), *ends, *further])
    words = _OF_COPIES if run.manifest.copies else _WORDS
    for comparison in mine:
        title = _title(run, comparison, styles)
        if comparison.interval is None:
            billed = units.number(comparison.cost_ratio)
            figures = f"{units.number(comparison.ratio)} in time, {billed} billed"
            count = f"{comparison.environments} of {comparison.needed}"
            lack = f": not enough environments ({count}) for intervals"
            grid.words(title, Text(figures).append(lack, QUIET))
            continue
        share = None if comparison.detectable is None else 100 * comparison.detectable
        grid.row(
            [
                title,
                *_interval(comparison.ratio, comparison.interval),
                *_interval(comparison.cost_ratio, comparison.cost_interval),
                measured(units.number(share)),
                measured(
                    words[comparison.verdict],
                    better=not run.manifest.copies and comparison.verdict == "faster",
                ),
            ]
        )
    return grid.text()


def _outliers(run: ReportInput, mine: Sequence[Comparison], styles: Mapping[str, Style]) -> Text:
    """Nothing of them is left out of the figures above."""
    heads = [("", ""), ("calls", ""), ("flagged\nTukey", ""), ("\nMAD", ""), ("\nrounds", "")]
    grid = Grid([*heads, ("without\ntime", "x"), ("\nbilled", "x")])
    for comparison in mine:
        outliers = comparison.outliers
        grid.row(
            [
                _title(run, comparison, styles),
                *(
                    measured(f"{count:,}")
                    for count in (outliers.calls, outliers.tukey, outliers.mad, outliers.rounds)
                ),
                measured(units.number(outliers.without)),
                measured(units.number(outliers.cost_without)),
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
    noisy = [(comparison, comparison.noise) for comparison in mine if comparison.noise is not None]
    for comparison, noise in noisy:
        within = noise.within_log_sd
        figures = (
            None if within is None else 100 * within,
            100 * noise.between_log_sd,
            100 * (noise.drift - 1),
            noise.coefficient,
        )
        cells = (measured(units.NOTHING if x is None else f"{x:.1f}") for x in figures)
        grid.row([_title(run, comparison, styles), *cells])
    return [Text(), grid.text()] if noisy else []


def _title(run: ReportInput, comparison: Comparison, styles: Mapping[str, Style]) -> Label:
    title = labels.label(
        run, comparison.case, comparison.variant, styles.get(comparison.variant, "")
    )
    return title.followed_by(f" {comparison.call}")


def _at(run: ReportInput, memory_mb: int) -> list[Comparison]:
    return [
        comparison for comparison in run.summary.comparisons if comparison.memory_mb == memory_mb
    ]


def _interval(ratio: float, interval: Interval | None) -> list[Text]:
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return [measured(units.number(figure)) for figure in (ratio, *ends)]


def _name(run: ReportInput, case: str, variant: str, call: Call) -> str:
    return f"{find.case_title(run, case)} {find.variant_title(run, variant)} {call}"


def _warnings(run: ReportInput, mine: Sequence[Comparison]) -> Iterator[Text]:
    for comparison in mine:
        if comparison.noise is not None and comparison.noise.warning is not None:
            name = _name(run, comparison.case, comparison.variant, comparison.call)
            warning = (
                f"Noise: {name}: {comparison.noise.warning}. Next: {comparison.noise.next_step}."
            )
            yield Text(prose(warning), style=BAD)


def _percentiles(run: ReportInput, memory_mb: int) -> Iterator[Text]:
    """A line for each cell and call that has one, and what the others lack."""
    short: dict[str, None] = {}
    for cell in run.summary.cells:
        if cell.memory_mb != memory_mb:
            continue
        for call, percentiles in _told(cell):
            enough = [percentile for percentile in percentiles if percentile.value_ms is not None]
            if enough:
                name = _name(run, cell.case, cell.variant, call)
                yield Text(
                    prose(f"{name}: {listed([_percentile(percentile) for percentile in enough])}.")
                )
            lack = [percentile for percentile in percentiles if percentile.value_ms is None]
            if lack:
                short[_lack(lack)] = None
    yield from (Text(prose(sentence), style=QUIET) for sentence in short)


def _told(cell: CellSummary) -> Iterator[tuple[Call, tuple[Percentile, ...]]]:
    for call in CALLS:
        summary = cell.cold if call == "cold" else cell.warm
        if summary is not None and summary.percentiles:
            yield call, summary.percentiles


def _percentile(percentile: Percentile) -> str:
    ends = f"{units.time(percentile.low_ms)} to {units.time(percentile.high_ms)}"
    return f"p{100 * percentile.share:.0f} {units.time(percentile.value_ms)} ({ends})"


def _lack(lack: Sequence[Percentile]) -> str:
    names = listed([f"p{100 * percentile.share:.0f}" for percentile in lack])
    needed = listed([str(percentile.needed) for percentile in lack])
    return f"{names}: not enough samples ({lack[0].environments} of {needed} environments)."
