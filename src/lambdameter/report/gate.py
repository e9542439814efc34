"""HEAD compared with BASE, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from lambdameter import units
from lambdameter.model.gate import CellRatios, GateInterval, GateReport, Ratio
from lambdameter.report import gate_words
from lambdameter.report.grid import Grid
from lambdameter.report.style import BAD, HEAD, measured, prose
from lambdameter.report.terminal import section

_HEADS = (
    ("", ""),
    ("Duration\nBASE", "ms"),
    ("\nHEAD", "ms"),
    ("\nratio", "x"),
    ("95 %\nfrom", "x"),
    ("\nto", "x"),
    ("billed\nratio", "x"),
    ("whole bill\nratio", "x"),
    ("Max Memory\nratio", "x"),
)


def gate(report: GateReport, styles: Mapping[str, Style]) -> RenderableType:
    """The whole report, in reading order."""
    parts: list[RenderableType] = [Text(prose(gate_words.decision(report)), style=HEAD)]
    parts += [
        Text(prose(sentence, label="  ", indent=2)) for sentence in gate_words.evidence(report)
    ]
    parts.append(Text())
    parts += section("What differs between the runs", (), [_differences(report)])
    for memory_mb in dict.fromkeys(cell.memory_mb for cell in report.cells):
        cells = [cell for cell in report.cells if cell.memory_mb == memory_mb]
        title = f"Warm calls at {memory_mb:,} MB"
        parts += section(title, gate_words.caveats(report), [_cells(report, cells, styles)])
    if report.packages:
        parts += section("Packages, zipped", (), [_packages(report, styles)])
    for name, run in (("BASE", report.base), ("HEAD", report.head)):
        parts.append(Text(prose(run.folder, label=name, indent=6)))
    return Group(*parts)


def _differences(report: GateReport) -> Text:
    if not report.differences:
        return Text("Only the code.")
    lines = [prose(gate_words.difference(difference)) for difference in report.differences]
    return Text("\n".join(lines))


def _cells(report: GateReport, cells: Iterable[CellRatios], styles: Mapping[str, Style]) -> Text:
    grid = Grid(_HEADS)
    widest = max((len(title) for title in report.case_titles.values()), default=0)
    for cell in cells:
        title = Text(f"{report.case_titles.get(cell.case, cell.case):<{widest}} ")
        title.append(gate_words.name(report, cell.variant), styles.get(cell.variant, ""))
        duration = cell.duration_ms
        if cell.lack is not None or duration is None:
            grid.words(title, Text(gate_words.LACKS[cell.lack] if cell.lack else "", style=BAD))
            continue
        ends = duration.interval if isinstance(duration.interval, GateInterval) else None
        grid.row(
            [
                title,
                measured(units.ms(duration.base)),
                measured(units.ms(duration.head)),
                measured(units.number(duration.ratio), better=True),
                measured(units.number(ends.low if ends else None)),
                measured(units.number(ends.high if ends else None)),
                measured(_ratio(cell.billed_ms)),
                measured(units.number(cell.bill.ratio if cell.bill else None)),
                measured(_ratio(cell.max_memory_mb)),
            ]
        )
    return grid.text()


def _packages(report: GateReport, styles: Mapping[str, Style]) -> Text:
    grid = Grid([("", ""), ("BASE", "kB"), ("HEAD", "kB"), ("ratio", "x")])
    for package in report.packages:
        size = package.zip_bytes
        grid.row(
            [
                Text(gate_words.name(report, package.variant), styles.get(package.variant, "")),
                measured(_kilobytes(size.base)),
                measured(_kilobytes(size.head)),
                measured(_ratio(size)),
            ]
        )
        if package.same:
            grid.words(Text(), Text("the same package in both runs"))
    return grid.text()


def _ratio(of: Ratio | None) -> str:
    return units.number(of.ratio if of else None)


def _kilobytes(size: float | None) -> str:
    return units.number(None if size is None else size / 1_000)
