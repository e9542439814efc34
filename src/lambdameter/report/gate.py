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


def decision(told: RunComparison) -> str:
    """The sentence that decides."""
    if told.outcome == "failed":
        return f"HEAD fails: {_worst(told)}."
    if told.outcome == "cannot-tell":
        return f"No decision on HEAD: {_worst(told)}."
    gates = list(dict.fromkeys(one.gate for one in told.verdicts))
    if gates:
        return f"HEAD passes: no variant is more than {listed([_limit(gate) for gate in gates])}."
    ratios = [
        cell.duration_ms.ratio for cell in told.cells if cell.duration_ms and cell.duration_ms.ratio
    ]
    ends = list(dict.fromkeys(units.number(end) for end in (min(ratios), max(ratios))))
    return f"HEAD takes {' to '.join(ends)} times as long as BASE; no limit was given."


def evidence(told: RunComparison) -> list[str]:
    """A sentence for each verdict, the failed ones first; what many have alike is said once."""
    rank = {"failed": 0, "cannot-tell": 1, "passed": 2}
    words = {"failed": "failed", "cannot-tell": "cannot tell", "passed": "passed"}
    found: dict[tuple[Outcome, str], list[str]] = {}
    for one in sorted(told.verdicts, key=lambda one: rank[one.outcome]):
        found.setdefault((one.outcome, _why(one)), []).append(_who(told, one))
    return [
        f"{words[outcome]}: {listed(list(dict.fromkeys(who)))}: {why}"
        for (outcome, why), who in found.items()
    ]


def caveats(told: RunComparison) -> list[str]:
    """What is to be known beside the figures."""
    beside = [
        (
            "the runs were made one after the other, so the intervals do not include "
            "changes of the machine in between"
        )
    ]
    intervals = [
        found
        for cell in told.cells
        if cell.duration_ms and (found := cell.duration_ms.interval) is not None
    ]
    missing = [one for one in intervals if isinstance(one, NotEnough)]
    if missing:
        beside.insert(0, _not_enough(missing[0]))
    if len(intervals) - len(missing) > 1:
        beside.append(
            f"{len(intervals) - len(missing)} cells with an interval each: one of "
            "20 intervals is expected to miss the true value"
        )
    for run, name in ((told.base, "BASE"), (told.head, "HEAD")):
        if not run.complete:
            beside.insert(0, f"{name} is not complete: some of its calls are missing")
    beside += [failed for cell in told.cells if (failed := _failed_calls(told, cell))]
    return beside


def difference(one: ConditionDifference) -> str:
    """One item of the list of what was not alike."""
    return f"{one.what}: {one.base} in BASE, {one.head} in HEAD"


def name(told: RunComparison, variant: str, case: str | None = None) -> str:
    """Whom a figure is of."""
    title = told.variant_titles.get(variant, variant)
    return title if case is None else f"{title} on {told.case_titles.get(case, case)}"


def span(interval: GateInterval | NotEnough | None) -> str:
    """An interval as a sentence has it; empty where there is none."""
    if not isinstance(interval, GateInterval):
        return ""
    return f"{units.number(interval.low)} to {units.number(interval.high)}"


def _worst(told: RunComparison) -> str:
    """The first thing that is as the outcome is."""
    for one in told.verdicts:
        if one.outcome == told.outcome:
            return _verdict(told, one)
    for cell in told.cells:
        if cell.lack is not None:
            return f"{name(told, cell.variant, cell.case)}: {LACKS[cell.lack]}"
    return "the runs have no variant, case and memory size in common"


def _verdict(told: RunComparison, one: GateVerdict) -> str:
    return f"{_who(told, one)}: {_why(one)}"


def _who(told: RunComparison, one: GateVerdict) -> str:
    who = name(told, one.variant, one.case)
    return who if one.memory_mb is None else f"{who} at {one.memory_mb:,} MB"


def _why(one: GateVerdict) -> str:
    if one.lack is not None:
        return LACKS[one.lack]
    if isinstance(one.interval, NotEnough):
        return _not_enough(one.interval)
    if one.ratio is None:
        return "the ratio is not known for both runs"
    does = _DOES[one.gate.kind].format(units.number(one.ratio))
    between = f" ({span(one.interval)})" if one.interval else ""
    wider = "; more environments would narrow the interval" if one.outcome == "cannot-tell" else ""
    return f"{does}{between}, {units.number(1 + one.gate.limit)} allowed{wider}"


def _not_enough(found: NotEnough) -> str:
    return (
        f"an interval needs {found.needed} environments on each side, and BASE has "
        f"{found.base} and HEAD {found.head}: measure with --cold {found.needed} "
        "or more"
    )


def _limit(gate: Gate) -> str:
    return f"{units.percent(gate.limit)} {gate.kind}"


def _failed_calls(told: RunComparison, cell: CellComparison) -> str:
    if cell.lack is not None or not cell.base_errors + cell.head_errors:
        return ""
    return (
        f"{name(told, cell.variant, cell.case)} at {cell.memory_mb:,} MB: "
        f"{cell.base_errors} calls failed in BASE and {cell.head_errors} in HEAD; "
        "no figure includes them"
    )
