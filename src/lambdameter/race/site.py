"""The site of a race, for the page: where the race runs and under which conditions. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from lambdameter.analysis import caveats
from lambdameter.cost import bill
from lambdameter.model.base import MEMORY_MB_PER_VCPU, Architecture
from lambdameter.model.bill import NOT_IN_THE_BILL, PriceList
from lambdameter.model.race_declaration import RaceDeclaration
from lambdameter.model.race_records import MemorySize, RaceLane, RacePrices, RaceSite, SiteCaveat
from lambdameter.model.sample import TargetInfo
from lambdameter.model.workload import Workload
from lambdameter.race import declaration
from lambdameter.race.staging import RaceWork
from lambdameter.words import listed


class RaceSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What races, and on which target.

    Attributes:
        info: what the target says about itself.
        architecture: of the prices.
    """

    race: RaceDeclaration
    workload: Workload
    work: RaceWork
    info: TargetInfo
    architecture: Architecture


def make(
    setup: RaceSetup,
    memory_sizes: Sequence[int],
    prices: PriceList,
    *,
    websocket: str,
    token: str | None,
) -> RaceSite:
    """Describe the site of a race.

    Raises:
        BadInputError: a price is missing for the region.
    """
    titles = {variant.name: variant.title for variant in setup.workload.variants}
    lanes = tuple(
        RaceLane(
            name=lane,
            title=titles[lane],
            runtime=setup.race.function(f"racer-{lane}").runtime,
            zip_bytes=setup.work.zip_bytes[lane],
        )
        for lane in declaration.LANES
    )
    return RaceSite(
        target=setup.info.name,
        websocket=websocket,
        token=token,
        region=setup.info.region,
        architecture=setup.architecture,
        records=setup.work.records,
        lanes=lanes,
        formats=declaration.FORMATS,
        memory_sizes=tuple(
            MemorySize(memory_mb=size, vcpu=round(size / MEMORY_MB_PER_VCPU, 4))
            for size in memory_sizes
        ),
        conditions=_digest(setup, lanes),
        caveats=tuple(_caveats(setup, memory_sizes)),
        modelled=_modelled(setup.info),
        prices=_prices(setup, prices),
    )


def _digest(setup: RaceSetup, lanes: Sequence[RaceLane]) -> str:
    """A digest of everything that must be the same if races are to be compared."""
    info = setup.info
    conditions = (
        (info.name, info.region, setup.architecture, setup.work.records),
        [(lane.name, lane.runtime, lane.zip_bytes) for lane in lanes],
        tuple(_conditions(info, setup.architecture)),
    )
    return hashlib.sha256(msgspec.json.encode(conditions)).hexdigest()[:16]


def _caveats(setup: RaceSetup, memory_sizes: Sequence[int]) -> Iterator[SiteCaveat]:
    enforcement = setup.info.enforcement
    for label, text in (
        *_conditions(setup.info, setup.architecture),
        *(
            (f"{size:,} MB", caveat)
            for size in memory_sizes
            for caveat in caveats.memory_size(enforcement, size)
        ),
        ("bill", f"first volume tier of the list prices, without {listed(NOT_IN_THE_BILL)}"),
    ):
        if text:
            yield SiteCaveat(label=label, text=text)


def _conditions(info: TargetInfo, priced: Architecture) -> Iterator[tuple[str, str]]:
    """Label and text of each condition; an empty text says nothing."""
    enforced = info.enforcement
    if enforced is None:
        yield "target", "AWS: its own rules, its own services"
        return
    yield "target", "emulated on this machine: no figure here was measured on AWS"
    yield (
        "at the same time",
        (
            "both lanes, the local services and the emulator share this machine's CPUs; "
            "`lambdameter run` measures one variant after the other"
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
        yield "added", f"AWS's own share of Init Duration and memory, modelled: {info.overheads}"
    if info.architecture != priced:
        yield "architecture", f"priced as {priced} but run on {info.architecture}"


def _modelled(info: TargetInfo) -> str | None:
    models = []
    if info.latency_model is not None:
        models.append("service latency")
    if info.overheads is not None:
        models.append("AWS's share of Init Duration and memory")
    return ", ".join(models) or None


def _prices(setup: RaceSetup, prices: PriceList) -> RacePrices:
    regional = bill.regional(prices, setup.info.region)
    services = bill.services_usd(regional, setup.work.write_units, setup.workload.service_use)
    return RacePrices(
        per_request_usd=float(bill.unit_usd(regional, bill.REQUEST)),
        gb_second_usd=float(bill.unit_usd(regional, f"{bill.DURATION}.{setup.architecture}")),
        services_usd_per_race=dict.fromkeys(declaration.LANES, float(services)),
        as_of=prices.as_of,
        region=setup.info.region,
    )
