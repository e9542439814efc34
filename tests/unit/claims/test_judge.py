from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lambdameter.audit import rules, table
from lambdameter.claims import library
from lambdameter.claims.judge import Evidence, judge
from lambdameter.cost import price_list
from lambdameter.model.audit import Audit
from lambdameter.model.claim import ClaimRow, Documented, FidelityError, Quantity
from lambdameter.model.reproduction import Estimate, JudgedRow

QUANTITY = Quantity(workload="w", variant="v", case="c", memory_mb=128, metric="mean_ms")
ERROR = FidelityError(source="K", tolerance="time", log_error=0.1, stated="a page")
SERVICES = ("dynamodb.WriteRequestUnit", "s3.GetObject")


def row(**fields: Any) -> ClaimRow:
    given = {"id": "X.1", "claim": "X", "title": "", "unit": "ms", "of": (QUANTITY,)} | fields
    return ClaimRow(**given)


def ratio(**fields: Any) -> ClaimRow:
    return row(operation="ratio", over=(QUANTITY,), unit="x", **fields)


def ours(low: float, high: float, **fields: Any) -> Estimate:
    value = (low * high) ** 0.5 if low > 0 else (low + high) / 2
    return Estimate(value=value, low=low, high=high, environments=10, **fields)


def judged(
    one: ClaimRow, estimate: Estimate | None, error: FidelityError | None = None
) -> JudgedRow:
    return judge("X", one, Evidence(estimate, None, error))


def audit_of(name: str) -> Audit:
    read = table.read(library.tables()[name], f"{name}.csv", SERVICES)
    return rules.audit(read, price_list.latest())


def test_what_lies_in_the_interval_is_reproduced() -> None:
    assert judged(row(value=10), ours(9, 11)).verdict == "reproduced"


def test_what_the_stated_error_reaches_is_reproduced_and_without_it_not() -> None:
    published, here = row(value=12), ours(9, 11)
    assert judged(published, here, ERROR).verdict == "reproduced"
    assert judged(published, here).verdict == "not reproduced"


def test_a_range_is_reproduced_where_any_of_it_is_reached() -> None:
    assert judged(row(low=11, high=50), ours(9, 11)).verdict == "reproduced"
    assert judged(row(low=12, high=50), ours(9, 11)).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.2, 1.4, "same direction"),
        (0.9, 1.4, "not reproduced"),
        (0.6, 0.8, "not reproduced"),
        (3.9, 4.5, "reproduced"),
    ],
)
def test_another_ratio_on_the_same_side_of_one_is_of_the_same_direction(
    low: float, high: float, verdict: str
) -> None:
    assert judged(ratio(value=4), ours(low, high)).verdict == verdict


def test_a_ratio_below_one_has_its_direction_too() -> None:
    assert judged(ratio(value=0.3), ours(0.6, 0.8)).verdict == "same direction"
    assert judged(ratio(value=0.3), ours(1.2, 1.4)).verdict == "not reproduced"


def test_a_figure_alone_has_no_direction() -> None:
    assert judged(row(value=40), ours(9, 11)).verdict == "not reproduced"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(40, 60, "same direction"), (-10, 20, "not reproduced"), (30, 36, "reproduced")],
)
def test_a_saving_is_held_against_nothing_saved(low: float, high: float, verdict: str) -> None:
    saving = row(operation="saving", over=(QUANTITY,), unit="%", scale=100, value=33)
    assert judged(saving, ours(low, high)).verdict == verdict


def test_of_a_saving_the_ratio_is_widened() -> None:
    saving = row(operation="saving", over=(QUANTITY,), unit="%", scale=100, value=33)
    # 40 to 45 % saved is a ratio of 0.55 to 0.6; ten per cent more than 0.6 is 0.66: 34 %.
    assert judged(saving, ours(40, 45), ERROR).verdict == "same direction"
    # Ten per cent more than 0.62 is 0.685.
    assert judged(saving, ours(38, 45), ERROR).verdict == "reproduced"


