"""Judged claims as Markdown: docs/claims.md is one."""

from __future__ import annotations

from collections.abc import Iterator

from lambdameter import units
from lambdameter.model.reproduction import HeadlineBill, JudgedRow, Reproduction, StudyTable
from lambdameter.report import reproduction_words as words


def page(reproduction: Reproduction) -> str:
    """The whole page, with a final newline."""
    return "\n".join(_lines(reproduction)) + "\n"


def _lines(reproduction: Reproduction) -> Iterator[str]:
    yield "# Published claims, run again"
    yield ""
    yield f"**{words.summary(reproduction)}**"
    yield ""
    for bill in reproduction.headlines:
        yield f"* {words.bill_sentence(bill)}"
    yield ""
    version, folder = reproduction.lambdameter, reproduction.folder
    yield f"Made by lambdameter {version} from the runs in `{folder}`:"
    yield f"`lambdameter reproduce --from {folder} --markdown`."
    yield ""
    yield words.LEGEND[0].upper() + words.LEGEND[1:]
    yield (
        "*once* is the result of a single measurement, as in the published text: "
        "that of the first environment."
    )
    yield ""
    yield from (f"* {line}" for line in words.where(reproduction))
    for source, title in reproduction.titles.items():
        yield from ("", f"## {source}: “{title}”", "", reproduction.conditions[source], "")
        yield "| row | | published | once | here | 95 % interval | verdict | why |"
        yield "|---|---|--:|--:|--:|--:|---|---|"
        yield from (_row(row) for row in reproduction.rows if row.source == source)
        for bill in (bill for bill in reproduction.headlines if bill.source == source):
            yield from _bill(bill)
        for study in (study for study in reproduction.studies if study.source == source):
            yield from _study(study)
    yield from _runs(reproduction)


def _row(judged: JudgedRow) -> str:
    cells = (
        judged.row.claim,
        judged.row.title,
        f"({words.published(judged)})",
        words.once(judged),
        f"{'≈' if words.is_scaled(judged) else ''}{words.here(judged)}",
        words.interval(judged),
        f"{words.MARKS[judged.verdict]} {judged.verdict}",
        words.why(judged),
    )
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _bill(bill: HeadlineBill) -> Iterator[str]:
    headline = bill.headline
    yield from ("", f"### {headline.title}", "", words.bill_sentence(bill), "")
    heads = f"the bill of {words.billed(bill)}", f"{headline.over}, $", f"{headline.of}, $"
    yield f"| {' | '.join(heads)} | saved of the whole |"
    yield "|---|--:|--:|--:|"
    for line in bill.lines:
        figures = units.number(line.over_usd), units.number(line.of_usd), units.percent(line.saved)
        yield f"| {line.item} | {' | '.join(figures)} |"
    whole = units.number(bill.over_usd), units.number(bill.of_usd), units.percent(bill.whole_saved)
    yield f"| **whole bill** | **{whole[0]}** | **{whole[1]}** | **{whole[2]}** |"


def _study(table: StudyTable) -> Iterator[str]:
    heads = (*table.study.cold.values(), *table.study.warm.values())
    yield from ("", f"### {table.study.title}", "", table.study.says, "")
    yield f"| variant | {' | '.join(heads)} |"
    yield f"|---|{'--:|' * len(heads)}"
    for variant, figures in table.figures.items():
        cells = (words.with_interval(estimate) for estimate in figures)
        yield f"| {variant} | {' | '.join(cells)} |"


def _runs(reproduction: Reproduction) -> Iterator[str]:
    yield from ("", "## Runs", "")
    yield "| experiment | workload | environments | calls | when | host | run |"
    yield "|---|---|--:|--:|---|---|---|"
    for run in reproduction.runs:
        host = ", ".join((run.host.get("cpu", ""), f"{run.host.get('cores', '?')} cores"))
        cells = (
            run.experiment,
            run.workload,
            str(run.rounds),
            f"{run.samples:,}",
            run.created_at,
            host,
            f"`{run.folder}`",
        )
        yield f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
