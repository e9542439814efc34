from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from lambdameter.analysis import caveats
from lambdameter.errors import HostError
from lambdameter.measure.host_limits import check_granted
from lambdameter.model.sample import Enforcement, TargetInfo

CGROUP = Enforcement(by="cgroup v1", cpu="quota", memory="limit", freeze="freezer", isolation="")


def info(enforced: Enforcement | None) -> TargetInfo:
    return TargetInfo(
        name="local",
        region="us-east-1",
        architecture="arm64",
        enforcement=enforced,
        engines={},
        runtimes={},
        latency_model=None,
    )


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("none", "NO LIMIT IS ENFORCED, neither CPU nor memory: run as root"),
        (
            "duty cycle",
            ("CPU AND MEMORY LIMITS ARE ONLY APPROXIMATED BY A DUTY CYCLE: run as root"),
        ),
        ("cgroup v2", "run as root"),
    ],
)
def test_what_is_missing_is_told_by_the_way_that_is_left(by: str, told: str) -> None:
    lacking = msgspec.structs.replace(CGROUP, by=by, missing="run as root")
    assert caveats.enforcement(lacking, (128,)) == [told]


def test_a_host_that_enforces_all_and_aws_lack_nothing() -> None:
    assert caveats.enforcement(CGROUP, (128, 10_240)) == caveats.enforcement(None, (128,)) == []


def test_a_tier_that_the_host_cannot_grant_is_a_warning() -> None:
    told = io.StringIO()
    small = msgspec.structs.replace(CGROUP, memory_mb=1_000)
    check_granted(info(small), (128, 2_048), Console(file=told), required=False)
    assert told.getvalue().startswith("warning: at 2,048 MB: LESS MEMORY THAN ON LAMBDA")


def test_what_is_lacking_is_refused_where_all_is_required() -> None:
    small = msgspec.structs.replace(CGROUP, memory_mb=1_000)
    with pytest.raises(HostError, match="does not enforce Lambda's limits: at 2,048 MB"):
        check_granted(info(small), (2_048,), Console(file=io.StringIO()), required=True)
