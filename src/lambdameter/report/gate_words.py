"""HEAD compared with BASE in sentences: the verdict, its evidence, the caveats."""

from __future__ import annotations

from collections.abc import Mapping

from lambdameter import units
from lambdameter.analysis.caveat import Caveat
from lambdameter.model.gate import (
    CellRatios,
    ConditionDifference,
    Gate,
    GateInterval,
    GateReport,
    GateVerdict,
    Lack,
    NotEnough,
    Outcome,
)
from lambdameter.words import listed

LACKS: Mapping[Lack, str] = {
    "head-unequal": "HEAD gives wrong results",
    "base-unequal": "BASE gives wrong results, so its times do not count",
    "head-died": "HEAD dies on a case that BASE answers",
    "base-died": "BASE died",
    "head-missing": "HEAD has no measured warm call",
    "base-missing": "BASE has no measured warm call",
}
_DOES = {
    "slower": "takes {} times as long",
    "dearer": "costs {} times as much",
    "bigger": "has a package {} times as large",
}
_COMPARATIVES = {"slower": "slower", "dearer": "more expensive", "bigger": "larger"}


def decision(report: GateReport) -> str:
    """The verdict, in one sentence."""
    if report.outcome == "failed":
        return f"HEAD fails: {_worst(report)}."
    if report.outcome == "cannot-tell":
        return f"No decision on HEAD: {_worst(report)}."
    gates = list(dict.fromkeys(verdict.gate for verdict in report.verdicts))
    if gates:
        return f"HEAD passes: no variant is more than {listed([_limit(gate) for gate in gates])}."
    ratios = [
        cell.duration_ms.ratio
        for cell in report.cells
        if cell.duration_ms and cell.duration_ms.ratio
    ]
    ends = list(dict.fromkeys(units.number(end) for end in (min(ratios), max(ratios))))
    return f"HEAD takes {' to '.join(ends)} times as long as BASE; no limit was given."


def evidence(report: GateReport) -> list[str]:
    """A sentence for each outcome and reason, failures first."""
    rank = {"failed": 0, "cannot-tell": 1, "passed": 2}
    words = {"failed": "failed", "cannot-tell": "cannot tell", "passed": "passed"}
    by_reason: dict[tuple[Outcome, str], list[str]] = {}
    for verdict in sorted(report.verdicts, key=lambda verdict: rank[verdict.outcome]):
        by_reason.setdefault((verdict.outcome, _why(verdict)), []).append(_who(report, verdict))
    return [
        f"{words[outcome]}: {listed(list(dict.fromkeys(who)))}: {why}"
        for (outcome, why), who in by_reason.items()
    ]


def caveats(report: GateReport) -> list[str]:
    """Beside the figures."""
    beside: list[str] = [Caveat.ONE_AFTER_THE_OTHER]
    intervals = [
        interval
        for cell in report.cells
        if cell.duration_ms and (interval := cell.duration_ms.interval) is not None
    ]
    missing = [interval for interval in intervals if isinstance(interval, NotEnough)]
    if missing:
        beside.insert(0, _not_enough(missing[0]))
    if len(intervals) - len(missing) > 1:
        beside.append(Caveat.SEVERAL_INTERVALS.format(intervals=len(intervals) - len(missing)))
    for run, name in ((report.base, "BASE"), (report.head, "HEAD")):
        if not run.complete:
            beside.insert(0, Caveat.SIDE_INCOMPLETE.format(side=name))
    beside += [failed for cell in report.cells if (failed := _failed_calls(report, cell))]
    return beside


def difference(item: ConditionDifference) -> str:
    """One difference between the conditions of the two runs."""
    return f"{item.topic}: {item.base} in BASE, {item.head} in HEAD"


def name(report: GateReport, variant: str, case: str | None = None) -> str:
    """Title of a variant, on a case if one is given."""
    title = report.variant_titles.get(variant, variant)
    return title if case is None else f"{title} on {report.case_titles.get(case, case)}"


def span(interval: GateInterval | NotEnough | None) -> str:
    """An interval in a sentence; empty where there is none."""
    if not isinstance(interval, GateInterval):
        return ""
    return units.span(interval.low, interval.high)


def _worst(report: GateReport) -> str:
    """The first verdict or cell that decides the outcome."""
    for verdict in report.verdicts:
        if verdict.outcome == report.outcome:
            return _verdict(report, verdict)
    for cell in report.cells:
        if cell.lack is not None:
            return f"{name(report, cell.variant, cell.case)}: {LACKS[cell.lack]}"
    return "the runs have no variant, case and memory size in common"


def _verdict(report: GateReport, verdict: GateVerdict) -> str:
    return f"{_who(report, verdict)}: {_why(verdict)}"


def _who(report: GateReport, verdict: GateVerdict) -> str:
    who = name(report, verdict.variant, verdict.case)
    return who if verdict.memory_mb is None else f"{who} at {verdict.memory_mb:,} MB"


def _why(verdict: GateVerdict) -> str:
    if verdict.lack is not None:
        return LACKS[verdict.lack]
    if isinstance(verdict.interval, NotEnough):
        return _not_enough(verdict.interval)
    if verdict.ratio is None:
        return "the ratio is not known for both runs"
    does = _DOES[verdict.gate.kind].format(units.number(verdict.ratio))
    between = f" ({span(verdict.interval)})" if verdict.interval else ""
    wider = (
        "; more environments would narrow the interval" if verdict.outcome == "cannot-tell" else ""
    )
    return f"{does}{between}, {units.number(1 + verdict.gate.limit)} allowed{wider}"


def _not_enough(shortage: NotEnough) -> str:
    return Caveat.GATE_NEEDS.format(needed=shortage.needed, base=shortage.base, head=shortage.head)


def _limit(gate: Gate) -> str:
    return f"{units.percent(gate.limit)} {_COMPARATIVES[gate.kind]}"


def _failed_calls(report: GateReport, cell: CellRatios) -> str:
    if cell.lack is not None or not cell.base_errors + cell.head_errors:
        return ""
    where = f"{name(report, cell.variant, cell.case)} at {cell.memory_mb:,} MB"
    return Caveat.FAILED_CALLS.format(cell=where, base=cell.base_errors, head=cell.head_errors)
