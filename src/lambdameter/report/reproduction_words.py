"""How a judged row reads, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence

from lambdameter import units
from lambdameter.model import ROW_VERDICTS, Estimate, HeadlineBill, JudgedRow, Reproduction

# Verdicts without a colour: a mark and a word.
MARKS = {
    "reproduced": "=",
    "same direction": "~",
    "not reproduced": "≠",
    "cannot be so": "!",
    "not judged": "?",
}
LEGEND = (
    "reproduced: what is published lies in our 95 % interval, widened by the stated error of our "
    "emulation; same direction: our interval excludes no difference on the same side; not "
    "reproduced: otherwise; cannot be so: arithmetic, price or physics forbids it; not judged: "
    "more than half of the effect is what we model ourselves, or too little was measured."
)


def published(judged: JudgedRow) -> str:
    """What the text states: "28.9 ms", "50 to 80 ms", "less"."""
    row = judged.row
    if row.side is not None:
        return "less" if row.side == "below" else "more"
    ends = [one for one in (row.low, row.high) if one is not None]
    if row.value is not None:
        return _with_unit(row.value, row.unit)
    if not ends:
        return row.says
    return f"{figure(min(ends))} to {_with_unit(max(ends), row.unit)}"


def here(judged: JudgedRow) -> str:
    """Our figure; words where it is recomputed; "-" where there is none."""
    if judged.here:
        return judged.here
    estimate = judged.estimate
    if estimate is None or estimate.value is None:
        return units.NOTHING
    return f"{'≈' if estimate.scaled != 1 else ''}{_with_unit(estimate.value, judged.row.unit)}"


def interval(estimate: Estimate | None) -> str:
    """Both ends: "28.1 to 29.3"; "exact"; "-" where there are too few environments."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return units.NOTHING
    if estimate.low == estimate.high:
        return "exact"
    return f"{figure(estimate.low)} to {figure(estimate.high)}"


def with_interval(estimate: Estimate) -> str:
    """A figure with both ends behind it, where it has them."""
    shown = figure(estimate.value)
    return shown if estimate.low is None else f"{shown} ({interval(estimate)})"


def once(judged: JudgedRow) -> str:
    """What the published protocol, made once, would have told."""
    estimate = judged.estimate
    return units.NOTHING if estimate is None else figure(estimate.once)


def figure(value: float | None) -> str:
    """A bare figure; the tiniest keep what a reader compares."""
    return units.number(value)


def summary(told: Reproduction) -> str:
    """The sentence that decides."""
    counts = (
        f"{sum(row.verdict == verdict for row in told.rows)} {verdict}" for verdict in ROW_VERDICTS
    )
    rows = "1 published row" if len(told.rows) == 1 else f"{len(told.rows)} published rows"
    return f"{rows}: {', '.join(counts)}."


def bill_sentence(bill: HeadlineBill) -> str:
    """The headline against the bill."""
    compute, whole = units.percent(bill.compute_saved), units.percent(bill.whole_saved)
    return (
        f"{bill.headline.title}: compute is {units.number(bill.compute_ratio)} times as dear, and "
        f"{compute} of it are saved; that is {whole} of the whole bill, which is "
        f"{units.number(bill.whole_ratio)} times as dear."
    )


def where(told: Reproduction) -> Sequence[str]:
    """What every figure of ours has in it, once."""
    lines = dict.fromkeys(line for run in told.runs for line in run.conditions)
    if any(run.target.latency_model for run in told.runs):
        models = dict.fromkeys(run.target.latency_model for run in told.runs)
        lines |= dict.fromkeys(f"services: {model}" for model in models if model)
    if any(row.estimate and row.estimate.scaled != 1 for row in told.rows):
        lines["≈: measured on less work than was published, and scaled to as much"] = None
    return list(lines)


def _with_unit(value: float, unit: str) -> str:
    if unit == "USD":
        return f"${figure(value)}"
    if unit == "x":
        return f"{figure(value)}x"
    return f"{figure(value)} {unit}".rstrip()
