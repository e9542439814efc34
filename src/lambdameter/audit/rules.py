"""The list of all rules, and the audit.

A rule takes the table and the price list and yields findings. A new rule is a function and a line
in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from lambdameter import units
from lambdameter.audit import arithmetic, bill, bills, consistency, noise, physics, pricing, rows
from lambdameter.model.audit import SEVERITIES, Audit, Figure, Finding, PublishedTable
from lambdameter.model.bill import PriceList

Rule = Callable[[PublishedTable, PriceList], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    arithmetic.formulas,
    arithmetic.per_unit,
    arithmetic.parts,
    arithmetic.order,
    arithmetic.billed,
    arithmetic.monthly,
    pricing.rates,
    pricing.architecture,
    pricing.costs,
    bill.left_out,
    bill.ratios,
    physics.bandwidth,
    physics.cpu_share,
    physics.limits,
    physics.concurrency,
    noise.samples,
    noise.repeats,
    noise.within_noise,
    consistency.contradictions,
)


def audit(table: PublishedTable, prices: PriceList) -> Audit:
    """Apply every rule; the worst findings first, then by line."""
    dependents = rows.Dependents(table)
    findings = (
        msgspec.structs.replace(finding, rests_on_it=_rests_on(dependents, finding))
        for rule in RULES
        for finding in rule(table, prices)
    )
    return Audit(
        table=table,
        prices_as_of=prices.as_of,
        findings=tuple(
            sorted(
                findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.lines)
            )
        ),
        not_checked=tuple(_not_checked(table, prices)),
    )


def _rests_on(dependents: rows.Dependents, finding: Finding) -> tuple[int, ...]:
    """The lines that follow from the wrong rows of a finding.

    Findings of too few samples name none, since they would name every ratio.
    """
    if finding.severity == "too few samples":
        return ()
    return dependents.of(finding.lines)


def _not_checked(table: PublishedTable, prices: PriceList) -> Iterator[str]:
    lacking: dict[str, list[int]] = {}
    for figure in table.figures:
        if reason := _lack(figure, table, prices):
            lacking.setdefault(reason, []).append(figure.line)
    for reason, lines in lacking.items():
        yield f"{units.lines(lines)}: {reason}"


def _lack(figure: Figure, table: PublishedTable, prices: PriceList) -> str:
    """Why a row could not be checked; "" where it could."""
    if figure.metric not in ("cost", "price"):
        nameless = figure.metric == "ratio" and not figure.formula
        return (
            "a ratio that does not say which rows it follows from (column from)" if nameless else ""
        )
    if bills.region(figure, prices) is None:
        return f"a cost in the region {figure.region}, which has no prices here"
    if figure.metric == "price":
        return ""
    lacks: Mapping[str, object] = {
        "memory_mb": figure.memory_mb,
        "billed_ms": bills.billed_ms(figure, table),
    }
    missing = [name for name, value in lacks.items() if value is None]
    return f"a cost without {' and '.join(missing)}" if missing else ""
