"""Where a live race is held and under which conditions, as its page is told. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from lambdameter.analysis import caveats
from lambdameter.cost import bill
from lambdameter.model.base import MEMORY_MB_PER_VCPU, Architecture
from lambdameter.model.bill import NOT_IN_THE_BILL, PriceList
from lambdameter.model.live import Caveat, LiveLane, LivePrices, LiveSite, LiveTier
from lambdameter.model.race import Race
from lambdameter.model.sample import TargetInfo
from lambdameter.model.workload import Workload
from lambdameter.race import declaration
from lambdameter.race.staging import Work
from lambdameter.words import listed


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What is raced, on what.

    Attributes:
        info: what the target says of itself.
        architecture: that of AWS's prices.
    """

    the_race: Race
    task: Workload
    work: Work
    info: TargetInfo
    architecture: Architecture


def site(
    place: Place, tiers: Sequence[int], prices: PriceList, *, websocket: str, token: str | None
) -> LiveSite:
    """All of it.

    Raises:
        BadInputError: a price is missing for the region.
    """
    titles = {one.name: one.title for one in place.task.variants}
    lanes = tuple(
        LiveLane(
            name=lane,
            title=titles[lane],
            runtime=place.the_race.function(f"racer-{lane}").runtime,
            zip_bytes=place.work.zip_bytes[lane],
        )
        for lane in declaration.LANES
    )
    return LiveSite(
        target=place.info.name,
        websocket=websocket,
        token=token,
        region=place.info.region,
        architecture=place.architecture,
        records=place.work.records,
        lanes=lanes,
        formats=declaration.FORMATS,
        tiers=tuple(
            LiveTier(memory_mb=tier, vcpu=round(tier / MEMORY_MB_PER_VCPU, 4)) for tier in tiers
        ),
        conditions=_digest(place, lanes),
        caveats=tuple(_caveats(place, tiers)),
        modelled=_modelled(place.info),
        prices=_prices(place, prices),
    )


def _digest(place: Place, lanes: Sequence[LiveLane]) -> str:
    """Of all that must be the same where races are compared with each other."""
    info = place.info
    told = (
        (info.name, info.region, place.architecture, place.work.records),
        [(lane.name, lane.runtime, lane.zip_bytes) for lane in lanes],
        tuple(_conditions(info, place.architecture)),
    )
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:16]


def _caveats(place: Place, tiers: Sequence[int]) -> Iterator[Caveat]:
    info = place.info
    for label, text in (
        *_conditions(info, place.architecture),
        *(
            (f"{tier:,} MB", told)
            for tier in tiers
            for told in caveats.memory_size(info.enforcement, tier)
        ),
        ("bill", f"first volume tier of the list prices, without {listed(NOT_IN_THE_BILL)}"),
    ):
        if text:
            yield Caveat(label=label, text=text)


def _conditions(info: TargetInfo, priced: Architecture) -> Iterator[tuple[str, str]]:
    if info.enforcement is None:
        yield "target", "AWS: its own rules, its own services"
        return
    enforced = info.enforcement
    yield "target", "emulated on this machine: no figure here was measured on AWS"
    yield (
        "at the same time",
        (
            "both lanes, the local services and the emulator share these CPUs; "
            "`lambdameter run` measures one after the other"
        ),
    )
    yield (
        "speed",
        info.calibration.line
        if info.calibration
        else "this machine's own CPUs, which may be faster or slower than Lambda's: "
        "see `lambdameter doctor --calibrate`",
    )
    yield "enforced by", enforced.by if enforced.by != "none" else "NOTHING: no limit is enforced"
    yield "CPU", enforced.cpu
    yield "memory", enforced.memory
    yield "freeze", enforced.freeze
    yield "isolation", enforced.isolation
    yield "missing", enforced.missing
    yield from info.engines.items()
    yield from info.runtimes.items()
    yield "latency", info.latency_model or "not modelled"
    if info.faults is not None:
        yield "faults", f"INJECTED: {info.faults}"
    if info.overheads is not None:
        yield "added", (f"AWS's own share of Init Duration and memory, modelled: {info.overheads}")
    if info.architecture != priced:
        yield "architecture", f"priced as {priced} but run on {info.architecture}"


def _modelled(info: TargetInfo) -> str | None:
    models = []
    if info.latency_model is not None:
        models.append("service latency")
    if info.overheads is not None:
        models.append("AWS's share of Init Duration and memory")
    return ", ".join(models) or None


def _prices(place: Place, prices: PriceList) -> LivePrices:
    here = bill.regional(prices, place.info.region)
    services = bill.services_usd(here, place.work.write_units, place.task.service_use)
    return LivePrices(
        per_request_usd=float(bill.unit_usd(here, bill.REQUEST)),
        gb_second_usd=float(bill.unit_usd(here, f"{bill.DURATION}.{place.architecture}")),
        services_usd_per_race=dict.fromkeys(declaration.LANES, float(services)),
        as_of=prices.as_of,
        region=place.info.region,
    )
