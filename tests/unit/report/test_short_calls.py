"""A report on calls of a few milliseconds that count nothing and tell no total of their own."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis.decision import decide
from lambdameter.analysis.run import Run
from lambdameter.model.claim import ClaimSource, PublishedFigure
from lambdameter.model.summary import CallSummary, CellSummary
from lambdameter.model.workload import ResponseShape
from lambdameter.report import table
from lambdameter.report.equality import equality
from lambdameter.report.style import WIDTH
from lambdameter.report.where_time_went import where_time_went

TIER = 1024


def published(metric: str, value: float, call: Any = "warm") -> PublishedFigure:
    return PublishedFigure(
        claim="C",
        workload="etl",
        variant="rust",
        case="csv",
        memory_mb=TIER,
        call=call,
        metric=metric,
        value=value,
    )


CLAIM = ClaimSource(
    id="C",
    title="A text",
    conditions="elsewhere",
    figures=(
        published("mean_ms", 6.7),
        published("init_ms", 112, "cold"),
        published("duration_ms", 912, "cold"),
        published("zip_bytes", 11_000_000, "cold"),
    ),
)


def short(call: CallSummary, calls: int, duration_ms: float) -> CallSummary:
    return msgspec.structs.replace(
        call,
        n=calls,
        count=1,
        total_ms=None,
        per_1000_ms=None,
        modelled_ms=None,
        phases={},
        write_units=None,
        cpu_ms=1.0,
        throttled_ms=0.0,
        waiting_ms=duration_ms - 1,
        duration_ms=duration_ms,
        least_ms=duration_ms - 1,
        mean_ms=duration_ms + 0.5,
        most_ms=duration_ms + 9,
    )


@pytest.fixture
def run(sample_run: ModuleType) -> Run:
    """Python answers in 40 ms and Rust in 4; the first call takes ten times as long."""
    made: Run = sample_run.report_input()
    times = {"python": 40.0, "rust": 4.0}

    def shortened(cell: CellSummary) -> CellSummary:
        assert cell.cold is not None
        assert cell.warm is not None
        duration_ms = times[cell.variant]
        return msgspec.structs.replace(
            cell,
            cold=short(cell.cold, 1, 10 * duration_ms),
            warm=short(cell.warm, 5, duration_ms),
        )

    cells = tuple(shortened(cell) for cell in made.summary.cells)
    workload = msgspec.structs.replace(made.manifest.workload, response=ResponseShape(), table=None)
    return msgspec.structs.replace(
        made,
        manifest=msgspec.structs.replace(made.manifest, workload=workload),
        summary=msgspec.structs.replace(made.summary, cells=cells),
        claims=(CLAIM,),
    )


def with_variants(run: Run, **changes: Any) -> Run:
    """Rust with these changes."""
    python, rust = run.manifest.workload.variants
    variants = (python, msgspec.structs.replace(rust, **changes))
    workload = msgspec.structs.replace(run.manifest.workload, variants=variants)
    manifest = msgspec.structs.replace(run.manifest, workload=workload)
    return msgspec.structs.replace(run, manifest=manifest)


def row(of: Any, begins: str) -> list[str]:
    rows = [line.split() for line in of.plain.splitlines()]
    return next(cells for cells in rows if cells[: len(begins.split())] == begins.split())


def test_what_the_handler_does_not_tell_has_no_column(run: Run) -> None:
    head = table.warm_table(run, TIER, {}).plain
    assert "total" not in head
    assert "per 1,000" not in head
    assert "≈" not in head
    assert row(table.warm_table(run, TIER, {}), "CSV Rust")[:3] == ["CSV", "Rust", "4.00"]


def test_a_published_mean_stands_under_duration_and_the_init_under_init(run: Run) -> None:
    assert row(table.warm_table(run, TIER, {}), "published") == ["published", "(6.70)", "(112)"]


def test_published_first_calls_stand_under_ours(run: Run) -> None:
    assert row(table.cold_table(run, TIER, {}), "published") == ["published", "(112)", "(912)"]


def test_the_first_call_is_told_as_a_multiple_of_a_warm_one(run: Run) -> None:
    assert row(table.cold_table(run, TIER, {}), "CSV Python")[-1] == "10.0"


def test_calls_of_different_work_have_no_ratio(sample_run: ModuleType) -> None:
    assert "/ warm" not in table.cold_table(sample_run.report_input(), TIER, {}).plain


def test_several_calls_show_their_spread(run: Run) -> None:
    spread = table.spread_table(run, TIER, {})
    assert row(spread, "CSV Rust")[2:7] == ["5", "3.00", "4.00", "4.50", "13.0"]
    assert row(spread, "published") == ["published", "(6.70)"]


def test_one_call_has_no_spread(sample_run: ModuleType) -> None:
    assert table.spread_table(sample_run.report_input(), TIER, {}) is None


def test_without_a_total_durations_are_compared(run: Run) -> None:
    (decision,) = decide(run)
    assert "Rust takes 4.00 ms and Python 40.0 ms on CSV (10.0 times faster)" in " ".join(
        decision.evidence
    )
    assert run.summary.cells[0].compared_ms == 40


def test_a_variant_that_is_not_a_candidate_is_not_recommended_and_the_verdict_says_why(
    run: Run,
) -> None:
    (decision,) = decide(with_variants(run, not_a_candidate="it does nothing"))
    assert decision.action == "alone"
    assert decision.verdict == (
        "At 1,024 MB only Python is a candidate; Rust is not: it does nothing."
    )


def test_a_gain_that_the_bill_does_not_show_is_for_the_speed_alone(run: Run) -> None:
    def priced(variant: str, compute: str) -> Any:
        (bill,) = [one for one in run.bill.cells if (one.variant, one.case) == (variant, "csv")]
        usd = type(bill.run_usd)
        return msgspec.structs.replace(bill, touchable_usd=usd(compute), run_usd=1 + usd(compute))

    cells = tuple(one for one in run.summary.cells if one.case == "csv")
    bill = msgspec.structs.replace(
        run.bill, cells=(priced("python", "0.06"), priced("rust", "0.02"))
    )
    summary = msgspec.structs.replace(run.summary, cells=cells)
    (decision,) = decide(msgspec.structs.replace(run, bill=bill, summary=summary))
    assert decision.action == "speed-alone"
    assert "reduces the whole bill by 4 %" in decision.verdict


def test_answers_are_what_was_compared_where_there_is_no_table(run: Run) -> None:
    assert "equal  4 answers of Python and Rust" in equality(run).plain


def test_long_names_leave_room_for_the_figures(run: Run) -> None:
    drawn = where_time_went(with_variants(run, title="A rather long title"), TIER, {}).plain
    assert "…" not in drawn
    assert max(map(len, drawn.splitlines())) <= WIDTH


def test_one_rival_stands_for_all_cases(run: Run) -> None:
    def third(cell: CellSummary) -> CellSummary:
        # Faster than Rust on CSV by a little, slower on JSON by far.
        duration_ms = {"csv": 3.9, "json": 20.0}[cell.case]
        assert cell.warm is not None
        warm = msgspec.structs.replace(cell.warm, duration_ms=duration_ms)
        return msgspec.structs.replace(cell, variant="other", warm=warm)

    rust = [one for one in run.summary.cells if one.variant == "rust"]
    cells = (*run.summary.cells, *map(third, rust))
    bills = tuple(
        msgspec.structs.replace(one, variant="other")
        for one in run.bill.cells
        if one.variant == "rust"
    )
    _, variant = run.manifest.workload.variants
    other = msgspec.structs.replace(variant, name="other", title="Other")
    variants = (*run.manifest.workload.variants, other)
    workload = msgspec.structs.replace(run.manifest.workload, variants=variants)
    (decision,) = decide(
        msgspec.structs.replace(
            run,
            manifest=msgspec.structs.replace(run.manifest, workload=workload),
            summary=msgspec.structs.replace(run.summary, cells=cells),
            bill=msgspec.structs.replace(run.bill, cells=(*run.bill.cells, *bills)),
        )
    )
    assert "Rust takes 4.00 ms and Python 40.0 ms on CSV" in decision.evidence[0]
    assert "Other" not in decision.evidence[0]
