"""What a run costs."""

from __future__ import annotations

from decimal import Decimal

from lambdameter.model.base import Architecture, Record


class BillLine(Record, frozen=True, kw_only=True):
    """One line of a bill, for one run of one cell.

    Attributes:
        touchable: whether a rewrite in another language can change it.
        quantity, unit: what is paid for; unit_usd: the price of one.
        source: where the price stands.
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
    """The bill at a volume: `runs` = events / records in a run, times the days of the month."""

    events_per_day: int
    runs_per_month: Decimal
    usd: Decimal
    touchable_usd: Decimal


class CellBill(Record, frozen=True, kw_only=True):
    """The whole bill of one cell's warm call, and of the INIT that it may have to pay."""

    variant: str
    case: str
    memory_mb: int
    lines: tuple[BillLine, ...]
    run_usd: Decimal
    touchable_usd: Decimal
    init_usd: Decimal | None
    monthly: tuple[MonthlyBill, ...]


class Bill(Record, frozen=True, kw_only=True):
    """The bills of a run, with the price list that they were made from."""

    region: str
    architecture: Architecture
    prices_as_of: str
    days_per_month: int
    cells: tuple[CellBill, ...]


class Price(Record, frozen=True, kw_only=True):
    """One price of AWS's list: `usd` dollars for every `per` units.

    Attributes:
        title: what it is called on a bill.
        as_of: AWS's own publication date of the price (ISO 8601), or "undated".
        source: where it stands.
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


# What no bill here holds, said wherever one is shown.
NOT_IN_THE_BILL = ("the free tier", "volume tiers", "storage", "data transfer", "logs")
