from __future__ import annotations

import msgspec
import pytest

from lambdameter.cost.price_list import latest
from lambdameter.errors import BadInputError
from lambdameter.model.race_records import RaceSite
from lambdameter.model.sample import Enforcement, TargetInfo
from lambdameter.race import declaration, staging
from lambdameter.race import site as race_site
from lambdameter.workload.loader import load

LOCAL = TargetInfo(
    name="local",
    region="us-east-1",
    architecture="x86_64",
    enforcement=Enforcement(
        by="cgroup v2",
        cpu="quota",
        memory="limit",
        freeze="freezer",
        isolation="namespaces",
        memory_mb=1_000,
    ),
    engines={"dynamodb": "an engine 1.0"},
    runtimes={"python3.12": "Python 3.12.1"},
    latency_model="a model",
    overheads="overheads 1",
)
AWS = TargetInfo(
    name="aws",
    region="us-east-1",
    architecture="arm64",
    enforcement=None,
    engines={},
    runtimes={},
    latency_model=None,
)


def site(
    info: TargetInfo,
    write_units: int = 50_000,
    records: int = 50_000,
    rust_bytes: int = 2,
    memory_sizes: tuple[int, ...] = (128, 1_769),
) -> RaceSite:
    race = declaration.load()
    zip_bytes = {"python": 1, "rust": rust_bytes}
    work = staging.RaceWork(records=records, write_units=write_units, zip_bytes=zip_bytes)
    setup = race_site.RaceSetup(
        race=race,
        workload=load(race.workload),
        work=work,
        info=info,
        architecture="arm64",
    )
    return race_site.make(setup, memory_sizes, latest(), websocket="ws://x", token=None)


def caveats(described: RaceSite) -> dict[str, str]:
    return {caveat.label: caveat.text for caveat in described.caveats}


def test_lanes_are_named_as_the_workload_names_its_variants() -> None:
    lanes = {one.name: (one.title, one.zip_bytes) for one in site(LOCAL).lanes}
    assert lanes == {"python": ("Python", 1), "rust": ("Rust", 2)}


def test_a_tier_has_its_share_of_a_vcpu() -> None:
    assert [size.vcpu for size in site(LOCAL).memory_sizes] == [0.0724, 1.0]


def test_what_was_enforced_and_modelled_is_caveats() -> None:
    described = site(LOCAL)
    assert caveats(described)["enforced by"] == "cgroup v2"
    assert caveats(described)["dynamodb"] == "an engine 1.0"
    assert caveats(described)["python3.12"] == "Python 3.12.1"
    assert caveats(described)["architecture"] == "priced as arm64 but run on x86_64"
    assert "LESS MEMORY THAN ON LAMBDA" in caveats(described)["1,769 MB"]
    assert "missing" not in caveats(described)
    assert described.modelled == "service latency, AWS's share of Init Duration and memory"


def test_faults_and_a_host_that_enforces_nothing_are_said_aloud() -> None:
    assert LOCAL.enforcement is not None
    nothing = msgspec.structs.replace(LOCAL.enforcement, by="none", cpu="", missing="a reason")
    info = msgspec.structs.replace(LOCAL, enforcement=nothing, faults="cut=0.1")
    shown = caveats(site(info))
    assert shown["enforced by"].startswith("NOTHING")
    assert shown["missing"] == "a reason"
    assert shown["faults"] == "INJECTED: cut=0.1"


def test_on_aws_nothing_is_modelled() -> None:
    described = site(AWS)
    assert described.modelled is None
    assert caveats(described).keys() == {"target", "bill"}


def test_prices_are_those_of_the_list() -> None:
    prices = site(LOCAL).prices
    assert prices.gb_second_usd == pytest.approx(0.0000133334)
    assert prices.per_request_usd == pytest.approx(0.2 / 1e6)
    writes, read = 50_000 * 0.625 / 1e6, 0.0004 / 1e3
    assert prices.services_usd_per_race == pytest.approx(
        dict.fromkeys(("python", "rust"), writes + read)
    )


def test_a_region_without_prices_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="no prices for the region moon-1"):
        site(msgspec.structs.replace(LOCAL, region="moon-1"))


@pytest.mark.parametrize(
    "other",
    [
        site(AWS),
        site(msgspec.structs.replace(LOCAL, region="eu-west-1")),
        site(LOCAL, records=5),
        site(LOCAL, rust_bytes=3),
        site(msgspec.structs.replace(LOCAL, latency_model="another")),
        site(msgspec.structs.replace(LOCAL, latency_model=None)),
        site(msgspec.structs.replace(LOCAL, faults="throttling")),
        site(msgspec.structs.replace(LOCAL, architecture="arm64")),
    ],
)
def test_races_are_not_compared_where_anything_else_was_enforced_modelled_or_run(
    other: RaceSite,
) -> None:
    assert other.conditions != site(LOCAL).conditions


def test_they_are_whatever_tiers_are_offered_and_whatever_the_bill() -> None:
    assert site(LOCAL, write_units=1, memory_sizes=(3_008,)).conditions == site(LOCAL).conditions
