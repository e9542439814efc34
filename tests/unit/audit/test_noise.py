from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]
PAIR = (
    "variant,metric,statistic,value,n,spread\nPython,total,mean,200,{0}\nRust,total,mean,100,{0}\n"
)


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (",", "n not stated (lines 2-3)"),
        ("1,", "n = 1 (lines 2-3)"),
        ("5,3", "n = 5 (lines 2-3)"),
        ("6,3", None),
    ],
)
def test_figures_that_are_compared_need_several_calls(
    found: Found, n: str, told: str | None
) -> None:
    findings = found("few-calls", PAIR.format(n))
    assert [one.stated for one in findings] == ([told] if told else [])
    assert {one.severity for one in findings} <= {"too few samples"}


def test_a_figure_that_is_compared_with_nothing_needs_none(found: Found) -> None:
    assert not found("few-calls", "metric,value,n\ntotal,200,1\n")


def test_a_figure_in_a_ratio_is_compared(found: Found) -> None:
    text = "id,metric,value,n,from\na,total,200,1,\n,ratio,2,,a / 100\n"
    assert [one.lines for one in found("few-calls", text)] == [(2,)]


def test_a_spread_or_the_least_and_the_most_must_be_there(found: Found) -> None:
    assert [one.lines for one in found("no-spread", PAIR.format("9,"))] == [(2, 3)]
    assert not found("no-spread", PAIR.format("9,4"))
    ends = "Python,total,min,190,9,\nPython,total,max,220,9,\n"
    assert [one.lines for one in found("no-spread", PAIR.format("9,") + ends)] == [(3,)]


WORK = (
    "variant,case,metric,part,work,value\n{},csv,part,write,same,{}\n{},json,part,write,same,{}\n"
)


def test_identical_work_that_differs_is_named_and_set_against_the_effect(found: Found) -> None:
    text = WORK.format("Rust", 14362, "Rust", 11977)
    text += "Python,csv,part,write,same,20518\nPython,json,part,write,same,19747\n"
    (finding,) = found("repeats", text)
    assert finding.lines == (2, 3)
    assert finding.stated == "Rust, same: 14362 ms and 11977 ms, 20% apart"
    assert "differ by a factor of 1.53: this noise is 42%" in finding.why


def test_identical_work_of_one_variant_alone_is_named_too(found: Found) -> None:
    assert found("repeats", WORK.format("Rust", 100, "Rust", 80))
    assert not found("repeats", WORK.format("Rust", 100, "Rust", 98))


def test_different_variants_are_no_repeats_of_each_other(found: Found) -> None:
    assert not found("repeats", WORK.format("Rust", 100, "Python", 200))


def test_runs_of_one_cell_are_repeats(found: Found) -> None:
    text = "variant,run,metric,value\nRust,1,total,100\nRust,2,total,120\n"
    assert [one.lines for one in found("repeats", text)] == [(2, 3)]


@pytest.mark.parametrize(("spread", "wrong"), [("30", True), ("3", False)])
def test_a_ratio_of_two_figures_lies_outside_of_their_standard_errors(
    found: Found,
    spread: str,
    wrong: bool,  # noqa: FBT001 - expected
) -> None:
    text = f"""id,variant,metric,value,n,spread,from
a,Python,total,110,9,{spread},
b,Rust,total,100,9,{spread},
,,ratio,1.1,,,a / b
"""
    assert [one.lines for one in found("within-noise", text)] == ([(2, 3, 4)] if wrong else [])
