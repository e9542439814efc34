"""What a comparison says, in sentences: the one that decides, its evidence, its caveats."""

from __future__ import annotations

from collections.abc import Mapping

from lambdameter import units
from lambdameter.model import (
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
from lambdameter.report.look import listed

LACKS: Mapping[Lack, str] = {
    "head-unequal": "HEAD does not do what it must",
    "base-unequal": "BASE does not do what it must, so its times say nothing",
    "head-died": "HEAD dies where BASE answers",
    "base-died": "BASE died",
    "head-missing": "HEAD has no measured warm call",
    "base-missing": "BASE has no measured warm call",
}
_DOES = {
    "slower": "it takes {} times as long",
    "dearer": "it costs {} times as much",
    "bigger": "its package is {} times as big",
}


def decision(told: RunComparison) -> str:
    """The sentence that decides."""
    if told.outcome == "failed":
        return f"HEAD fails: {_worst(told)}."
    if told.outcome == "cannot-tell":
        return f"It cannot be told whether HEAD may pass: {_worst(told)}."
    gates = list(dict.fromkeys(one.gate for one in told.verdicts))
    if gates:
        return f"HEAD passes: nothing is more than {listed([_limit(gate) for gate in gates])}."
    ratios = [
        cell.duration_ms.ratio for cell in told.cells if cell.duration_ms and cell.duration_ms.ratio
    ]
    ends = list(dict.fromkeys(units.number(end) for end in (min(ratios), max(ratios))))
    return f"HEAD takes {' to '.join(ends)} times as long as BASE; no gate was given."


def evidence(told: RunComparison) -> list[str]:
    """A sentence for each verdict, the failed ones first; what many have alike is said once."""
    rank = {"failed": 0, "cannot-tell": 1, "passed": 2}
    words = {"failed": "failed", "cannot-tell": "cannot be told", "passed": "passed"}
    found: dict[tuple[Outcome, str], list[str]] = {}
    for one in sorted(told.verdicts, key=lambda one: rank[one.outcome]):
        found.setdefault((one.outcome, _why(one)), []).append(_who(told, one))
    return [
        f"{words[outcome]}: {listed(list(dict.fromkeys(who)))}: {why}"
        for (outcome, why), who in found.items()
    ]


def caveats(told: RunComparison) -> list[str]:
    """What is to be known beside the figures."""
    beside = ["made one after the other: what the machine did in between is in no interval"]
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
            f"{len(intervals) - len(missing)} cells, each with an interval of its own: one in 20 "
            "is expected to miss"
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
    return "the runs have no cell in common"


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
        return "this is not known of both runs"
    does = _DOES[one.gate.kind].format(units.number(one.ratio))
    between = f" ({span(one.interval)})" if one.interval else ""
    wider = "; more environments narrow that" if one.outcome == "cannot-tell" else ""
    return f"{does}{between}, {units.number(1 + one.gate.limit)} allowed{wider}"


def _not_enough(found: NotEnough) -> str:
    return (
        f"an interval needs {found.needed} environments on each side, and BASE has {found.base}, "
        f"HEAD {found.head}: measure with --cold {found.needed} or more"
    )


def _limit(gate: Gate) -> str:
    return f"{units.percent(gate.limit)} {gate.kind}"


def _failed_calls(told: RunComparison, cell: CellComparison) -> str:
    if cell.lack is not None or not cell.base_errors + cell.head_errors:
        return ""
    return (
        f"{name(told, cell.variant, cell.case)} at {cell.memory_mb:,} MB: {cell.base_errors} calls "
        f"failed in BASE and {cell.head_errors} in HEAD, and are in no figure"
    )
