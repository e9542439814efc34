"""A run, a sweep or a gate as a comment on a pull request.

GitHub-flavoured Markdown: https://github.github.com/gfm/. The verdict comes first, then the
figures; details are folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lambdameter import units
from lambdameter.analysis import caveats, latency_curves, stopping
from lambdameter.analysis.decision import evidence_by_verdict
from lambdameter.analysis.latency_curves import Curve, Point
from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.model.gate import CellRatios, GateInterval, GateReport
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.report import certainty, gate_words, outliers
from lambdameter.report.distribution import distribution
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.style import prose
from lambdameter.report.terminal import what_ran

# GitHub refuses a longer comment.
LONGEST = 65_536
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&@])")
_LEFT_OUT = "Omitted, because a GitHub comment has a maximum length: {}."


def run(run: Run) -> str:
    """A run: the verdict, a table for each memory size, the caveats."""
    parts = list(_decisions(run))
    for memory_mb in run.memory_sizes:
        parts += [f"#### Warm calls at {memory_mb:,} MB", _warm_calls(run, memory_mb)]
    parts.append(_list(escape(caveat) for caveat in _caveats(run)))
    folded = [("Equality", equality(run).plain)]
    if failed := [block.plain for block in failures(run)]:
        folded.append(("What went wrong", "\n\n".join(failed)))
    folded += [
        (f"Every warm call at {memory_mb:,} MB", drawn.plain)
        for memory_mb in run.memory_sizes
        if (drawn := distribution(run, memory_mb, {}))
    ]
    for memory_mb in run.memory_sizes:
        folded += _certainty(run, memory_mb)
    folded.append(("What ran", what_ran(run).plain))
    return _whole(parts, folded)


def _certainty(run: Run, memory_mb: int) -> Iterator[tuple[str, str]]:
    """The intervals and the outliers of a memory size."""
    if certain := certainty.tables(run, memory_mb, {}):
        head = "; ".join(certainty.caveats(run, memory_mb))
        body = "\n".join(block.plain for block in certain)
        yield f"Confidence intervals at {memory_mb:,} MB", f"{prose(head)}\n{body}"
    far = outliers.table(run, memory_mb, {})
    if far is not None:
        head = "; ".join(outliers.CAVEATS)
        yield f"Outliers at {memory_mb:,} MB", f"{prose(head)}\n{far.plain}"


def sweep(sweep: LatencySweep) -> str:
    """A sweep: what each variant saves at each latency, and a table for each memory size."""
    first = sweep.runs[0]
    parts = [f"**{escape(sentence)}**" for sentence in latency_curves.sentences(sweep)]
    heads = ["", "variant", "latency ms", "reference ms", "variant ms", "ratio", "95 % interval"]
    heads += ["billed ratio", "bill saved %"]
    for memory_mb in first.memory_sizes:
        curves = latency_curves.curves(sweep, memory_mb)
        if curves:
            rows = [_point(first, curve, point) for curve in curves for point in curve.points]
            parts += [f"#### Warm calls at {memory_mb:,} MB", _table(heads, rows)]
    beside = [*caveats.target(first), *latency_curves.caveats(sweep)]
    parts.append(_list(escape(caveat) for caveat in beside))
    folders = [
        f"{latency_curves.latency(latency_ms)}: {run.folder}" for latency_ms, run in sweep.at_each
    ]
    folded = [("What ran", what_ran(latency_curves.with_every_latency(sweep)).plain)]
    folded += [("Run folders", "\n".join(folders))]
    return _whole(parts, folded)


def _point(run: Run, curve: Curve, point: Point) -> list[str]:
    latency = f"{point.latency_ms:.10g}"
    names = [escape(run.case_title(curve.case))]
    names += [escape(run.variant_title(curve.variant)), latency]
    comparison = point.comparison
    if comparison is None:
        return [*names, escape(point.lack), *[""] * 5]
    times = (point.reference_ms, point.variant_ms)
    interval = "too few environments"
    if comparison.interval is not None:
        interval = units.span(comparison.interval.low, comparison.interval.high)
    saved = None if point.bill_saving is None else round(100 * point.bill_saving, 1)
    return [
        *names,
        *(units.ms(time_ms) for time_ms in times),
        f"**{units.number(comparison.ratio)}**",
        interval,
        units.number(comparison.cost_ratio),
        units.number(saved),
    ]


def gate(report: GateReport) -> str:
    """Two runs: whether HEAD passes, a table for each memory size, what differed."""
    parts = [f"**{escape(gate_words.decision(report))}**"]
    for memory_mb in dict.fromkeys(cell.memory_mb for cell in report.cells):
        cells = [cell for cell in report.cells if cell.memory_mb == memory_mb]
        parts += [f"#### Warm calls at {memory_mb:,} MB", _cells(report, cells)]
    if report.packages:
        parts += ["#### Packages, zipped", _packages(report)]
    beside = [
        *gate_words.caveats(report),
        *(gate_words.difference(difference) for difference in report.differences),
    ]
    parts.append(_list(escape(caveat) for caveat in beside))
    folded = []
    if report.verdicts:
        folded.append(("Every limit", "\n".join(gate_words.evidence(report))))
    folded.append(("Runs", f"BASE  {report.base.folder}\nHEAD  {report.head.folder}"))
    return _whole(parts, folded)


def escape(text: str) -> str:
    """Text that GitHub shows unchanged: on one line, without markup and without mentions."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\@", "@<!-- -->")


