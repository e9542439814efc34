"""Costs and prices compared with the price list: the right architecture, the right product."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from lambdameter.audit import bills, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.base import Architecture
from lambdameter.model.bill import PriceList

# A cost that is rounded by more than this share misleads whoever multiplies it.
_COARSE = Decimal("0.05")
_POWERS = (10, 100, 1_000, 10_000, 100_000, 1_000_000)


def rates(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """A stated price must be the list's price for the architecture of the row."""
    for figure in rows.of(table, "price"):
        listed = bills.region(figure, prices)
        if listed is None:
            continue
        usd = {
            architecture: listed[f"lambda.Duration.{architecture}"].usd
            for architecture in get_args(Architecture)
        }
        own = bills.architectures(figure)
        if any(figure.low <= usd[architecture] <= figure.high for architecture in own):
            continue
        wrong = [
            architecture for architecture in usd if figure.low <= usd[architecture] <= figure.high
        ]
        yield Finding(
            rule="price",
            severity="cannot be so",
            lines=(figure.line,),
            stated=figure.printed + (f" for {own[0]}" if wrong else ""),
            right=" or ".join(
                f"${usd[architecture]}/GB-s ({architecture})" for architecture in own
            ),
            why=_other(own[0], wrong[0])
            if wrong
            else f"The price list of {prices.as_of} has another price for this region.",
        )


def architecture(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """A cost must use its own architecture's price. One finding for each kind of mistake."""
    wrong: dict[tuple[Architecture, Architecture], list[tuple[Figure, Decimal]]] = {}
    for figure in rows.of(table, "cost"):
        bill = bills.bill(figure, table, prices)
        reading = bills.reading(figure, bill) if bill is not None else None
        own = bills.architectures(figure)
        if bill is not None and reading is not None and reading.architecture not in own:
            right = reading.usd - bill.compute[reading.architecture] + bill.compute[own[0]]
            wrong.setdefault((own[0], reading.architecture), []).append((figure, right))
    for (stated, used), costs in wrong.items():
        more = f" and {len(costs) - 1} more" if len(costs) > 1 else ""
        first, right = costs[0]
        yield Finding(
            rule="architecture",
            severity="cannot be so",
            lines=rows.lines(figure for figure, _ in costs),
            stated=f"{first.printed} (line {first.line}){more}, for {stated}",
            right=f"{rows.formatted('money', right)} at the {stated} price (line {first.line})",
            why=_other(stated, used),
        )


def costs(table: PublishedTable, prices: PriceList) -> Iterator[Finding]:
    """A cost must be memory x billed time x price x runs, with or without other items."""
    for figure in rows.of(table, "cost"):
        bill = bills.bill(figure, table, prices)
        if bill is None:
            continue
        reading = bills.reading(figure, bill)
        if reading is None:
            yield _no_product(figure, bill, bills.billed_ms(figure, table) or Decimal(0))
        elif _is_coarse(figure, reading.usd):
            yield Finding(
                rule="rounding",
                severity="inconsistent",
                lines=(figure.line,),
                stated=figure.printed,
                right=rows.formatted("money", reading.usd),
                why="Rounding changed this figure by "
                f"{abs(figure.value / reading.usd - 1):.0%}, and every figure "
                "computed from it.",
            )


def _is_coarse(figure: Figure, usd: Decimal) -> bool:
    about = figure.printed.startswith(("~", "≈"))
    return usd > 0 and not about and abs(figure.value / usd - 1) > _COARSE


def _no_product(figure: Figure, bill: bills.Bill, billed_ms: Decimal) -> Finding:
    own = bills.architectures(figure)[0]
    whole = bill.whole(own) if not figure.covers else bill.compute[own]
    runs = figure.runs if figure.runs is not None else Decimal(1)
    slipped = next(
        (power for power in _POWERS if figure.low <= bill.compute[own] / power <= figure.high), None
    )
    hint = f" The stated figure is the cost of one in {slipped:,} of these runs." if slipped else ""
    return Finding(
        rule="cost",
        severity="cannot be so",
        lines=(figure.line,),
        stated=f"{figure.printed} for {_runs(runs)} of {rows.formatted('time', billed_ms)} "
        f"at {figure.memory_mb:,} MB",
        right=f"{rows.formatted('money', whole)}, of which "
        f"{rows.formatted('money', bill.compute[own])} are compute ({own})",
        why=f"Lambda charges memory size x billed duration x calls, and a fee for each call.{hint}",
    )


def _runs(runs: Decimal) -> str:
    return "a run" if runs == 1 else f"{runs:,f} runs"


def _other(stated: Architecture, used: Architecture) -> str:
    return f"This is the {used} price: a GB-second of {stated} has another."
