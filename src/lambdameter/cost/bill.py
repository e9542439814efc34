"""The bill of one call of each cell, and of a month of calls. Pure.

Compute is memory x billed milliseconds; requests to Lambda and to other services are counted:
https://aws.amazon.com/lambda/pricing/. `NOT_IN_THE_BILL` names what is not included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal

from lambdameter.errors import BadInputError
from lambdameter.model.base import Architecture
from lambdameter.model.bill import Bill, BillLine, CellBill, MonthlyBill, Price, PriceList
from lambdameter.model.sample import Manifest
from lambdameter.model.summary import CellSummary, Summary
from lambdameter.model.workload import ServiceUse

EVENTS_PER_DAY = (1_000_000, 100_000_000, 1_000_000_000)
DAYS_PER_MONTH = 30

_MB_PER_GB = 1024
_MS_PER_S = 1000
_WRITES = "dynamodb.WriteRequestUnit"
REQUEST = "lambda.Request"
DURATION = "lambda.Duration"


def bill_run(manifest: Manifest, summary: Summary, prices: PriceList) -> Bill:
    """The bills of all cells whose warm calls were measured and shown equal.

    Raises:
        BadInputError: the list has no price for the region, the architecture or a service.
    """
    region = regional(prices, manifest.conditions.region)
    cells = (
        bill_cell(cell, region, manifest.conditions.architecture, manifest.workload.service_use)
        for cell in summary.cells
    )
    return Bill(
        region=manifest.conditions.region,
        architecture=manifest.conditions.architecture,
        prices_as_of=prices.as_of,
        days_per_month=DAYS_PER_MONTH,
        cells=tuple(cell for cell in cells if cell is not None),
    )


def bill_cell(
    cell: CellSummary,
    prices: Mapping[str, Price],
    architecture: Architecture,
    service_use: tuple[ServiceUse, ...],
) -> CellBill | None:
    """The bill of one warm call of a cell; None where no warm call was measured.

    INIT is separate: only cold starts pay for it, and the number of cold starts in a month is
    unknown. It is billed as compute for every runtime since August 2025:
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/

    Raises:
        BadInputError: `prices` (of one region) lacks a price.
    """
    warm = cell.warm
    if warm is None or warm.mean_billed_ms is None:
        return None
    duration = _price(prices, f"{DURATION}.{architecture}")
    compute = _gb_seconds(warm.mean_billed_ms, cell.memory_mb)
    used = tuple(use for use in service_use if not use.cases or cell.case in use.cases)
    lines = [
        _line("lambda", duration, compute, touchable=True),
        _line("lambda", _price(prices, REQUEST), Decimal(1)),
        *_services(prices, warm.write_units or 0, used),
    ]
    run_usd = sum((line.usd for line in lines), Decimal(0))
    touchable_usd = sum((line.usd for line in lines if line.touchable), Decimal(0))
    return CellBill(
        variant=cell.variant,
        case=cell.case,
        memory_mb=cell.memory_mb,
        lines=tuple(lines),
        run_usd=run_usd,
        touchable_usd=touchable_usd,
        init_usd=_init_usd(cell, duration),
        monthly=monthly(warm.count, run_usd, touchable_usd),
    )


def regional(prices: PriceList, region: str) -> Mapping[str, Price]:
    """One region's prices.

    Raises:
        BadInputError: the list does not have the region.
    """
    if region not in prices.regions:
        raise BadInputError(
            f"There are no prices for the region {region}",
            place=f"price list of {prices.as_of}",
            next_step=f"Choose one of: {', '.join(sorted(prices.regions))}.",
        )
    return prices.regions[region]


def unit_usd(prices: Mapping[str, Price], name: str) -> Decimal:
    """The price of one unit, US dollars. Raises BadInputError if there is no such price."""
    price = _price(prices, name)
    return price.usd / price.per


def services_usd(
    prices: Mapping[str, Price], write_units: int, service_use: tuple[ServiceUse, ...]
) -> Decimal:
    """The bill of one call's requests to other services, in any case, US dollars.

    Raises:
        BadInputError: `prices` (of one region) lacks a price.
    """
    used = tuple(use for use in service_use if not use.cases)
    return sum((line.usd for line in _services(prices, write_units, used)), Decimal(0))


def monthly(
    events_per_run: int | None, run_usd: Decimal, touchable_usd: Decimal
) -> tuple[MonthlyBill, ...]:
    """The bill of a month at each volume; an event is one unit of work.

    Returns:
        Empty where the number of events per call is unknown.
    """
    if not events_per_run:
        return ()
    volumes = (
        (events, Decimal(events) * DAYS_PER_MONTH / events_per_run) for events in EVENTS_PER_DAY
    )
    return tuple(
        MonthlyBill(
            events_per_day=events,
            runs_per_month=runs,
            usd=runs * run_usd,
            touchable_usd=runs * touchable_usd,
        )
        for events, runs in volumes
    )


def _gb_seconds(billed_ms: float, memory_mb: int) -> Decimal:
    return Decimal(str(billed_ms)) * memory_mb / (_MB_PER_GB * _MS_PER_S)


def _init_usd(cell: CellSummary, duration: Price) -> Decimal | None:
    if cell.cold is None or cell.cold.init_ms is None:
        return None
    return _gb_seconds(math.ceil(cell.cold.init_ms), cell.memory_mb) * duration.usd / duration.per


def _services(
    prices: Mapping[str, Price], write_units: int, used: tuple[ServiceUse, ...]
) -> list[BillLine]:
    """The bill lines of one call's requests to other services."""
    lines = []
    if write_units:
        lines.append(_line("dynamodb", _price(prices, _WRITES), Decimal(write_units)))
    for use in used:
        price = _price(prices, f"{use.service}.{use.operation}")
        lines.append(_line(use.service, price, Decimal(str(use.requests))))
    return lines


def _line(service: str, price: Price, quantity: Decimal, *, touchable: bool = False) -> BillLine:
    unit_usd = price.usd / price.per
    return BillLine(
        item=price.title,
        service=service,
        quantity=quantity,
        unit=price.unit,
        unit_usd=unit_usd,
        usd=quantity * unit_usd,
        touchable=touchable,
        source=price.source,
    )


def _price(prices: Mapping[str, Price], name: str) -> Price:
    if name not in prices:
        raise BadInputError(
            f"There is no price for {name}",
            place="price list",
            next_step=f"The price list has: {', '.join(sorted(prices))}.",
        )
    return prices[name]
