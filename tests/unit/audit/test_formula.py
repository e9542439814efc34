from __future__ import annotations

from decimal import Decimal

import pytest

from lambdameter.audit import formula


def values(**named: float) -> dict[str, Decimal]:
    return {name: Decimal(str(value)) for name, value in named.items()}


@pytest.mark.parametrize(
    ("text", "right"),
    [("a / b", 4), ("= 1 - b / a", 0.75), ("-a + 2.5 * b", -3), ("(a - b) / 3", 2)],
)
def test_a_formula_gives_what_it_says(text: str, right: float) -> None:
    assert formula.evaluate(formula.parse(text), values(a=8, b=2)) == Decimal(str(right))


def test_ids_may_have_dots() -> None:
    assert formula.parse("K1.total - K1.s3 - K1.total").names == ("K1.total", "K1.s3")


@pytest.mark.parametrize(
    "text",
    ["", "a +", "a ** b", "f(a)", "a[0]", "'a'", "True", "__import__('os').system('x')", "a if b"],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|is not a number, an id or|not an id"):
        formula.parse(text)


def test_a_formula_of_too_many_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="11 rows"):
        formula.parse("+".join(f"a{number}" for number in range(11)))


def test_the_bounds_are_those_of_all_roundings_at_once() -> None:
    parsed = formula.parse("(a - b) / a")
    box = {"a": (Decimal(4), Decimal(5)), "b": (Decimal(1), Decimal(2))}
    assert formula.bounds(parsed, box) == (Decimal("0.5"), Decimal("0.8"))


def test_a_division_by_zero_is_an_arithmetic_error() -> None:
    with pytest.raises(ArithmeticError):
        formula.evaluate(formula.parse("a / b"), values(a=1, b=0))


@pytest.mark.parametrize(("text", "right"), [("K1.a_b", True), ("K.1M", False), ("a-b", False)])
def test_an_id_is_what_a_formula_can_hold(text: str, right: bool) -> None:  # noqa: FBT001 - expected
    assert formula.is_name(text) is right
