"""Bills and prices, in US dollars."""

from __future__ import annotations

from decimal import Decimal

from lambdameter.model.base import Architecture, CellKey, Record


class BillLine(Record, frozen=True, kw_only=True):
    """One line of the bill of one call.

    Attributes:
        touchable: whether a rewrite in another language can change the amount.
        quantity, unit: how much is paid for; unit_usd: the price of one unit.
        source: URL of the price.
    """

    item: str
    service: str
    quantity: Decimal
    unit: str
    unit_usd: Decimal
    usd: Decimal
    touchable: bool
    source: str


class MonthlyBill(Record, frozen=True, kw_only=True):
    """The bill of a month; `runs_per_month` = events per day / events per call x days."""

    events_per_day: int
    runs_per_month: Decimal
    usd: Decimal
    touchable_usd: Decimal


class CellBill(Record, frozen=True, kw_only=True):
    """The whole bill of one warm call of a cell; `init_usd` is paid by a cold start only."""

    variant: str
    case: str
    memory_mb: int
    lines: tuple[BillLine, ...]
    run_usd: Decimal
    touchable_usd: Decimal
    init_usd: Decimal | None
    monthly: tuple[MonthlyBill, ...]

    @property
    def key(self) -> CellKey:
        """Variant, case and memory size."""
        return self.variant, self.case, self.memory_mb


class Bill(Record, frozen=True, kw_only=True):
    """The bills of a run's cells, with the date of the price list."""

    region: str
    architecture: Architecture
    prices_as_of: str
    days_per_month: int
    cells: tuple[CellBill, ...]


class Price(Record, frozen=True, kw_only=True):
    """One price of AWS's list: `usd` dollars for every `per` units.

    Attributes:
        title: the name of the item on a bill.
        as_of: AWS's own publication date of the price (ISO 8601), or "undated".
        source: URL of the price.
    """

    title: str
    usd: Decimal
    per: int
    unit: str
    as_of: str
    source: str


class PriceList(Record, frozen=True, kw_only=True):
    """Region -> "service.what" -> price, for instance us-east-1 -> "s3.GetObject"."""

    as_of: str
    regions: dict[str, dict[str, Price]]


# Stated beside every bill: the items that no bill here includes.
NOT_IN_THE_BILL = ("the free tier", "volume tiers", "storage", "data transfer", "logs")
