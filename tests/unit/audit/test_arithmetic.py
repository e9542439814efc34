from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]


@pytest.mark.parametrize(
    ("stated", "from_", "wrong"),
    [
        ("3.3,x", "b / a", False),  # 469 / 140 is 3.35, and 468.5 / 140.5 is 3.33
        ("3.2,x", "b / a", True),
        ("70,%", "1 - a / b", False),
        ("33,%", "1 - a / b", True),
    ],
)
def test_a_ratio_is_what_its_figures_give_within_their_rounding(
    found: Found,
    stated: str,
    from_: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"id,metric,value,unit,from\na,total,140,ms,\nb,total,469,ms,\n,ratio,{stated},{from_}\n"
    assert [one.lines for one in found("arithmetic", text)] == ([(4,)] if wrong else [])


def test_what_a_ratio_would_have_to_be_is_told_in_its_own_unit(found: Found) -> None:
    text = "id,metric,value,unit,from\na,total,50,ms,\nb,total,200,ms,\n,ratio,50,%,1 - a / b\n"
    (finding,) = found("arithmetic", text)
    assert (finding.stated, finding.right) == ("50 %", "75.0 % = 1 - a / b")
    assert finding.severity == "inconsistent"


@pytest.mark.parametrize(("per", "wrong"), [("295", False), ("296", True), ("29.5", True)])
def test_a_time_per_1000_records_is_the_total_over_the_records(
    found: Found,
    per: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"metric,value,records\ntotal,14740,50000\nper_1000,{per},50000\n"
    assert bool(found("per-unit", text)) is wrong


def test_parts_do_not_take_longer_than_their_total(found: Found) -> None:
    text = "metric,part,value\npart,read,60\npart,write,{}\ntotal,,100\n"
    assert not found("parts", text.format(40))
    (finding,) = found("parts", text.format(60))
    assert (finding.lines, finding.severity) == ((2, 3, 4), "cannot be so")


def test_what_the_app_timed_is_not_longer_than_duration(found: Found) -> None:
    text = "metric,value\ntotal,100\nduration,{}\n"
    assert not found("parts", text.format(101))
    assert [one.lines for one in found("parts", text.format(90))] == [(2, 3)]


def test_parts_of_another_variant_or_statistic_are_not_added(found: Found) -> None:
    text = (
        "metric,part,value,variant,statistic\npart,read,900,Rust,\npart,read,900,,max\ntotal,,9,,"
    )
    assert not found("parts", text)


@pytest.mark.parametrize(
    ("one", "other", "wrong"),
    [
        ("min,6", "mean,4", True),
        ("mean,6", "max,4", True),
        ("p99,6", "max,4", True),
        ("p95,5", "p90,8", True),
        ("median,6", "p90,4", True),
        ("mean,6", "p90,4", False),
        ("mean,6", "median,4", False),
        ("min,4", "max,4", False),
    ],
)
def test_statistics_of_the_same_calls_have_an_order(
    found: Found,
    one: str,
    other: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"metric,statistic,value\nduration,{one}\nduration,{other}\n"
    assert bool(found("order", text)) is wrong


@pytest.mark.parametrize(
    ("billed", "severity"),
    [("31", None), ("30", "cannot be so"), ("33", "cannot be so"), ("2", "left out")],
)
def test_billed_duration_is_init_and_duration_rounded_up(
    found: Found, billed: str, severity: str | None
) -> None:
    text = f"metric,call,value\ninit,cold,28.96\nduration,cold,1.77\nbilled,cold,{billed}\n"
    assert [one.severity for one in found("billed-duration", text)] == ([severity] * bool(severity))


def test_a_warm_call_is_billed_its_duration_rounded_up(found: Found) -> None:
    text = "metric,call,value\nduration,warm,108.21\nbilled,warm,{}\n"
    assert not found("billed-duration", text.format(109))
    (finding,) = found("billed-duration", text.format(108))
    assert finding.right == "109 ms = 108.21 ms, rounded up"


def test_a_cold_call_whose_init_is_not_stated_is_not_judged(found: Found) -> None:
    text = "metric,call,value\nduration,cold,10\nbilled,cold,300\n"
    assert not found("billed-duration", text)


@pytest.mark.parametrize(("cost", "wrong"), [("20.70", False), ("25", True)])
def test_the_cost_of_a_month_is_that_of_a_run_times_the_runs(
    found: Found,
    cost: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"metric,value,runs,period\ncost,0.000345,,\ncost,{cost},60000,month\n"
    assert [one.lines for one in found("monthly", text)] == ([(2, 3)] if wrong else [])
