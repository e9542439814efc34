from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]
COST = "metric,value,architecture,memory_mb,billed_ms,runs,period\n"


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("0.0000133334,USD/GB-s,arm64,", False),
        ("0.0000166667,USD/GB-s,arm64,", True),
        ("0.0000166667,USD/GB-s,x86_64,", False),
        ("0.0000166667,USD/GB-s,,", False),
        ("0.0000083,USD/GB-s,,", True),
        ("0.0000000083,USD/ms,x86_64,512", False),
        ("0.0000000083,USD/ms,x86_64,1024", True),
    ],
)
def test_a_price_is_the_lists(found: Found, row: str, wrong: bool) -> None:  # noqa: FBT001 - expected
    text = f"metric,value,unit,architecture,memory_mb\nprice,{row}\n"
    assert bool(found("price", text)) is wrong


def test_the_other_architectures_price_is_named(found: Found) -> None:
    text = "metric,value,unit,architecture\nprice,0.0000166667,USD/GB-s,arm64\n"
    (finding,) = found("price", text)
    assert finding.why.startswith("This is the x86_64 price")


def test_costs_made_with_the_other_price_are_one_finding(found: Found) -> None:
    text = f"{COST}cost,0.0166667,arm64,1024,1000,1000,\ncost,0.166667,arm64,1024,1000,10000,\n"
    (finding,) = found("architecture", text)
    assert finding.lines == (2, 3)
    assert finding.severity == "cannot be so"
    assert finding.right == "$0.0133 at the arm64 price (line 2)"
    assert not found("architecture", text.replace("arm64", "x86_64"))


def test_a_cost_that_nothing_gives_is_told_with_what_is_right(found: Found) -> None:
    (finding,) = found("cost", f"{COST}cost,5,arm64,1024,1000,1000,\n")
    assert (finding.stated, finding.right) == (
        "$5 for 1,000 runs of 1.00 s at 1,024 MB",
        "$0.0135, of which $0.0133 are compute (arm64)",
    )
    assert not found("cost", f"{COST}cost,0.0135,arm64,1024,1000,1000,\n")


def test_a_slip_of_a_power_of_ten_is_named(found: Found) -> None:
    (finding,) = found("cost", f"{COST}cost,13.3334,arm64,1024,1000,1000000000,\n")
    assert "one in 1,000 of these runs" in finding.why


def test_a_cost_that_is_rounded_by_much_is_told_and_one_that_says_about_is_not(
    found: Found,
) -> None:
    row = f"{COST}cost,{{}},x86_64,512,900000,,\n"
    (finding,) = found("rounding", row.format("0.007"))
    assert (finding.right, finding.severity) == ("$0.00750", "inconsistent")
    assert not found("rounding", row.format("~0.007"))
    assert not found("rounding", row.format("0.0075"))
