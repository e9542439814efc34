from __future__ import annotations

from msgspec.structs import replace

from lambdameter.live import likeness
from lambdameter.model import Caveat, LiveLane, LiveSite, LiveTier


def test_the_digest_is_the_one_that_the_page_makes(site: LiveSite) -> None:
    """ui/test/likeness.test.ts has the same site and the same digest."""
    theirs = replace(
        site,
        region="us-east-1",
        records=4_000,
        lanes=(
            LiveLane(name="python", title="Python", runtime="python3.12", zip_bytes=9_000),
            LiveLane(name="rust", title="Rust", runtime="provided.al2023", zip_bytes=4_000_000),
        ),
        caveats=(Caveat(label="CPU", text="cgroup v1"), Caveat(label="latency", text="≈ 3 ms")),
    )
    assert likeness.conditions(theirs) == "d9810a83027562d9"


def test_what_is_no_condition_changes_nothing(site: LiveSite) -> None:
    other = replace(
        site,
        websocket=None,
        token=None,
        tiers=(LiveTier(memory_mb=1_769, vcpu=1.0),),
        caveats=(Caveat(label="1,769 MB", text="a whole vCPU"), Caveat(label="bill", text="x")),
    )
    assert likeness.conditions(other) == likeness.conditions(site)


def test_another_latency_model_is_another_condition(site: LiveSite) -> None:
    other = replace(site, caveats=(Caveat(label="latency", text="none modelled"),))
    assert likeness.conditions(other) != likeness.conditions(site)
