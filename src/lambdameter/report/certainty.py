"""The section on confidence intervals of one memory size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis import stopping
from lambdameter.analysis.caveat import Caveat
from lambdameter.analysis.run import Run
from lambdameter.model.base import CALLS, Call
from lambdameter.model.comparison import Comparison, Interval, Percentile
from lambdameter.model.summary import CellSummary
from lambdameter.report import labels
from lambdameter.report.grid import Grid
from lambdameter.report.style import BAD, QUIET, Label, measured, prose
from lambdameter.words import listed

_WORDS = {"faster": "faster", "slower": "slower", "no-difference": "no difference"}
_OF_COPIES = {"faster": "different", "slower": "different", "no-difference": "no difference"}


def caveats(run: Run, memory_mb: int) -> Iterator[str]:
    """Beside the tables."""
    comparisons = run.comparisons(memory_mb)
    references = dict.fromkeys(comparison.reference for comparison in comparisons)
    yield Caveat.MULTIPLES.format(names=listed([run.variant_title(name) for name in references]))
    with_interval = [comparison for comparison in comparisons if comparison.interval is not None]
    levels = {comparison.interval.level for comparison in with_interval if comparison.interval}
    if levels:
        yield Caveat.BOOTSTRAP.format(levels=listed([units.level(it) for it in sorted(levels)]))
    short = [comparison for comparison in with_interval if comparison.cost_interval is None]
    if short:
        yield Caveat.BILLED_FROM.format(needed=short[0].needed_for_cost)
    yield Caveat.WITHOUT
    if run.summary.stopping is not None:
        yield stopping.declared(run.summary.stopping)


def tables(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> list[Text]:
    """Ratios, outliers, noise and percentiles; empty for a run of one round."""
    comparisons = run.comparisons(memory_mb)
    if run.summary.rounds <= 1 or not comparisons:
        return []
    return [
        _ratios(run, comparisons, styles),
        Text(),
        _outliers(run, comparisons, styles),
        *_noise(run, comparisons, styles),
        *_warnings(run, comparisons),
        *_percentiles(run, memory_mb),
    ]


def _ratios(run: Run, comparisons: Sequence[Comparison], styles: Mapping[str, Style]) -> Text:
    """A row for each comparison; in words where there are too few environments."""
    enough = any(comparison.interval is not None for comparison in comparisons)
    ends = [("", "low"), ("", "high")] if enough else []
    further = [("would\nfind", "%"), ("", "verdict")] if enough else []
    grid = Grid([("", ""), ("time", "x"), *ends, ("billed", "x"), *ends, *further])
    words = _OF_COPIES if run.manifest.copies else _WORDS
    for comparison in comparisons:
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


def _outliers(run: Run, comparisons: Sequence[Comparison], styles: Mapping[str, Style]) -> Text:
    """How many calls and rounds are flagged, and the ratios without these."""
    heads = [("", ""), ("calls", ""), ("flagged\nTukey", ""), ("\nMAD", ""), ("\nrounds", "")]
    grid = Grid([*heads, ("without\ntime", "x"), ("\nbilled", "x")])
    for comparison in comparisons:
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


def _noise(run: Run, comparisons: Sequence[Comparison], styles: Mapping[str, Style]) -> list[Text]:
    """How much calls that do the same work differ; empty for fewer than three rounds."""
    grid = Grid(
        [
            ("", ""),
            ("noise of\ncalls", "%"),
            ("\nenvironments", "%"),
            ("\ndrift", "%"),
            ("\ntrend", ""),
        ]
    )
    noisy = [
        (comparison, comparison.noise) for comparison in comparisons if comparison.noise is not None
    ]
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


def _title(run: Run, comparison: Comparison, styles: Mapping[str, Style]) -> Label:
    title = labels.label(run, comparison, styles)
    return title.followed_by(f" {comparison.call}")


def _interval(ratio: float, interval: Interval | None) -> list[Text]:
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return [measured(units.number(figure)) for figure in (ratio, *ends)]


def _name(run: Run, case: str, variant: str, call: Call) -> str:
    return f"{run.case_title(case)} {run.variant_title(variant)} {call}"


def _warnings(run: Run, comparisons: Sequence[Comparison]) -> Iterator[Text]:
    for comparison in comparisons:
        if comparison.noise is not None and comparison.noise.warning is not None:
            name = _name(run, comparison.case, comparison.variant, comparison.call)
            warning = (
                f"Noise: {name}: {comparison.noise.warning}. Next: {comparison.noise.next_step}."
            )
            yield Text(prose(warning), style=BAD)


def _percentiles(run: Run, memory_mb: int) -> Iterator[Text]:
    """A line for each cell and call with percentiles, then what the other percentiles lack."""
    short: dict[str, None] = {}
    for cell in run.cells(memory_mb):
        for call, percentiles in _percentiles_by_call(cell):
            enough = [percentile for percentile in percentiles if percentile.value_ms is not None]
            if enough:
                name = _name(run, cell.case, cell.variant, call)
                yield Text(prose(f"{name}: {listed(list(map(_percentile, enough)))}."))
            lack = [percentile for percentile in percentiles if percentile.value_ms is None]
            if lack:
                short[_lack(lack)] = None
    yield from (Text(prose(sentence), style=QUIET) for sentence in short)


def _percentiles_by_call(cell: CellSummary) -> Iterator[tuple[Call, tuple[Percentile, ...]]]:
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