@pytest.mark.parametrize(
    ("side", "low", "high", "verdict"),
    [
        ("below", 0.5, 0.9, "same direction"),
        ("below", 0.9, 1.1, "not reproduced"),
        ("above", 1.1, 1.2, "same direction"),
        ("above", 0.5, 0.9, "not reproduced"),
    ],
)
def test_words_alone_have_a_direction_alone(
    side: str, low: float, high: float, verdict: str
) -> None:
    assert judged(ratio(side=side), ours(low, high)).verdict == verdict


def test_what_we_model_ourselves_by_more_than_half_is_not_judged() -> None:
    told = judged(row(value=10), ours(9, 11, modelled=0.51))
    assert told.verdict == "not judged"
    assert "51 %" in told.why
    assert judged(row(value=10), ours(9, 11, modelled=0.5)).verdict == "reproduced"


def test_too_few_environments_are_not_judged_and_say_how_many_are_needed() -> None:
    told = judged(row(value=10), Estimate(value=10, environments=3))
    assert told.verdict == "not judged"
    assert told.why == "An interval needs 10 environments, and these runs have 3."


def test_what_was_not_measured_is_not_judged_and_what_died_is_not_reproduced() -> None:
    assert judged(row(value=10), Estimate(lack="v was not measured")).verdict == "not judged"
    dead = judged(row(value=10), Estimate(lack="v failed with OutOfMemory", died=True))
    assert (dead.verdict, dead.why) == (
        "not reproduced",
        "In these runs, v failed with OutOfMemory.",
    )


def test_a_figure_of_less_work_is_not_judged_and_a_ratio_of_both_is() -> None:
    told = judged(row(value=10), ours(9, 11, scaled=100.0))
    assert told.verdict == "not judged"
    assert "1/100 of the published work" in told.why
    assert judged(ratio(value=10), ours(9, 11, scaled=100.0)).verdict == "reproduced"


def test_a_documented_figure_is_looked_up() -> None:
    said = Documented(value=900, source="https://docs.aws.amazon.com/")
    assert judged(row(of=(), value=900, documented=said), None).verdict == "reproduced"
    wrong = judged(row(of=(), value=600, documented=said), None)
    assert wrong.verdict == "not reproduced"
    assert wrong.why == "Looked up, not measured: https://docs.aws.amazon.com/"


def test_what_nothing_was_found_out_about_is_not_judged() -> None:
    assert judged(row(of=(), value=23, says="a build"), None).verdict == "not judged"


def test_what_not_reproduced_tells_is_how_far_it_is() -> None:
    told = judged(row(value=10), ours(20, 20), ERROR)
    assert told.why == (
        "The measured figure is 2.00 times the published one, which is outside the interval "
        "and outside the stated error of 11 %."
    )


@pytest.mark.parametrize(
    ("source", "ids", "verdict"),
    [
        ("K", ("K5.python",), "cannot be so"),
        ("K", ("K7.rust",), "cannot be so"),
        ("K", ("K8.saving.mid",), "cannot be so"),
        ("C1", ("rust.squares",), "cannot be so"),
        ("C1", ("rust.cost",), "reproduced"),
        ("C2", ("rust.second", "rust.get"), "not reproduced"),
        ("W", ("price",), "reproduced"),
        ("W", ("once",), "not reproduced"),
        ("W", ("month",), "cannot be so"),
    ],
)
def test_a_recomputed_row_has_the_verdict_of_what_the_audit_found(
    source: str, ids: tuple[str, ...], verdict: str
) -> None:
    one = row(of=(), value=1, table=ids)
    assert judge(source, one, Evidence(None, audit_of(source), None)).verdict == verdict


def test_what_the_audit_forbids_no_measurement_can_save() -> None:
    one = row(value=10, table=("rust.squares",))
    told = judge("C1", one, Evidence(ours(9, 11), audit_of("C1"), None))
    assert told.verdict == "cannot be so"
    assert "800 ns" in told.here


def test_a_measured_ratio_does_not_fall_with_the_prices_that_both_sides_share() -> None:
    one = msgspec.structs.replace(ratio(value=1.5), table=("K7.saving",))
    told = judge("K", one, Evidence(ours(1.4, 1.6), audit_of("K"), None))
    assert told.verdict == "reproduced"
    assert "0.375 % for the whole bills" in told.why
