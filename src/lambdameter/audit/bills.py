"""The bill of a table row, from memory size, billed time and price list."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple, get_args

from lambdameter.audit import rows
from lambdameter.model.audit import Figure, PublishedTable
from lambdameter.model.base import Architecture
from lambdameter.model.bill import Price, PriceList

DEFAULT_REGION = "us-east-1"

_MB_MS_PER_GB_S = Decimal(1024 * 1000)
# Slack beyond the rounding of print, since price lists have more digits than texts.
_SLACK = Decimal("0.001")


class Bill(NamedTuple):
    """The bill of a row's runs: compute by architecture, everything else by title."""

    compute: Mapping[Architecture, Decimal]
    extras: Mapping[str, Decimal]

    def whole(self, architecture: Architecture) -> Decimal:
        """The whole bill for an architecture."""
        return self.compute[architecture] + sum(self.extras.values(), Decimal(0))


class Reading(NamedTuple):
    """How a stated cost was computed: the architecture's price, and the omitted items."""

    architecture: Architecture
    usd: Decimal
    left_out: Mapping[str, Decimal]


def architectures(figure: Figure) -> tuple[Architecture, ...]:
    """The possible architectures of a row; x86_64 first, since it is Lambda's default."""
    if figure.architecture:
        return (figure.architecture,)
    return tuple(sorted(get_args(Architecture), reverse=True))


def region(figure: Figure, prices: PriceList) -> Mapping[str, Price] | None:
    """The prices of a row's region; None where the list has none."""
    return prices.regions.get(figure.region or DEFAULT_REGION)


def billed_ms(figure: Figure, table: PublishedTable) -> Decimal | None:
    """Billed time of one run: the row's own, otherwise the Billed Duration of the same call."""
    if figure.billed_ms is not None:
        return figure.billed_ms
    same = (
        row.value
        for row in rows.of(table, "billed")
        if rows.cell(row) == rows.cell(figure) and row.statistic in ("", "mean")
    )
    return next(same, None)


def bill(figure: Figure, table: PublishedTable, prices: PriceList) -> Bill | None:
    """The bill of a row; None where the table lacks something for a bill."""
    listed = region(figure, prices)
    time = billed_ms(figure, table)
    if listed is None or time is None or figure.memory_mb is None:
        return None
    runs = figure.runs if figure.runs is not None else Decimal(1)
    gb_seconds = time * figure.memory_mb / _MB_MS_PER_GB_S * runs
    used = {"lambda.Request": Decimal(1), **figure.uses}
    return Bill(
        compute={
            architecture: gb_seconds * _unit(listed[f"lambda.Duration.{architecture}"])
            for architecture in get_args(Architecture)
        },
        extras={
            listed[service].title: amount * runs * _unit(listed[service])
            for service, amount in used.items()
        },
    )


def reading(figure: Figure, bill: Bill) -> Reading | None:
    """The most favourable way to compute a stated cost: the right price, the fewest omissions.

    Returns:
        None where no part of the bill with compute gives the stated cost.
    """
    own = architectures(figure)
    others = tuple(architecture for architecture in bill.compute if architecture not in own)
    for architecture in (*own, *others):
        for left_out in _choices(bill.extras):
            usd = bill.compute[architecture] + sum(
                (amount for title, amount in bill.extras.items() if title not in left_out),
                Decimal(0),
            )
            if figure.low <= usd * (1 + _SLACK) and usd * (1 - _SLACK) <= figure.high:
                return Reading(architecture, usd, left_out)
    return None


def _choices(extras: Mapping[str, Decimal]) -> Iterator[Mapping[str, Decimal]]:
    """The possible omissions: first none, then small ones, then large ones."""
    choices = (
        dict(chosen)
        for count in range(len(extras) + 1)
        for chosen in itertools.combinations(extras.items(), count)
    )
    return iter(sorted(choices, key=lambda chosen: sum(chosen.values())))


def _unit(price: Price) -> Decimal:
    return price.usd / price.per
