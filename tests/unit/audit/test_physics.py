from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]


@pytest.mark.parametrize(("time", "wrong"), [("30,ns", True), ("10,us", False), ("70,ms", False)])
def test_bytes_are_not_moved_faster_than_any_memory(
    found: Found,
    time: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"metric,part,value,unit,bytes\npart,squares,{time},800000\n"
    assert bool(found("bandwidth", text)) is wrong


def test_a_rate_that_cannot_be_is_told(found: Found) -> None:
    (finding,) = found("bandwidth", "metric,value,unit,bytes\ntotal,30,ns,800000\n")
    assert finding.stated == "800,000 bytes in 30 ns, at least 26.2 TB/s"
    assert finding.right == "At least 800 ns"


@pytest.mark.parametrize(("seconds", "wrong"), [("170", False), ("160", False), ("270", True)])
def test_a_tier_slows_by_no_more_than_the_ratio_of_cpu_shares(
    found: Found,
    seconds: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"metric,value,unit,memory_mb\ntotal,21.2,s,1024\ntotal,{seconds},s,128\n"
    findings = found("cpu-share", text)
    assert [one.lines for one in findings] == ([(3,)] if wrong else [])
    assert all(one.right == "At most 170 s = 8 x 21.2 s" for one in findings)


def test_a_short_call_may_wait_for_a_pause_of_its_tier(found: Found) -> None:
    assert not found("cpu-share", "metric,value,memory_mb\ntotal,1,1024\ntotal,60,128\n")


@pytest.mark.parametrize("other", ["variant,Rust", "call,cold", "case,csv", "records,5"])
def test_other_work_is_not_compared(found: Found, other: str) -> None:
    column, cell = other.split(",")
    own = {"variant": "Python", "call": "warm", "case": "json", "records": "9"}[column]
    text = f"metric,value,memory_mb,{column}\ntotal,1000,1024,{own}\ntotal,90000,128,{cell}\n"
    assert not found("cpu-share", text)


def test_init_is_not_throttled_and_so_not_bound(found: Found) -> None:
    assert not found("cpu-share", "metric,value,memory_mb\ninit,100,1024\ninit,9000,128\n")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("duration,1000,s,1024", True),
        ("duration,800,s,1024", False),
        ("max_memory,200,MB,128", True),
        ("max_memory,128,MB,128", False),
        ("duration,3,ms,64", True),
        ("duration,3,ms,20480", True),
    ],
)
def test_lambdas_limits_hold(found: Found, row: str, wrong: bool) -> None:  # noqa: FBT001 - expected
    assert bool(found("limit", f"metric,value,unit,memory_mb\n{row}\n")) is wrong


def test_another_system_than_lambda_is_not_held_to_its_limits(found: Found) -> None:
    assert not found("limit", "metric,value,unit,system\nduration,1000,s,server\n")


def test_the_environments_that_a_load_needs_are_told(found: Found) -> None:
    text = "metric,value,memory_mb,billed_ms,runs,period\ncost,1,512,900000,{},month\n"
    (finding,) = found("concurrency", text.format(43_200_000))
    assert finding.right == ("15,000 environments at the same time, if the runs are spread evenly")
    assert not found("concurrency", text.format(43_200))