def _decisions(run: Run) -> Iterator[str]:
    if run.manifest.target.faults is not None:
        yield f"**FAULTS WERE INJECTED:** {escape(run.manifest.target.faults)}"
    for verdict, sentences in evidence_by_verdict(run).items():
        yield f"**{escape(verdict)}**"
        if sentences:
            yield escape(" ".join(sentences))


def _caveats(run: Run) -> Iterator[str]:
    """The caveats of the figures in the tables."""
    if (ended := stopping.ended(run)) is not None:
        yield ended
    yield from caveats.target(run)
    yield from caveats.each_memory_size(run.manifest.target.enforcement, run.memory_sizes)
    yield from caveats.times(run)
    yield from caveats.not_candidates(run)
    yield from caveats.memory(run)
    yield from caveats.bill(run)


def _warm_calls(run: Run, memory_mb: int) -> str:
    heads = ["", "variant", "calls", "time ms", "Init ms", "Max Memory MB", "$ per million calls"]
    rows = []
    for case in run.cases:
        cells = run.cells(memory_mb, case)
        times = [cell.compared_ms for cell in cells]
        best = _least(times)
        rows += [_row(run, cell, best) for cell in cells]
    return _table(heads, rows)


def _row(run: Run, cell: CellSummary, best: float | None) -> list[str]:
    names = [
        escape(run.case_title(cell.case)),
        escape(run.variant_title(cell.variant)),
    ]
    warm = cell.warm
    ms = cell.compared_ms
    if warm is None or ms is None:
        return [*names, _calls(warm), _why(run, cell), "", "", ""]
    bill = run.bill_of(cell)
    figure = units.ms(ms)
    return [
        *names,
        _calls(warm),
        f"**{figure}**" if ms == best else figure,
        units.ms(cell.cold.init_ms if cell.cold else None),
        units.NOTHING if warm.max_memory_mb is None else f"{warm.max_memory_mb:,}",
        units.number(None if bill is None else bill.run_usd * 1_000_000),
    ]


def _why(run: Run, cell: CellSummary) -> str:
    """Why there are no figures."""
    if cell.warm is not None and cell.died and cell.warm.error is not None:
        return f"died: {escape(cell.warm.error.type)}"
    if run.is_unequal(cell.case):
        return "not equal"
    return "not measured"


def _calls(call: CallSummary | None) -> str:
    if call is None:
        return "0"
    return f"{call.n - call.errors} of {call.n}" if call.errors else str(call.n)


def _cells(report: GateReport, cells: Iterable[CellRatios]) -> str:
    heads = ["", "variant", "Duration BASE ms", "HEAD ms", "ratio", "95 % interval"]
    heads += ["billed ratio", "bill ratio", "Max Memory ratio"]
    rows = []
    for cell in cells:
        names = [
            escape(report.case_titles.get(cell.case, cell.case)),
            escape(gate_words.name(report, cell.variant)),
        ]
        duration = cell.duration_ms
        if cell.lack is not None or duration is None:
            rows.append([*names, gate_words.LACKS[cell.lack] if cell.lack else "", *[""] * 6])
            continue
        has_interval = isinstance(duration.interval, GateInterval)
        rows.append(
            [
                *names,
                units.ms(duration.base),
                units.ms(duration.head),
                f"**{units.number(duration.ratio)}**",
                gate_words.span(duration.interval) if has_interval else "too few environments",
                units.number(cell.billed_ms.ratio if cell.billed_ms else None),
                units.number(cell.bill.ratio if cell.bill else None),
                units.number(cell.max_memory_mb.ratio if cell.max_memory_mb else None),
            ]
        )
    return _table(heads, rows)


def _packages(report: GateReport) -> str:
    rows = [
        [
            escape(gate_words.name(report, package.variant)),
            *(
                units.number(None if size is None else size / 1_000)
                for size in (package.zip_bytes.base, package.zip_bytes.head)
            ),
            units.number(package.zip_bytes.ratio),
        ]
        for package in report.packages
    ]
    return _table(["variant", "BASE kB", "HEAD kB", "ratio"], rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: the first two columns are words and left-aligned, the others are figures."""
    rule = [":--" if head in ("", "variant") else "--:" for head in heads]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"* {item}" for item in items)


def _whole(parts: Sequence[str], folded: Sequence[tuple[str, str]]) -> str:
    """The whole comment; folded blocks that no longer fit are named at the end."""
    text = "\n\n".join(part for part in parts if part)
    left_out = []
    room = LONGEST - len(_LEFT_OUT) - sum(len(title) + 2 for title, _ in folded)
    for title, body in folded:
        block = f"\n\n{_folded(title, body)}"
        if len(text) + len(block) < room:
            text += block
        else:
            left_out.append(title)
    if left_out:
        text += f"\n\n{_LEFT_OUT.format(', '.join(left_out))}"
    return f"{text}\n"


def _folded(title: str, body: str) -> str:
    """A block that opens by a click, in a fence that is longer than any fence in it."""
    ticks = [len(match) for match in re.findall(r"`+", body)]
    fence = "`" * max(3, *(count + 1 for count in ticks), 0)
    return f"<details><summary>{title}</summary>\n\n{fence}text\n{body}\n{fence}\n\n</details>"


def _least(values: Iterable[float | None]) -> float | None:
    figures = {value for value in values if value is not None}
    return min(figures) if len(figures) > 1 else None
