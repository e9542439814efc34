"""The full report for a terminal: the verdict first, then its evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from lambdameter.analysis import caveats, stopping
from lambdameter.analysis.caveat import Caveat
from lambdameter.analysis.decision import evidence_by_verdict
from lambdameter.analysis.run import Run
from lambdameter.model.sample import TargetInfo
from lambdameter.report import bill, certainty, faults, outliers, table
from lambdameter.report.distribution import distribution
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.style import ALARM, HEAD, QUIET, WIDTH, labelled, prose, variant_styles
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
"""Names of the report's parts, as `--only` takes them."""


def console(file: IO[str]) -> Console:
    """A console for a report: at most 100 columns wide, and plain text outside of terminals."""
    terminal = Console(file=file, highlight=False, markup=False, emoji=False)
    terminal.width = min(WIDTH, terminal.width) if terminal.is_terminal else WIDTH
    return terminal


def report(run: Run, only: Collection[str] = PARTS) -> RenderableType:
    """Every section, or the sections of some parts, in reading order."""
    return Group(*(body for part, bodies in _parts(run) if part in only for body in bodies))


def _parts(run: Run) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    styles = variant_styles(run.manifest.workload.variants)
    yield "verdict", [*_alarm(run), *_decisions(run)]
    yield "conditions", section("What ran", caveats.target(run), [what_ran(run)])
    yield "equality", section("Equality", (), [equality(run)])
    failed = [*failures(run)]
    if failed:
        yield "failures", section("What went wrong", (), failed)
    for memory_mb in run.memory_sizes:
        yield from _memory_size(run, memory_mb, styles)
    yield "verdict", [_labelled("run folder", run.folder)]


def _alarm(run: Run) -> Iterator[Text]:
    injected = run.manifest.target.faults
    if injected is not None:
        yield Text.assemble((" FAULTS WERE INJECTED ", ALARM), f" {injected}")
        yield Text()


def _decisions(run: Run) -> Iterator[Text]:
    for verdict, sentences in evidence_by_verdict(run).items():
        yield Text(prose(verdict), style=HEAD)
        if sentences:
            yield Text(prose(" ".join(sentences)))
        yield Text()


def section(
    title: str, beside: Iterable[str], body: Iterable[RenderableType]
) -> list[RenderableType]:
    """A head, the caveats under it, then the body."""
    sentence = "; ".join(beside)
    caveat = [Text(prose(sentence), style=Style(italic=True))] if sentence else []
    head = Rule(Text(title, style=HEAD), align="left", style=QUIET)
    return [head, *caveat, *body, Text()]


def what_ran(run: Run) -> Text:
    """The workload, the target that ran it, and how the number of rounds was decided."""
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


def _memory_size(
    run: Run, memory_mb: int, styles: Mapping[str, Style]
) -> Iterator[tuple[str, Iterable[RenderableType]]]:
    at = f"at {memory_mb:,} MB"
    cells = run.cells(memory_mb)
    measured = any(cell.warm is not None and cell.warm.duration_ms for cell in cells)
    source = table.published_in(run, memory_mb) if measured else None
    warm = [table.warm_table(run, memory_mb, styles), *([source] if source else [])]
    lacking = caveats.memory_size(run.manifest.target.enforcement, memory_mb)
    beside = (*lacking, *caveats.times(run), *caveats.not_candidates(run), *caveats.memory(run))
    yield "times", section(f"Warm calls {at}{_work(run, memory_mb)}", beside, warm)
    spread = table.spread_table(run, memory_mb, styles)
    if spread is not None:
        drawn = distribution(run, memory_mb, styles)
        body = [spread, *([Text(), drawn] if drawn else [])]
        yield "times", section(f"Duration of warm calls {at}", (), body)
    cold = [table.cold_table(run, memory_mb, styles)]
    yield "cold", section(f"Cold calls {at}", (*lacking, *caveats.times(run)), cold)
    certain = certainty.tables(run, memory_mb, styles)
    if certain:
        yield (
            "certainty",
            section(
                f"Confidence intervals at {memory_mb:,} MB",
                certainty.caveats(run, memory_mb),
                certain,
            ),
        )
    far = outliers.table(run, memory_mb, styles)
    if far is not None:
        yield "outliers", section(f"Outliers {at}", outliers.CAVEATS, [far])
    disturbed = faults.table(run, memory_mb, styles)
    if disturbed is not None:
        yield "retries", section(f"Retries and faults {at}", [Caveat.ALL_CALLS], [disturbed])
    if not measured:
        return
    yield (
        "waiting",
        section(
            f"Where the time went {at}",
            caveats.parts_of_duration(run),
            [where_time_went(run, memory_mb, styles), Text(LEGEND, style=QUIET)],
        ),
    )
    yield "bill", _bill(run, memory_mb, styles)


def _work(run: Run, memory_mb: int) -> str:
    """The work of a warm call, where all cells did the same amount."""
    if run.manifest.workload.response.count is None:
        return ""
    counts = {
        cell.warm.count
        for cell in run.cells(memory_mb)
        if cell.warm is not None and cell.warm.count is not None
    }
    return f": {counts.pop():,} {run.manifest.workload.response.unit}s" if len(counts) == 1 else ""


def _bill(run: Run, memory_mb: int, styles: Mapping[str, Style]) -> list[RenderableType]:
    priced = (
        f"{run.bill.region}, prices as of {run.bill.prices_as_of}, "
        f"{run.bill.days_per_month} days a month"
    )
    body = [
        bill.per_million_calls(run, memory_mb, styles),
        Text(),
        bill.per_month(run, memory_mb, styles),
    ]
    return section(f"The bill at {memory_mb:,} MB", (priced, *caveats.bill(run)), body)


def _labelled(label: str, value: str) -> Text:
    return labelled(label, value or NOTHING, _LABEL)


def _items(label: str, items: Mapping[str, str]) -> list[Text]:
    return [
        _labelled("" if index else label, f"{name}: {value}")
        for index, (name, value) in enumerate(items.items())
    ]
