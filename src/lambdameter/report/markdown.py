"""A run, a sweep, or two runs held against each other, as the comment of a pull request.

GitHub-flavoured: https://github.github.com/gfm/. The sentence that decides comes first, then the
figures; what few readers want is folded away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from lambdameter import units
from lambdameter.analysis import caveats, find, latency_curves, stopping
from lambdameter.analysis.decision import decide
from lambdameter.analysis.latency_curves import Curve, Point
from lambdameter.model.gate import CellComparison, GateInterval, RunComparison
from lambdameter.model.report import ReportInput
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.model.sweep import SweepInput
from lambdameter.report import gate, outlying, sure
from lambdameter.report.distribution import distribution
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.report.look import prose
from lambdameter.report.terminal import what_ran

# GitHub refuses a longer comment.
LONGEST = 65_536
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&@])")
_LEFT_OUT = "Omitted, because a GitHub comment has a maximum length: {}."


def run(run: ReportInput) -> str:
    """A run: what to do, a table for each tier, its caveats."""
    parts = list(_decisions(run))
    for memory_mb in find.tiers(run):
        parts += [f"#### Warm calls at {memory_mb:,} MB", _tier(run, memory_mb)]
    parts.append(_list(escape(caveat) for caveat in _caveats(run)))
    folded = [("Equality", equality(run).plain)]
    if failed := [block.plain for block in failures(run)]:
        folded.append(("What went wrong", "\n\n".join(failed)))
    folded += [
        (f"Every warm call at {memory_mb:,} MB", drawn.plain)
        for memory_mb in find.tiers(run)
        if (drawn := distribution(run, memory_mb, {}))
    ]
    for memory_mb in find.tiers(run):
        folded += _certainty(run, memory_mb)
    folded.append(("What ran", what_ran(run).plain))
    return _whole(parts, folded)


def _certainty(run: ReportInput, memory_mb: int) -> Iterator[tuple[str, str]]:
    """How sure the figures of a tier are, and what lies far from the rest."""
    if certain := sure.sure(run, memory_mb, {}):
        head = "; ".join(sure.beside(run, memory_mb))
        body = "\n".join(block.plain for block in certain)
        yield f"Confidence intervals at {memory_mb:,} MB", f"{prose(head)}\n{body}"
    far = outlying.outlying(run, memory_mb, {})
    if far is not None:
        head = "; ".join(outlying.BESIDE)
        yield f"Outliers at {memory_mb:,} MB", f"{prose(head)}\n{far.plain}"


def sweep(sweep: SweepInput) -> str:
    """A sweep: what a variant saves at each latency, a table for each tier."""
    first = sweep.runs[0]
    parts = [f"**{escape(sentence)}**" for sentence in latency_curves.sentences(sweep)]
    heads = ["", "variant", "latency ms", "reference ms", "variant ms", "ratio", "95 % interval"]
    heads += ["billed ratio", "bill saved %"]
    for memory_mb in find.tiers(first):
        curves = latency_curves.curves(sweep, memory_mb)
        if curves:
            rows = [_point(first, curve, point) for curve in curves for point in curve.points]
            parts += [f"#### Warm calls at {memory_mb:,} MB", _table(heads, rows)]
    beside = [*caveats.target(first), *latency_curves.beside(sweep)]
    parts.append(_list(escape(caveat) for caveat in beside))
    folders = [
        f"{latency_curves.number(swept.latency_ms)}: {run.folder}"
        for swept, run in zip(sweep.sweep.runs, sweep.runs, strict=True)
    ]
    folded = [("What ran", what_ran(latency_curves.with_every_latency(sweep)).plain)]
    folded += [("Run folders", "\n".join(folders))]
    return _whole(parts, folded)


def _point(run: ReportInput, curve: Curve, point: Point) -> list[str]:
    latency = f"{point.latency_ms:.10g}"
    names = [escape(find.case_title(run, curve.case))]
    names += [escape(find.variant_title(run, curve.variant)), latency]
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


def comparison(comparison: RunComparison) -> str:
    """Two runs: whether HEAD passes, a table for each tier, what was not alike."""
    parts = [f"**{escape(gate.decision(comparison))}**"]
    for memory_mb in dict.fromkeys(cell.memory_mb for cell in comparison.cells):
        cells = [cell for cell in comparison.cells if cell.memory_mb == memory_mb]
        parts += [f"#### Warm calls at {memory_mb:,} MB", _cells(comparison, cells)]
    if comparison.packages:
        parts += ["#### Packages, zipped", _packages(comparison)]
    beside = [
        *gate.caveats(comparison),
        *(gate.difference(difference) for difference in comparison.differences),
    ]
    parts.append(_list(escape(caveat) for caveat in beside))
    folded = []
    if comparison.verdicts:
        folded.append(("Every limit", "\n".join(gate.evidence(comparison))))
    folded.append(("Runs", f"BASE  {comparison.base.folder}\nHEAD  {comparison.head.folder}"))
    return _whole(parts, folded)


def escape(text: str) -> str:
    """Text that GitHub shows as it is: on one line, no markup, nobody mentioned."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\@", "@<!-- -->")


