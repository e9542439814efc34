"""The one output that one would put in a talk: what to do first, the evidence under it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from lambdameter.analysis import caveats, find, stopping
from lambdameter.analysis.decision import decide
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import TargetInfo
from lambdameter.report import bill, faults, outlying, sure, table
from lambdameter.report.distribution import distribution
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.look import ALARM, HEAD, QUIET, WIDTH, prose, variant_styles
from lambdameter.report.where_time_went import LEGEND, where_time_went
from lambdameter.units import NOTHING

_LABEL = 13
PARTS = (
    "verdict",
    "conditions",
    "equality",
    "failures",
    "times",
    "cold",
    "certainty",
    "outliers",
    "retries",
    "waiting",
    "bill",
)
"""The report's parts, by what `--only` calls them."""


def console(file: IO[str]) -> Console:
    """A console for a report: plain and 100 columns where it is no terminal."""
    terminal = Console(file=file, highlight=False, markup=False, emoji=False)
    terminal.width = min(WIDTH, terminal.width) if terminal.is_terminal else WIDTH
    return terminal


def report(run: ReportInput, only: Collection[str] = PARTS) -> RenderableType:
    """Every section, or those of some parts, in the order in which they are to be read."""
    return Group(*(body for part, bodies in _parts(run) if part in only for body in bodies))


def _parts(run: ReportInput) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    styles = variant_styles(run.manifest.workload.variants)
    yield "verdict", [*_alarm(run), *_decisions(run)]
    yield "conditions", section("What ran", caveats.target(run), [what_ran(run)])
    yield "equality", section("Equality", (), [equality(run)])
    failed = [*failures(run)]
    if failed:
        yield "failures", section("What went wrong", (), failed)
    for memory_mb in find.tiers(run):
        yield from _tier(run, memory_mb, styles)
    yield "verdict", [_labelled("run folder", run.folder)]


def _alarm(run: ReportInput) -> Iterator[Text]:
    injected = run.manifest.target.faults
    if injected is not None:
        yield Text.assemble((" FAULTS WERE INJECTED ", ALARM), f" {injected}")
        yield Text()


def _decisions(run: ReportInput) -> Iterator[Text]:
    """Each verdict once, with the evidence of every tier that it was given for."""
    evidence: dict[str, list[str]] = {}
    for decision in decide(run):
        evidence.setdefault(decision.verdict, []).extend(decision.evidence)
    for verdict, sentences in evidence.items():
        yield Text(prose(verdict), style=HEAD)
        if sentences:
            yield Text(prose(" ".join(sentences)))
        yield Text()


def section(
    title: str, beside: Iterable[str], body: Iterable[RenderableType]
) -> list[RenderableType]:
    """A head, its caveats beside it, then the body."""
    sentence = "; ".join(beside)
    caveat = [Text(prose(sentence), style=Style(italic=True))] if sentence else []
    head = Rule(Text(title, style=HEAD), align="left", style=QUIET)
    return [head, *caveat, *body, Text()]


def what_ran(run: ReportInput) -> Text:
    """The workload, and what was under it."""
    manifest = run.manifest
    lines = [_labelled("workload", f"{manifest.workload.title} ({manifest.workload.name})")]
    lines += _enforcement(manifest.target)
    lines += [
        *_items("engines", manifest.target.engines),
        *_items("runtimes", manifest.target.runtimes),
        _labelled("latency", manifest.target.latency_model or "not modelled: real services"),
    ]
    if manifest.target.faults is not None:
        lines.append(_labelled("faults", manifest.target.faults))
    if (ended := stopping.ended(run)) is not None:
        lines.append(_labelled("rounds", ended))
    return Text("\n").join(lines)


