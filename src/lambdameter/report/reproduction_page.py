"""Judged claims as one self-contained HTML page, for light and dark mode."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from lambdameter import units
from lambdameter.model.reproduction import HeadlineBill, JudgedRow, Reproduction, StudyTable
from lambdameter.report import reproduction_words as words

_STYLE = """
:root{color-scheme:light dark;--q:#5b6470;--l:#d8dce1;--b:#fff;--f:#14181d;--h:#f3f5f7}
@media(prefers-color-scheme:dark){:root{--q:#9aa4b0;--l:#343b44;--b:#12161b;--f:#e8ebef;--h:#1b2027}}
body{margin:0 auto;max-width:72rem;padding:2rem 1rem;background:var(--b);color:var(--f);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.2}h2{margin-top:2.5rem;font-size:1.2rem}h3{font-size:1rem}
.lead{font-size:1.15rem;font-weight:600}.q{color:var(--q);font-size:.9rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--l);text-align:left;vertical-align:top}
th{background:var(--h);font-weight:600}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.p{color:var(--q);font-style:italic}.v{white-space:nowrap;font-weight:600}
.why{color:var(--q);font-size:.85rem}.better{font-weight:700}code{font-size:.85em}
"""


def page(reproduction: Reproduction) -> str:
    """The page as HTML."""
    body = "\n".join(_body(reproduction))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>Published claims, run again</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _body(reproduction: Reproduction) -> Iterator[str]:
    yield "<h1>Published claims, run again</h1>"
    yield f'<p class="lead">{escape(words.summary(reproduction))}</p>'
    yield from (f"<p>{escape(words.bill_sentence(bill))}</p>" for bill in reproduction.headlines)
    yield f'<p class="q">{escape(words.LEGEND)}</p>'
    yield f'<p class="q">{escape("; ".join(words.where(reproduction)))}</p>'
    for source, title in reproduction.titles.items():
        yield f"<h2>{escape(source)}: “{escape(title)}”</h2>"
        yield f'<p class="q">{escape(reproduction.conditions[source])}</p>'
        yield from _rows([row for row in reproduction.rows if row.source == source], source)
        for bill in (bill for bill in reproduction.headlines if bill.source == source):
            yield from _bill(bill)
        for study in (study for study in reproduction.studies if study.source == source):
            yield from _study(study)
    yield "<h2>Runs</h2>"
    yield from _runs(reproduction)


def _rows(rows: list[JudgedRow], source: str) -> Iterator[str]:
    heads = ("row", "", "published", "once", "here", "95 % interval", "verdict")
    yield f'<div class="scroll"><table><caption class="q">Rows of {escape(source)}</caption>'
    yield f"<thead><tr>{''.join(_head(head) for head in heads)}</tr></thead><tbody>"
    for judged in rows:
        why = f'<div class="why">{escape(words.why(judged))}</div>' if judged.why else ""
        yield (
            f"<tr><td>{escape(judged.row.claim)}</td><td>{escape(judged.row.title)}{why}</td>"
            f'<td class="n p">({escape(words.published(judged))})</td>'
            f'<td class="n">{escape(words.once(judged))}</td><td class="n">{_here(judged)}</td>'
            f'<td class="n">{escape(words.interval(judged))}</td>'
            f'<td class="v">{words.MARKS[judged.verdict]} {judged.verdict}</td></tr>'
        )
    yield "</tbody></table></div>"


def _here(judged: JudgedRow) -> str:
    return f"{'≈' if words.is_scaled(judged) else ''}{escape(words.here(judged))}"


def _bill(bill: HeadlineBill) -> Iterator[str]:
    headline = bill.headline
    yield f"<h3>{escape(headline.title)}</h3><p>{escape(words.bill_sentence(bill))}</p>"
    heads = (
        f"the bill of {words.billed(bill)}",
        f"{headline.over}, $",
        f"{headline.of}, $",
        "saved of the whole",
    )
    yield f'<div class="scroll"><table><thead><tr>{"".join(map(_head, heads))}</tr></thead><tbody>'
    lines = [(line.item, line.over_usd, line.of_usd, line.saved) for line in bill.lines]
    lines.append(("whole bill", bill.over_usd, bill.of_usd, bill.whole_saved))
    for item, over, of, saved in lines:
        figures = (units.number(over), units.number(of), units.percent(saved))
        better = ' class="better"' if item == "whole bill" else ""
        yield f"<tr{better}><td>{escape(item)}</td>{''.join(map(_figure, figures))}</tr>"
    yield "</tbody></table></div>"


def _study(table: StudyTable) -> Iterator[str]:
    study = table.study
    yield f"<h3>{escape(study.title)}</h3><p>{escape(study.says)}</p>"
    heads = ("variant", *study.cold.values(), *study.warm.values())
    yield f'<div class="scroll"><table><thead><tr>{"".join(map(_head, heads))}</tr></thead><tbody>'
    for variant, figures in table.figures.items():
        cells = "".join(_figure(words.figure(estimate.value)) for estimate in figures)
        yield f"<tr><td>{escape(variant)}</td>{cells}</tr>"
    yield "</tbody></table></div>"


def _runs(reproduction: Reproduction) -> Iterator[str]:
    yield '<ul class="q">'
    for run in reproduction.runs:
        host = run.host.get("cpu", "")
        yield (
            f"<li>{escape(run.experiment)}: {escape(run.workload)}, {run.rounds} environments of "
            f"each cell, {run.samples:,} calls, {escape(run.created_at)}, {escape(host)}, "
            f"<code>{escape(run.folder)}</code></li>"
        )
    yield f"</ul><p class='q'>lambdameter {escape(reproduction.lambdameter)}</p>"


def _head(text: str) -> str:
    return f"<th>{escape(text)}</th>"


def _figure(text: str) -> str:
    return f'<td class="n">{escape(text)}</td>'
