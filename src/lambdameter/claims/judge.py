"""The verdict on one row of a published text. Pure.

* *cannot be so*: an audit of the text's table finds that arithmetic, price or physics forbids the
  figure.
* *not judged*: more than half of the published effect is latency from our own model, or too little
  was measured.
* *reproduced*: the published figure lies in our 95 % interval, widened by the stated error.
* *same direction*: our interval excludes "no difference" on the published side.
* *not reproduced*: anything else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from lambdameter import units
from lambdameter.model.audit import Audit, Finding
from lambdameter.model.claim import ClaimRow, Documented, FidelityError
from lambdameter.model.reproduction import Estimate, JudgedRow, RowVerdict

# If more than this share of an effect is modelled latency, we would judge our own model.
MODELLED_MOST = 0.5
# Fewer environments give no valid interval: benchmarks/statistics.py.
ENVIRONMENTS = 10
_NEUTRAL = {"ratio": 1.0, "saving": 0.0, "difference": 0.0}
_ANYTHING_CLOSE = 1e-9


class Evidence(NamedTuple):
    """The evidence for or against a row.

    Attributes:
        estimate: the measured figure; None where the row needs no measurement.
        audit: audit of the text's table; None where the text has no table.
        error: stated error of such figures; None for figures that were measured on AWS.
    """

    estimate: Estimate | None
    audit: Audit | None
    error: FidelityError | None


def judge(source: str, row: ClaimRow, evidence: Evidence) -> JudgedRow:
    """Judge a row by the evidence."""
    findings = _findings(row, evidence.audit)
    forbidden = [finding for finding in findings if finding.severity == "cannot be so"]
    log_error = evidence.error.log_error if evidence.error else 0.0
    here = ""
    if forbidden:
        verdict: RowVerdict = "cannot be so"
        here, why = forbidden[0].right, _explained(forbidden)
    elif evidence.estimate is not None:
        verdict, why = _of_measured(row, evidence.estimate, log_error)
        why = " ".join(part for part in (why, _explained(findings)) if part)
    elif row.documented is not None:
        verdict, why = _of_documented(row, row.documented)
    elif row.table:
        verdict, here, why = _of_recomputed(findings)
    else:
        verdict, why = "not judged", "lambdameter does not measure this figure."
    return JudgedRow(
        source=source,
        row=row,
        verdict=verdict,
        why=why,
        here=here,
        estimate=evidence.estimate,
        log_error=log_error,
    )


def _findings(row: ClaimRow, audit: Audit | None) -> list[Finding]:
    """The findings on the table rows of a claim; without measurements, also on derived rows."""
    if audit is None or not row.table:
        return []
    lines = {figure.line for figure in audit.table.figures if figure.id in row.table}
    return [
        finding
        for finding in audit.findings
        if finding.severity != "too few samples"
        and lines & {*finding.lines, *(() if row.of else finding.rests_on_it)}
    ]


def _explained(findings: Sequence[Finding]) -> str:
    sentences = (f"{finding.right.rstrip('.')}. {finding.why}" for finding in findings)
    return " ".join(dict.fromkeys(sentences))


def _of_recomputed(findings: Sequence[Finding]) -> tuple[RowVerdict, str, str]:
    wrong = [finding for finding in findings if finding.severity == "inconsistent"]
    if wrong:
        return "not reproduced", wrong[0].right, _explained(findings)
    return "reproduced", "the same", _explained(findings)


def _of_documented(row: ClaimRow, documented: Documented) -> tuple[RowVerdict, str]:
    low, high = _published(row)
    same = low - _ANYTHING_CLOSE <= documented.value <= high + _ANYTHING_CLOSE
    return (
        "reproduced" if same else "not reproduced",
        f"Looked up, not measured: {documented.source}",
    )


def _of_measured(row: ClaimRow, ours: Estimate, log_error: float) -> tuple[RowVerdict, str]:
    lack = _lack(row, ours)
    if lack is not None:
        return lack
    value, low, high = (figure or 0.0 for figure in (ours.value, ours.low, ours.high))
    neutral = _NEUTRAL.get(row.operation)
    if row.side is not None and neutral is not None:
        if (high < neutral) if row.side == "below" else (low > neutral):
            return "same direction", ""
        return "not reproduced", _not_that_side(row, value, low, high)
    wide_low, wide_high = _widened(row, low, high, log_error)
    least, most = _published(row)
    if wide_low <= most and least <= wide_high:
        return "reproduced", ""
    if neutral is not None:
        middle = (least + most) / 2
        if (low > neutral and middle > neutral) or (high < neutral and middle < neutral):
            return "same direction", ""
    return "not reproduced", _how_far(row, value, log_error)


def _lack(row: ClaimRow, ours: Estimate) -> tuple[RowVerdict, str] | None:
    """Why a row cannot be judged; a function that died is judged as not reproduced."""
    if ours.died:
        return "not reproduced", f"In these runs, {ours.lack}."
    if ours.value is None:
        return "not judged", f"There is no measured figure: {ours.lack}."
    if ours.scaled != 1 and row.operation == "value":
        less = units.number(ours.scaled).removesuffix(".0")
        why = (
            f"These calls did 1/{less} of the published work, and some costs do "
            "not shrink with the work."
        )
    elif ours.low is None:
        why = (
            f"An interval needs {ENVIRONMENTS} environments, and these runs have "
            f"{ours.environments}."
        )
    elif ours.modelled is not None and ours.modelled > MODELLED_MOST:
        why = f"{units.percent(ours.modelled)} of the effect comes from lambdameter's own model."
    else:
        return None
    return "not judged", why


def _published(row: ClaimRow) -> tuple[float, float]:
    ends = [end for end in (row.value, row.low, row.high) if end is not None]
    return min(ends), max(ends)


def _widened(row: ClaimRow, low: float, high: float, log_error: float) -> tuple[float, float]:
    """An interval widened by the error's factor; of a saving, the ratio is widened."""
    factor = math.exp(log_error)
    if row.operation == "saving":
        of_low, of_high = row.scale - high, row.scale - low
        return row.scale - of_high * factor, row.scale - of_low / factor
    ends = (low / factor, low * factor, high / factor, high * factor)
    return min(ends), max(ends)


def _not_that_side(row: ClaimRow, value: float, low: float, high: float) -> str:
    less = "less" if row.side == "below" else "more"
    measured = f"{units.number(value)} ({units.span(low, high)})"
    return f"The published ratio is {less}, and the measured ratio is {measured}."


def _how_far(row: ClaimRow, value: float, log_error: float) -> str:
    least, most = _published(row)
    nearest = most if value > most else least
    if row.operation in ("saving", "difference") or nearest == 0 or value / nearest <= 0:
        sentence = f"The measured figure is {units.number(value)} {row.unit}"
    else:
        sentence = f"The measured figure is {units.number(value / nearest)} times the published one"
    if not log_error:
        return f"{sentence}."
    return (
        f"{sentence}, which is outside the interval and outside the stated error of "
        f"{_percent(log_error)}."
    )


def _percent(log_error: float) -> str:
    return units.percent(math.expm1(log_error))
