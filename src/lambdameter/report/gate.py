"""What a comparison says, in sentences: the one that decides, its evidence, its caveats."""

from __future__ import annotations

from collections.abc import Mapping

from lambdameter import units
from lambdameter.model.gate import (
    CellComparison,
    ConditionDifference,
    Gate,
    GateInterval,
    GateVerdict,
    Lack,
    NotEnough,
    Outcome,
    RunComparison,
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


def decision(comparison: RunComparison) -> str:
    """The sentence that decides."""
    if comparison.outcome == "failed":
        return f"HEAD fails: {_worst(comparison)}."
    if comparison.outcome == "cannot-tell":
        return f"No decision on HEAD: {_worst(comparison)}."
    gates = list(dict.fromkeys(verdict.gate for verdict in comparison.verdicts))
    if gates:
        return f"HEAD passes: no variant is more than {listed([_limit(gate) for gate in gates])}."
    ratios = [
        cell.duration_ms.ratio
        for cell in comparison.cells
        if cell.duration_ms and cell.duration_ms.ratio
    ]
    ends = list(dict.fromkeys(units.number(end) for end in (min(ratios), max(ratios))))
    return f"HEAD takes {' to '.join(ends)} times as long as BASE; no limit was given."


def evidence(comparison: RunComparison) -> list[str]:
    """A sentence for each verdict, the failed ones first; what many have alike is said once."""
    rank = {"failed": 0, "cannot-tell": 1, "passed": 2}
    words = {"failed": "failed", "cannot-tell": "cannot tell", "passed": "passed"}
    by_reason: dict[tuple[Outcome, str], list[str]] = {}
    for verdict in sorted(comparison.verdicts, key=lambda verdict: rank[verdict.outcome]):
        by_reason.setdefault((verdict.outcome, _why(verdict)), []).append(_who(comparison, verdict))
    return [
        f"{words[outcome]}: {listed(list(dict.fromkeys(who)))}: {why}"
        for (outcome, why), who in by_reason.items()
    ]


def caveats(comparison: RunComparison) -> list[str]:
    """What is to be known beside the figures."""
    beside = [
        (
            "the runs were made one after the other, so the intervals do not include "
            "changes of the machine in between"
        )
    ]
    intervals = [
        interval
        for cell in comparison.cells
        if cell.duration_ms and (interval := cell.duration_ms.interval) is not None
    ]
    missing = [interval for interval in intervals if isinstance(interval, NotEnough)]
    if missing:
        beside.insert(0, _not_enough(missing[0]))
    if len(intervals) - len(missing) > 1:
        beside.append(
            f"{len(intervals) - len(missing)} cells with an interval each: one of "
            "20 intervals is expected to miss the true value"
        )
    for run, name in ((comparison.base, "BASE"), (comparison.head, "HEAD")):
        if not run.complete:
            beside.insert(0, f"{name} is not complete: some of its calls are missing")
    beside += [failed for cell in comparison.cells if (failed := _failed_calls(comparison, cell))]
    return beside


def difference(item: ConditionDifference) -> str:
    """One item of the list of what was not alike."""
    return f"{item.what}: {item.base} in BASE, {item.head} in HEAD"


def name(comparison: RunComparison, variant: str, case: str | None = None) -> str:
    """Whom a figure is of."""
    title = comparison.variant_titles.get(variant, variant)
    return title if case is None else f"{title} on {comparison.case_titles.get(case, case)}"


def span(interval: GateInterval | NotEnough | None) -> str:
    """An interval as a sentence has it; empty where there is none."""
    if not isinstance(interval, GateInterval):
        return ""
    return units.span(interval.low, interval.high)


def _worst(comparison: RunComparison) -> str:
    """The first thing that is as the outcome is."""
    for verdict in comparison.verdicts:
        if verdict.outcome == comparison.outcome:
            return _verdict(comparison, verdict)
    for cell in comparison.cells:
        if cell.lack is not None:
            return f"{name(comparison, cell.variant, cell.case)}: {LACKS[cell.lack]}"
    return "the runs have no variant, case and memory size in common"


def _verdict(comparison: RunComparison, verdict: GateVerdict) -> str:
    return f"{_who(comparison, verdict)}: {_why(verdict)}"


def _who(comparison: RunComparison, verdict: GateVerdict) -> str:
    who = name(comparison, verdict.variant, verdict.case)
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
    return (
        f"an interval needs {shortage.needed} environments on each side, and BASE has "
        f"{shortage.base} and HEAD {shortage.head}: measure with --cold {shortage.needed} "
        "or more"
    )


def _limit(gate: Gate) -> str:
    return f"{units.percent(gate.limit)} {gate.kind}"


def _failed_calls(comparison: RunComparison, cell: CellComparison) -> str:
    if cell.lack is not None or not cell.base_errors + cell.head_errors:
        return ""
    return (
        f"{name(comparison, cell.variant, cell.case)} at {cell.memory_mb:,} MB: "
        f"{cell.base_errors} calls failed in BASE and {cell.head_errors} in HEAD; "
        "no figure includes them"
    )
