"""Judged claims for the terminal: every row with its verdict and reason."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from lambdameter import units
from lambdameter.model.reproduction import HeadlineBill, JudgedRow, Reproduction, StudyTable
from lambdameter.report import reproduction_words as words
from lambdameter.report.grid import Grid
from lambdameter.report.style import (
    BETTER,
    HEAD,
    NOT_MEASURED,
    QUIET,
    WIDTH,
    measured,
    modelled,
    prose,
)

_LEAST_TITLE = 20
_VERDICT = 16


def report(reproduction: Reproduction) -> RenderableType:
    """The whole report, in reading order."""
    parts: list[RenderableType] = [Text(prose(words.summary(reproduction)), style=HEAD), Text()]
    for bill in reproduction.headlines:
        parts += [Text(prose(words.bill_sentence(bill))), Text()]
    parts += [Text(prose(line), style=QUIET) for line in (*words.where(reproduction), words.LEGEND)]
    for source, title in reproduction.titles.items():
        mine = [row for row in reproduction.rows if row.source == source]
        parts += [
            Text(),
            _head(f"{source}: “{title}”"),
            Text(prose(reproduction.conditions[source])),
        ]
        parts += [Text(), _rows(mine), *_whys(mine)]
        parts += [
            part for bill in reproduction.headlines if bill.source == source for part in _bill(bill)
        ]
        parts += [
            part
            for study in reproduction.studies
            if study.source == source
            for part in _study(study)
        ]
    parts += [Text(), _head("Runs"), *_runs(reproduction)]
    return Group(*parts)


def _rows(rows: Sequence[JudgedRow]) -> Text:
    heads = ("row", "published", "once", "here", "95 % interval", f"{'verdict':<{_VERDICT}}")
    cells = [_cells(judged) for judged in rows]
    # A head ends in a space, as in Grid.
    columns = zip((f"{head} " for head in heads[1:]), *cells, strict=True)
    width = WIDTH - 2 - sum(max(len(cell) for cell in column) + 1 for column in columns)
    width = max(_LEAST_TITLE, width)
    grid = Grid([(head, "") for head in heads])
    claim = ""
    for judged, figures in zip(rows, cells, strict=True):
        if claim and judged.row.claim != claim:
            grid.gap()
        claim = judged.row.claim
        title = judged.row.title if claim == judged.source else f"{claim:<4}{judged.row.title}"
        first, *rest = textwrap.wrap(title, width, subsequent_indent="    ")
        grid.row([Text(first), *figures])
        for line in rest:
            grid.words(Text(line), Text())
    return grid.text()


def _cells(judged: JudgedRow) -> list[Text]:
    return [
        Text(f"({words.published(judged)})", style=NOT_MEASURED),
        Text(words.once(judged), style=QUIET),
        _here(judged),
        Text(words.interval(judged)),
        _verdict(judged),
    ]


def _here(judged: JudgedRow) -> Text:
    figure = words.here(judged)
    if judged.estimate is None:
        return Text(f"{figure} ", style=QUIET)
    return modelled(figure) if words.is_scaled(judged) else measured(figure)


def _verdict(judged: JudgedRow) -> Text:
    held = judged.verdict in ("reproduced", "same direction")
    verdict = f"{words.MARKS[judged.verdict]} {judged.verdict}"
    return Text(f"{verdict:<{_VERDICT}}", style="" if held else BETTER)


def _whys(rows: Sequence[JudgedRow]) -> Iterator[RenderableType]:
    """A paragraph for each reason, with its rows."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for judged in rows:
        if judged.why:
            reason = words.MARKS[judged.verdict], words.why(judged)
            reasons.setdefault(reason, []).append(judged.row.title)
    if reasons:
        yield Text()
    for (mark, why), titles in reasons.items():
        yield Text(prose(f"{'; '.join(titles)}. {why}", label=mark, indent=2))


def _bill(bill: HeadlineBill) -> Iterator[RenderableType]:
    grid = Grid(
        [
            (f"the bill of {words.billed(bill)}", ""),
            (bill.headline.over, "$"),
            (bill.headline.of, "$"),
            ("saved of\nthe whole", "%"),
        ]
    )
    for line in bill.lines:
        share = units.percent(line.saved).removesuffix(" %")
        figures = (units.number(line.over_usd), units.number(line.of_usd), share)
        grid.row([Text(line.item), *(measured(figure) for figure in figures)])
    share = units.percent(bill.whole_saved).removesuffix(" %")
    figures = (units.number(bill.over_usd), units.number(bill.of_usd), share)
    grid.row([Text("whole bill"), *(measured(figure, better=True) for figure in figures)])
    yield Text()
    yield grid.text()
    priced = f"{bill.region}, prices as of {bill.prices_as_of}; warm calls, without INIT"
    yield Text(priced, style=QUIET)


def _study(table: StudyTable) -> Iterator[RenderableType]:
    heads = [("cold: ", head) for head in table.study.cold.values()]
    heads += [("warm: ", head) for head in table.study.warm.values()]
    split = [head.rpartition(", ") for _, head in heads]
    grid = Grid([("variant", ""), *((name or unit, unit) for name, _, unit in split)])
    for variant, figures in table.figures.items():
        grid.row([Text(variant), *(measured(words.figure(estimate.value)) for estimate in figures)])
    yield Text()
    yield Text(table.study.title, style=HEAD)
    yield grid.text()
    lacks = dict.fromkeys(
        estimate.lack for row in table.figures.values() for estimate in row if estimate.lack
    )
    yield Text(prose(" ".join([table.study.says, *(f"({lack})" for lack in lacks)])))


def _runs(reproduction: Reproduction) -> Iterator[RenderableType]:
    for run in reproduction.runs:
        state = (
            "" if run.complete else "; not complete: continue with `lambdameter reproduce --out`"
        )
        yield Text(
            prose(
                f"{run.workload}, {run.rounds} rounds, {run.samples:,} calls, "
                f"{run.created_at}: {run.folder}{state}",
                label=run.experiment,
                indent=15,
            )
        )


def _head(title: str) -> Rule:
    return Rule(Text(title, style=HEAD), align="left", style=QUIET)