def _enforcement(target: TargetInfo) -> list[Text]:
    enforced = target.enforcement
    if enforced is None:
        return [_labelled("enforced by", "AWS itself")]
    lines = []
    if enforced.by == "none":
        text = " neither CPU nor memory: these are this machine's times"
        lines.append(Text.assemble((" NO LIMIT IS ENFORCED ", ALARM), text))
    else:
        lines.append(_labelled("enforced by", enforced.by))
    for label, text in (
        ("  CPU", enforced.cpu),
        ("  memory", enforced.memory),
        ("  freeze", enforced.freeze),
        ("  isolation", enforced.isolation),
        ("  missing", enforced.missing),
    ):
        if text:
            lines.append(_labelled(label, text))
    return lines


def _tier(
    run: ReportInput, memory_mb: int, styles: Mapping[str, Style]
) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    at = f"at {memory_mb:,} MB"
    cells = [cell for cell in run.summary.cells if cell.memory_mb == memory_mb]
    measured = any(cell.warm is not None and cell.warm.duration_ms for cell in cells)
    source = table.published_in(run, memory_mb) if measured else None
    warm = [table.warm_table(run, memory_mb, styles), *([source] if source else [])]
    lacking = caveats.tier(run.manifest.target.enforcement, memory_mb)
    beside = (*lacking, *caveats.speed(run), *caveats.exhibits(run), *caveats.memory(run))
    yield "times", section(f"Warm calls {at}{_work(run, memory_mb)}", beside, warm)
    spread = table.spread_table(run, memory_mb, styles)
    if spread is not None:
        drawn = distribution(run, memory_mb, styles)
        body = [spread, *([Text(), drawn] if drawn else [])]
        yield "times", section(f"Duration of warm calls {at}", (), body)
    yield (
        "cold",
        section(
            f"Cold calls {at}",
            (*lacking, *caveats.speed(run)),
            [table.cold_table(run, memory_mb, styles)],
        ),
    )
    certain = sure.sure(run, memory_mb, styles)
    if certain:
        yield (
            "certainty",
            section(
                f"Confidence intervals at {memory_mb:,} MB", sure.beside(run, memory_mb), certain
            ),
        )
    far = outlying.outlying(run, memory_mb, styles)
    if far is not None:
        yield "outliers", section(f"Outliers {at}", outlying.BESIDE, [far])
    disturbed = faults.table(run, memory_mb, styles)
    if disturbed is not None:
        beside = ("counted over all calls, including failed calls",)
        yield "retries", section(f"Retries and faults {at}", beside, [disturbed])
    if not measured:
        return
    yield (
        "waiting",
        section(
            f"Where the time went {at}",
            caveats.time(run),
            [where_time_went(run, memory_mb, styles), Text(LEGEND, style=QUIET)],
        ),
    )
    yield "bill", _bill(run, memory_mb, styles)


def _work(run: ReportInput, memory_mb: int) -> str:
    """How much work a warm call did, where all did the same and it is more than a call."""
    if run.manifest.workload.response.count is None:
        return ""
    counts = {
        cell.warm.count
        for cell in run.summary.cells
        if cell.memory_mb == memory_mb and cell.warm is not None and cell.warm.count is not None
    }
    return f": {counts.pop():,} {run.manifest.workload.response.unit}s" if len(counts) == 1 else ""


def _bill(run: ReportInput, memory_mb: int, styles: Mapping[str, Style]) -> list[RenderableType]:
    priced = (
        f"{run.bill.region}, prices as of {run.bill.prices_as_of}, "
        f"{run.bill.days_per_month} days a month"
    )
    body = [
        bill.per_run(run, memory_mb, styles),
        Text(),
        bill.per_month(run, memory_mb, styles),
    ]
    return section(f"The bill at {memory_mb:,} MB", (priced, *caveats.bill(run)), body)


def _labelled(label: str, value: str) -> Text:
    text = Text(prose(value or NOTHING, label=label, indent=_LABEL))
    text.stylize(QUIET, 0, _LABEL)
    return text


def _items(label: str, items: Mapping[str, str]) -> list[Text]:
    return [
        _labelled("" if index else label, f"{name}: {value}")
        for index, (name, value) in enumerate(items.items())
    ]
