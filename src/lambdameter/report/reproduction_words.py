"""Judged rows in words, for every format."""

from __future__ import annotations

from collections.abc import Sequence

from lambdameter import units
from lambdameter.analysis.caveat import Caveat
from lambdameter.model.claim import ClaimRow
from lambdameter.model.reproduction import (
    ROW_VERDICTS,
    Estimate,
    HeadlineBill,
    JudgedRow,
    Reproduction,
)

# A mark for each verdict, since verdicts have no colours.
MARKS = {
    "reproduced": "=",
    "same direction": "~",
    "not reproduced": "≠",
    "cannot be so": "!",
    "not judged": "?",
}
LEGEND = (
    "reproduced: the published figure lies in our 95 % interval, widened by the "
    "stated error of our emulation; same direction: our interval lies on the same "
    'side of "no difference"; not reproduced: neither; cannot be so: arithmetic, '
    "price or physics forbids the figure; not judged: more than half of the effect "
    "is modelled, or too little was measured."
)


# Better units for small and large figures: unit -> (factor, new unit, limit).
_SMALLER = {"ms": (1e6, "ns", 0.001)}
_LARGER = {"B": (1e-6, "MB", 1_000_000), "ms": (1e-3, "s", 10_000)}


def published(judged: JudgedRow) -> str:
    """The published figure: "28.9 ms", "50 to 80 ms", "less"."""
    row = judged.row
    if row.side is not None:
        return "less" if row.side == "below" else "more"
    ends = [end for end in (row.low, row.high) if end is not None]
    if row.value is not None:
        return _with_unit(row.value, row)
    return f"{_figure(min(ends), row)} to {_with_unit(max(ends), row)}"


def here(judged: JudgedRow) -> str:
    """Our figure; in parentheses if documented; "recomputed"; "-" where there is none."""
    estimate = judged.estimate
    if estimate is None and judged.row.documented is not None:
        return f"({_with_unit(judged.row.documented.value, judged.row)})"
    if estimate is None and judged.row.table:
        return "recomputed"
    if estimate is None or estimate.value is None or _misleads(judged):
        return units.NOTHING
    return _with_unit(estimate.value, judged.row)


def is_scaled(judged: JudgedRow) -> bool:
    """Whether our figure is for another amount of work, and still printed."""
    scaled = judged.estimate is not None and judged.estimate.scaled != 1
    return scaled and not _misleads(judged)


def _misleads(judged: JudgedRow) -> bool:
    """Whether a figure is for other work than the published one; ratios do not depend on it."""
    estimate = judged.estimate
    return estimate is not None and estimate.scaled != 1 and judged.row.operation == "value"


def interval(judged: JudgedRow) -> str:
    """Both ends: "28.1 to 29.3"; "exact"; "-" where there are too few environments."""
    return units.NOTHING if _misleads(judged) else _interval(judged.estimate, judged.row)


def with_interval(estimate: Estimate) -> str:
    """A study's figure with its interval, if there is one."""
    text = figure(estimate.value)
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} ({figure(estimate.low)} to {figure(estimate.high)})"


def once(judged: JudgedRow) -> str:
    """The result of the published protocol, measured once."""
    estimate = judged.estimate
    if estimate is None or estimate.once is None or _misleads(judged):
        return units.NOTHING
    return _figure(estimate.once, judged.row)


def why(judged: JudgedRow) -> str:
    """The reason of a verdict, with the correct figure if it was recomputed."""
    if judged.here in ("", "the same") or judged.here.rstrip(".") in judged.why:
        return judged.why
    return f"{judged.here.rstrip('.')}. {judged.why}"


def figure(value: float | None) -> str:
    """A figure without its unit."""
    return units.number(value)


def _interval(estimate: Estimate | None, row: ClaimRow) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return units.NOTHING
    if not estimate.environments:
        return "exact"
    return f"{_figure(estimate.low, row)} to {_figure(estimate.high, row)}"


def _unit(row: ClaimRow) -> tuple[float, str]:
    """The factor and the unit of the figures in this row."""
    largest = max((abs(bound) for bound in (row.value, row.low, row.high) if bound), default=1.0)
    factor, unit, below = _SMALLER.get(row.unit, (1.0, row.unit, 0.0))
    if largest < below:
        return factor, unit
    factor, unit, least = _LARGER.get(row.unit, (1.0, row.unit, 0.0))
    return (factor, unit) if largest >= least else (1.0, row.unit)


def _figure(value: float, row: ClaimRow) -> str:
    return units.number(value * _unit(row)[0])


def _with_unit(value: float, row: ClaimRow) -> str:
    text, unit = _figure(value, row), _unit(row)[1]
    if not row.unit and value == int(value):
        return f"{value:.0f}"
    if unit == "USD":
        return f"${text}"
    return f"{text}x" if unit == "x" else f"{text} {unit}".rstrip()


def summary(reproduction: Reproduction) -> str:
    """The number of rows with each verdict, in one sentence."""
    counts = (
        f"{sum(row.verdict == verdict for row in reproduction.rows)} {verdict}"
        for verdict in ROW_VERDICTS
    )
    rows = (
        "1 published row"
        if len(reproduction.rows) == 1
        else f"{len(reproduction.rows)} published rows"
    )
    return f"{rows}: {', '.join(counts)}."


def bill_sentence(bill: HeadlineBill) -> str:
    """The headline compared with the whole bill, in two sentences."""
    of, over = bill.headline.of, bill.headline.over
    compute, whole = units.percent(bill.compute_saved), units.percent(bill.whole_saved)
    return (
        f"{bill.headline.title}: here {over}'s compute is "
        f"{units.number(bill.compute_ratio)} times {of}'s. That saves {compute} of "
        f"the compute, which is {whole} of the whole bill: {over}'s bill is "
        f"{units.number(bill.whole_ratio)} times {of}'s."
    )


def billed(bill: HeadlineBill) -> str:
    """The calls on the bill: "1,000 calls of 50,000"."""
    calls = "a call" if bill.headline.calls == 1 else f"{bill.headline.calls:,} calls"
    return calls if bill.count is None else f"{calls} of {bill.count:,}"


def where(reproduction: Reproduction) -> Sequence[str]:
    """The conditions of our figures, each once."""
    lines = dict.fromkeys(line for run in reproduction.runs for line in run.conditions)
    if any(run.target.latency_model for run in reproduction.runs):
        models = dict.fromkeys(run.target.latency_model for run in reproduction.runs)
        lines |= dict.fromkeys(Caveat.SERVICES.format(model=model) for model in models if model)
    if any(is_scaled(row) for row in reproduction.rows):
        lines[Caveat.LESS_WORK] = None
    return list(lines)
