from __future__ import annotations

from collections import Counter

import pytest

from lambdameter.analysis.quantities import EXACT, METRICS
from lambdameter.claims import library
from lambdameter.claims.rows import rows
from lambdameter.model.claim import ClaimRow, ClaimSource, PublishedFigure, Quantity
from lambdameter.workload import loader

SOURCES = {source.id: source for source in library.sources()}


def every_row() -> list[tuple[ClaimSource, ClaimRow]]:
    return [(source, row) for source in SOURCES.values() for row in rows(source)]


def quantities() -> list[Quantity]:
    return [one for _, row in every_row() for one in (*row.of, *row.over)]


def figure(metric: str, value: float, call: str = "cold") -> PublishedFigure:
    return PublishedFigure(
        claim="C9",
        workload="w",
        variant="v",
        case="c",
        memory_mb=128,
        call="cold" if call == "cold" else "warm",
        metric=metric,
        value=value,
    )


def made(*figures: PublishedFigure, written: tuple[ClaimRow, ...] = ()) -> tuple[ClaimRow, ...]:
    return rows(ClaimSource(id="C9", title="", conditions="", figures=figures, rows=written))


def test_a_figure_is_a_row_that_asks_for_its_own_quantity() -> None:
    (row,) = made(figure("mean_ms", 7, "warm"))
    assert (row.id, row.value, row.unit) == ("C9.v.c.128.warm.mean_ms", 7, "ms")
    assert row.of == (
        Quantity(workload="w", variant="v", case="c", memory_mb=128, call="warm", metric="mean_ms"),
    )


def test_the_ends_over_several_environments_are_the_range_of_one_row() -> None:
    (row,) = made(figure("duration_ms", 912), figure("least_ms", 905), figure("most_ms", 920))
    assert (row.value, row.low, row.high) == (912, 905, 920)


def test_the_ends_of_one_environments_calls_are_rows_of_their_own() -> None:
    metrics = [row.of[0].metric for row in made(*(figure(m, 1, "warm") for m in ("least_ms",)))]
    assert metrics == ["least_ms"]


def test_the_second_call_is_a_warm_one() -> None:
    (row,) = made(figure("least_second_ms", 2.9), figure("most_second_ms", 3.3))
    assert (row.of[0].metric, row.of[0].call) == ("second_ms", "warm")
    assert (row.value, row.low, row.high) == (None, 2.9, 3.3)


def test_a_row_that_is_written_out_takes_the_place_of_a_figures() -> None:
    written = ClaimRow(id="C9.v.c.128.warm.mean_ms", claim="C9", title="mine", unit="ms", value=7)
    assert made(figure("mean_ms", 7, "warm"), written=(written,)) == (written,)


def test_claims_are_in_the_order_of_their_numbers() -> None:
    claims = dict.fromkeys(row.claim for row in rows(SOURCES["K"]))
    assert list(claims) == [f"K{number}" for number in range(1, 15)]


@pytest.mark.parametrize(("source", "least"), [("C1", 29), ("C2", 42), ("K", 50), ("W", 12)])
def test_every_text_has_its_rows(source: str, least: int) -> None:
    assert len(rows(SOURCES[source])) >= least


def test_no_id_is_there_twice() -> None:
    ids = Counter(row.id for _, row in every_row())
    assert [one for one, count in ids.items() if count > 1] == []


def test_every_row_publishes_something_and_says_what_it_is_held_against() -> None:
    for _, row in every_row():
        published = (row.value, row.low, row.high, row.side)
        assert any(one is not None for one in published), row.id
        assert (row.operation == "value") == (not row.over), row.id
        held = row.of or row.table or row.documented
        assert held or row.says, row.id


def test_every_row_of_a_table_that_is_named_is_in_it() -> None:
    for source, row in every_row():
        text = library.tables()[source.id].decode()
        ids = {line.split(",")[0] for line in text.splitlines()}
        assert set(row.table) <= ids, row.id


def test_every_quantity_is_measured_by_an_experiment() -> None:
    missing = {
        one.cell
        for one in quantities()
        if not any(experiment.has(one.cell) for experiment in library.experiments())
    }
    assert missing == set()


def test_every_quantity_is_one_that_can_be_taken() -> None:
    for one in quantities():
        phases = [phase.name for phase in loader.load(one.workload).response.phases]
        assert one.metric in {*METRICS, *EXACT, *phases}, one