def _decisions(run: ReportInput) -> Iterator[str]:
    if run.manifest.target.faults is not None:
        yield f"**FAULTS WERE INJECTED:** {escape(run.manifest.target.faults)}"
    evidence: dict[str, list[str]] = {}
    for decision in decide(run):
        evidence.setdefault(decision.verdict, []).extend(decision.evidence)
    for verdict, sentences in evidence.items():
        yield f"**{escape(verdict)}**"
        if sentences:
            yield escape(" ".join(sentences))


def _caveats(run: ReportInput) -> Iterator[str]:
    """Those of what is shown here."""
    if (ended := stopping.ended(run)) is not None:
        yield ended
    yield from caveats.target(run)
    for memory_mb in find.tiers(run):
        for lacking in caveats.tier(run.manifest.target.enforcement, memory_mb):
            yield f"at {memory_mb:,} MB: {lacking}"
    yield from caveats.speed(run)
    yield from caveats.exhibits(run)
    yield from caveats.memory(run)
    yield from caveats.bill(run)


def _tier(run: ReportInput, memory_mb: int) -> str:
    heads = ["", "variant", "calls", "time ms", "Init ms", "bill of a run µ$", "bill of a run µ$"]
    rows = []
    for case in find.cases(run):
        cells = find.tier(run, memory_mb, case)
        times = [find.raced_ms(cell.warm) for cell in cells]
        best = _least(times)
        rows += [_row(run, cell, best) for cell in cells]
    return _table(heads, rows)


def _row(run: ReportInput, cell: CellSummary, best: float | None) -> list[str]:
    names = [
        escape(find.case_title(run, cell.case)),
        escape(find.variant_title(run, cell.variant)),
    ]
    warm = cell.warm
    ms = find.raced_ms(warm)
    if warm is None or ms is None:
        return [*names, _calls(warm), _why(run, cell), "", "", ""]
    bill = find.bill(run, cell)
    figure = units.ms(ms)
    return [
        *names,
        _calls(warm),
        f"**{figure}**" if ms == best else figure,
        units.ms(cell.cold.init_ms if cell.cold else None),
        units.NOTHING if warm.max_memory_mb is None else f"{warm.max_memory_mb:,}",
        units.number(None if bill is None else bill.run_usd * 1_000_000),
    ]


def _why(run: ReportInput, cell: CellSummary) -> str:
    """In place of figures, why there are none."""
    if find.died(cell.warm) and cell.warm is not None and cell.warm.error is not None:
        return f"died: {escape(cell.warm.error.type)}"
    if find.equality(run, cell.case) is not None and not find.is_equal(run, cell.case):
        return "not equal"
    return "not measured"


def _calls(call: CallSummary | None) -> str:
    if call is None:
        return "0"
    return f"{call.n - call.errors} of {call.n}" if call.errors else str(call.n)


def _cells(comparison: RunComparison, cells: Iterable[CellComparison]) -> str:
    heads = ["", "variant", "Duration BASE ms", "HEAD ms", "ratio", "95 % interval"]
    heads += ["billed ratio", "bill ratio", "Max Memory ratio"]
    rows = []
    for cell in cells:
        names = [
            escape(comparison.case_titles.get(cell.case, cell.case)),
            escape(gate.name(comparison, cell.variant)),
        ]
        duration = cell.duration_ms
        if cell.lack is not None or duration is None:
            rows.append([*names, gate.LACKS[cell.lack] if cell.lack else "", *[""] * 6])
            continue
        is_told = isinstance(duration.interval, GateInterval)
        rows.append(
            [
                *names,
                units.ms(duration.base),
                units.ms(duration.head),
                f"**{units.number(duration.ratio)}**",
                gate.span(duration.interval) if is_told else "too few environments",
                units.number(cell.billed_ms.ratio if cell.billed_ms else None),
                units.number(cell.bill.ratio if cell.bill else None),
                units.number(cell.max_memory_mb.ratio if cell.max_memory_mb else None),
            ]
        )
    return _table(heads, rows)


def _packages(comparison: RunComparison) -> str:
    rows = [
        [
            escape(gate.name(comparison, package.variant)),
            *(
                units.number(None if size is None else size / 1_000)
                for size in (package.zip_bytes.base, package.zip_bytes.head)
            ),
            units.number(package.zip_bytes.ratio),
        ]
        for package in comparison.packages
    ]
    return _table(["variant", "BASE kB", "HEAD kB", "ratio"], rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Words left, figures right: a column without a unit or a count holds words."""
    rule = [":--" if head in ("", "variant") else "--:" for head in heads]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"* {item}" for item in items)


def _whole(parts: Sequence[str], folded: Sequence[tuple[str, str]]) -> str:
    """Everything; what no longer fits is left out from the end, and that is said."""
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
    """A block that opens by a click; a longer fence than any in it keeps it as it is."""
    ticks = [len(match) for match in re.findall(r"`+", body)]
    fence = "`" * max(3, *(count + 1 for count in ticks), 0)
    return f"<details><summary>{title}</summary>\n\n{fence}text\n{body}\n{fence}\n\n</details>"


def _least(values: Iterable[float | None]) -> float | None:
    figures = {value for value in values if value is not None}
    return min(figures) if len(figures) > 1 else None
