from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdameter.model.audit import Finding

Found = Callable[[str, str], list[Finding]]
HEAD = "variant,call,metric,statistic,value,spread,note\n"


def test_text_and_table_that_say_the_same_thing_say_it_alike(found: Found) -> None:
    text = HEAD + "Rust,warm,duration,,2.9..3.3,,the text\nRust,warm,duration,mean,6.7,,\n"
    (finding,) = found("contradiction", text)
    assert (finding.lines, finding.severity) == ((2, 3), "inconsistent")
    assert "line 2: the text" in finding.why


@pytest.mark.parametrize(
    "row",
    [
        "Rust,warm,duration,,6.70,,",
        "Rust,warm,duration,,~7,,",
        "Rust,warm,duration,,5.9,0.5,",
        "Rust,warm,duration,max,9.9,,",
        "Rust,cold,duration,,900,,",
        "Python,warm,duration,,34,,",
        "Rust,warm,billed,,7,,",
    ],
)
def test_the_same_figure_and_a_figure_of_something_else_are_no_contradiction(
    found: Found, row: str
) -> None:
    assert not found("contradiction", f"{HEAD}Rust,warm,duration,mean,6.7,,\n{row}\n")


def test_two_ratios_are_of_two_things_unless_their_formula_is_one(found: Found) -> None:
    text = "metric,value,from\nratio,12,{0}\nratio,3.3,{0}\n"
    assert not found("contradiction", text.format(""))
    assert found("contradiction", text.format("12 / 1"))
