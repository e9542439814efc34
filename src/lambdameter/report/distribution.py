"""Every call as a dot: a dot histogram for each cell, all on one axis. Pure.

A Braille character holds two dots across and four dots up, so a strip of 60 characters has 120
bins: https://www.unicode.org/charts/PDF/U2800.pdf
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.summary import CellSummary
from lambdameter.report import labels
from lambdameter.report.style import QUIET, WIDTH
from lambdameter.stats.summary import failure

_BRAILLE = 0x2800
# Bits of a character's dots: left and right column, each from the bottom up.
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
_ACROSS, _UP = 2, 4
_MOST_LINES = 3
# From this ratio of the longest to the shortest on, most dots of a linear axis would collide.
_LOG_FROM = 8
_MEDIAN, _OUTLIER = "▲", "✗"
# Width of the text to the right of a strip: number of calls and of outliers.
_BESIDE = 16
_LONGEST_LABEL = 44
_LONGEST_TICK = 9


class Strip(NamedTuple):
    """The calls of one cell.

    Attributes:
        values: ms, above 0.
        flags: for each value, whether it is an outlier.
    """

    label: Text
    style: Style
    values: Sequence[float]
    flags: Sequence[bool]


class Axis(NamedTuple):
    """An axis from `low` to `high`, linear or logarithmic."""

    low: float
    high: float
    is_log: bool

    def position(self, value: float, places: int) -> int:
        """The place of a value, from 0 to places - 1."""
        low, high, here = (
            (math.log(point) for point in (self.low, self.high, value))
            if self.is_log
            else (self.low, self.high, value)
        )
        if high <= low:
            return places // 2
        share = (here - low) / (high - low)
        return min(places - 1, max(0, int(share * places)))


def distribution(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> Text | None:
    """The Durations of the warm calls at one memory size; None where no cell has several."""
    strips = [
        strip
        for cell in run.cells(memory_mb)
        if run.is_equal(cell.case) and (strip := _strip(run, cell, styles)).values
    ]
    return draw(strips) if any(len(strip.values) > 1 for strip in strips) else None


def axis(strips: Sequence[Strip]) -> Axis:
    """One axis for all strips, from the least value to the most."""
    values = [value for strip in strips for value in strip.values]
    low, high = min(values), max(values)
    return Axis(low=low, high=high, is_log=low > 0 and high / low >= _LOG_FROM)


def draw(strips: Sequence[Strip], width: int = WIDTH) -> Text:
    """Strips, their axis and a legend; no line is wider than `width`."""
    common = axis(strips)
    margin = min(_LONGEST_LABEL, max(strip.label.cell_len for strip in strips)) + 1
    cells = width - margin - _BESIDE
    most = max(max(_bins(strip.values, common, cells)) for strip in strips)
    per_dot = math.ceil(most / (_MOST_LINES * _UP))
    lines: list[Text] = []
    for strip in strips:
        *dots, last = _dots(_bins(strip.values, common, cells), per_dot)
        lines += [Text(f"{'':{margin}}{row}".rstrip(), strip.style) for row in dots]
        label = strip.label.copy()
        label.truncate(margin - 1, overflow="ellipsis", pad=True)
        lines.append(label.append(f" {last}", strip.style).append(_calls(strip), QUIET))
        lines.append(Text(f"{'':{margin}}{_marks(strip, common, cells)}", strip.style))
    lines += [Text(f"{'':{margin}}{line}", QUIET) for line in _scale(common, cells)]
    return Text("\n").join([*lines, _legend(strips, common, per_dot)])


def _strip(run: Run, cell: CellSummary, styles: Mapping[str, Style]) -> Strip:
    calls = [
        (sample.report.duration_ms, sample.trial.index in run.outliers)
        for sample in run.calls(cell.key, "warm")
        if sample.report is not None and failure(sample) is None
    ]
    return Strip(
        label=labels.label(run, cell, styles).text(),
        style=styles.get(cell.variant, Style()),
        values=[value for value, _ in calls],
        flags=[flag for _, flag in calls],
    )


def _bins(values: Sequence[float], common: Axis, cells: int) -> list[int]:
    counts = [0] * (cells * _ACROSS)
    for value in values:
        counts[common.position(value, len(counts))] += 1
    return counts


def _dots(counts: Sequence[int], per_dot: int) -> list[str]:
    """Lines of dots, from the top down; every call has a dot."""
    heights = [math.ceil(count / per_dot) for count in counts]
    floors = range(0, max(heights), _UP)
    return [_row(heights, floor) for floor in reversed(floors)]


def _row(heights: Sequence[int], floor: int) -> str:
    drawn = []
    for first in range(0, len(heights), _ACROSS):
        dots = 0
        for column, bits in enumerate(_DOTS):
            up = min(_UP, max(0, heights[first + column] - floor))
            dots |= sum(bits[:up])
        drawn.append(chr(_BRAILLE + dots) if dots else " ")
    return "".join(drawn)


def _calls(strip: Strip) -> str:
    calls, outliers = len(strip.values), sum(strip.flags)
    return f" {calls:,}, {outliers:,} {_OUTLIER}" if outliers else f" {calls:,}"


def _marks(strip: Strip, common: Axis, cells: int) -> str:
    """A line with the median and the outliers."""
    marks = [" "] * cells
    marks[common.position(statistics.median(strip.values), cells)] = _MEDIAN
    for value, flag in zip(strip.values, strip.flags, strict=True):
        if flag:
            marks[common.position(value, cells)] = _OUTLIER
    return "".join(marks).rstrip()


def _scale(common: Axis, cells: int) -> tuple[str, str]:
    """The axis: a line with ticks at round values, and these values under it."""
    line, figures = ["─"] * cells, [" "] * (cells + _LONGEST_TICK)
    free = 0
    for tick in ticks(common):
        place = common.position(tick, cells)
        line[place] = "┴"
        label = units.ms(tick)
        start = max(0, place - len(label) // 2)
        if start >= free:
            figures[start : start + len(label)] = label
            free = start + len(label) + 1
    return "".join(line), f"{''.join(figures).rstrip()} ms"


def ticks(common: Axis) -> list[float]:
    """Round values inside an axis: 1, 2 and 5 times a power of ten, five or more where they fit."""
    if common.high <= common.low:
        return [common.low]
    if common.is_log:
        first = math.floor(math.log10(common.low))
        last = math.ceil(math.log10(common.high))
        candidates = [step * 10.0**power for power in range(first, last + 1) for step in (1, 2, 5)]
    else:
        step = _round_step((common.high - common.low) / 5)
        first = math.ceil(common.low / step)
        candidates = [index * step for index in range(first, math.floor(common.high / step) + 1)]
    return [value for value in candidates if common.low <= value <= common.high]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [power, 2 * power, 5 * power, 10 * power]
    return next((low for low, high in pairwise(steps) if rough < high), steps[-1])


def _legend(strips: Sequence[Strip], common: Axis, per_dot: int) -> Text:
    legend = "a dot is a call" if per_dot == 1 else f"a dot is up to {per_dot} calls"
    legend += f"  {_MEDIAN} median"
    if any(any(strip.flags) for strip in strips):
        legend += f"  {_OUTLIER} outlier, included in every figure"
    return Text(f"{legend}  {'logarithmic' if common.is_log else 'linear'} axis", QUIET)
