from __future__ import annotations

from decimal import Decimal
from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis.decision import decide
from lambdameter.analysis.run import Run
from lambdameter.model.bill import Bill, CellBill
from lambdameter.model.summary import CellSummary
from lambdameter.model.workload import Variant


def with_totals(run: Run, totals: dict[str, float]) -> Run:
    """Replace each variant's warm totals, on every case."""

    def changed(cell: CellSummary) -> CellSummary:
        assert cell.warm is not None
        warm = msgspec.structs.replace(cell.warm, total_ms=totals[cell.variant])
        return msgspec.structs.replace(cell, warm=warm)

    cells = tuple(changed(cell) for cell in run.summary.cells if cell.variant in totals)
    return msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, cells=cells))


def compute_only(run: Run) -> Run:
    """Make the bill compute alone, in proportion to the totals, so that a rewrite matters."""
    totals = {(one.variant, one.case): one.warm for one in run.summary.cells}

    def changed(bill: CellBill) -> CellBill:
        warm = totals[bill.variant, bill.case]
        usd = Decimal(str(warm.total_ms if warm else 0)) / 1_000_000
        return msgspec.structs.replace(
            bill, lines=bill.lines[:1], run_usd=usd, touchable_usd=usd, monthly=()
        )

    cells = tuple(changed(bill) for bill in run.bill.cells if (bill.variant, bill.case) in totals)
    bill: Bill = msgspec.structs.replace(run.bill, cells=cells)
    return msgspec.structs.replace(run, bill=bill)


@pytest.fixture
def run(sample_run: ModuleType) -> Any:
    return sample_run.report_input()


def test_a_run_with_injected_faults_decides_nothing(run: Run) -> None:
    target = msgspec.structs.replace(run.manifest.target, faults="cut=0.1, seed 1")
    manifest = msgspec.structs.replace(run.manifest, target=target)
    (decision,) = decide(msgspec.structs.replace(run, manifest=manifest))
    assert decision.action == "cannot-tell"
    assert "faults" in decision.verdict


def test_where_no_rewrite_matters_the_rest_of_the_bill_comes_first(run: Run) -> None:
    (decision,) = decide(run)
    assert decision.action == "bill-first"
    assert "DynamoDB writes first: they are 99 % of the bill" in decision.verdict


def test_the_evidence_has_times_ratio_and_both_savings(run: Run) -> None:
    told = " ".join(decide(run)[0].evidence)
    assert "Rust takes 13.6 s and Python 20.8 s on CSV (1.53 times faster)" in told
    assert "14.7 s and 19.1 s on JSON (1.30 times faster)" in told
    assert "cuts compute by 35 % and 23 %, and the whole bill by 0.30 % and 0.19 %" in told


def test_one_round_is_said_to_be_one(run: Run) -> None:
    assert "in this one round" in decide(run)[0].evidence[0]


def test_a_clear_win_where_compute_is_the_bill_says_switch(run: Run) -> None:
    (decision,) = decide(compute_only(with_totals(run, {"python": 20_000, "rust": 10_000})))
    assert decision.action == "switch"
    assert "Switch to Rust: in this one round it reduces the whole bill by 50 %" in decision.verdict


def test_a_clear_loss_says_stay(run: Run) -> None:
    (decision,) = decide(compute_only(with_totals(run, {"python": 10_000, "rust": 20_000})))
    assert decision.action == "stay"
    assert decision.verdict.startswith("Stay with Python")
    assert "changes compute by +100 %" in decision.evidence[1]


def test_a_difference_within_the_noise_cannot_be_told(run: Run) -> None:
    (decision,) = decide(compute_only(with_totals(run, {"python": 11_000, "rust": 10_000})))
    assert decision.action == "cannot-tell"
    assert "20 %" in decision.verdict


def test_unequal_variants_get_no_word_on_speed(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[3] = sample_run.planted_difference(samples[3])
    (decision,) = decide(sample_run.report_input(manifest, samples))
    assert decision.action == "make-equal"
    assert "Rust on CSV" in decision.verdict
    assert " s " not in " ".join(decision.evidence)


def test_where_one_variant_dies_the_survivor_is_named(sample_run: ModuleType) -> None:
    (decision,) = decide(sample_run.report_input(sample_run.manifest((128,))))
    assert decision.action == "survivor"
    assert "At 128 MB use Rust: Python dies on JSON (Runtime.OutOfMemory)" in decision.verdict
    assert "6.45 times faster" in decision.evidence[0]


def test_where_all_die_nothing_can_be_told(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.dead(trial) for trial in manifest.plan]
    (decision,) = decide(sample_run.report_input(manifest, samples))
    assert decision.action == "cannot-tell"
    assert len(decision.evidence) == 2


def test_a_single_variant_has_nothing_to_be_compared_with(run: Run) -> None:
    (decision,) = decide(with_totals(run, {"rust": 10_000}))
    assert decision.action == "alone"
    assert "CSV in 10.0 s for $31,432 per million calls" in decision.evidence[0]


def with_third(run: Run, language: str, total_ms: float) -> Run:
    """The run with a variant more, called Tuned, which else is as Rust is."""
    workload = run.manifest.workload
    third = msgspec.structs.replace(
        workload.variants[1], name="tuned", title="Tuned", language=language
    )
    both: tuple[Variant, ...] = (*workload.variants, third)
    manifest = msgspec.structs.replace(
        run.manifest, workload=msgspec.structs.replace(workload, variants=both)
    )
    more = [
        msgspec.structs.replace(
            cell, variant="tuned", warm=msgspec.structs.replace(cell.warm, total_ms=total_ms)
        )
        for cell in run.summary.cells
        if cell.variant == "rust" and cell.warm is not None
    ]
    bills = [
        msgspec.structs.replace(bill, variant="tuned")
        for bill in run.bill.cells
        if bill.variant == "rust"
    ]
    cells = sorted((*run.summary.cells, *more), key=lambda cell: cell.case)
    return msgspec.structs.replace(
        run,
        manifest=manifest,
        summary=msgspec.structs.replace(run.summary, cells=tuple(cells)),
        bill=msgspec.structs.replace(run.bill, cells=(*run.bill.cells, *bills)),
    )


def test_of_several_rivals_the_fastest_is_compared_with_the_first(run: Run) -> None:
    (decision,) = decide(with_third(run, "rust", 9_000.0))
    assert "Tuned takes 9.00 s and Python 20.8 s on CSV" in decision.evidence[0]


def test_where_tuning_gets_most_of_the_gain_it_comes_first(run: Run) -> None:
    raced = with_totals(run, {"python": 20_000, "rust": 10_000})
    (decision,) = decide(compute_only(with_third(raced, "python", 6_000.0)))
    assert decision.action == "fix-first"
    assert decision.verdict == (
        "Optimise Python first: Tuned takes 6.00 s and Rust 10.0 s on CSV"
        "; 6.00 s and 10.0 s on JSON."
    )
    assert "Rust takes 10.0 s and Python 20.0 s on CSV" in decision.evidence[0]


def test_where_tuning_is_not_enough_the_switch_says_so(run: Run) -> None:
    raced = with_totals(run, {"python": 20_000, "rust": 10_000})
    (decision,) = decide(compute_only(with_third(raced, "python", 16_000.0)))
    assert decision.action == "switch"
    assert decision.verdict.startswith("Switch to Rust")
    assert "Optimising Python is not enough: Tuned takes 16.0 s" in decision.verdict


def test_under_a_bill_that_no_rewrite_touches_tuning_comes_second(run: Run) -> None:
    (decision,) = decide(with_third(run, "python", 6_000.0))
    assert decision.action == "bill-first"
    assert "a rewrite does not change them. Then optimise Python: Tuned takes" in decision.verdict


def test_a_survivor_of_the_first_ones_language_is_set_beside_the_rewrite(
    sample_run: ModuleType,
) -> None:
    at_128 = sample_run.report_input(sample_run.manifest((128,)))
    (decision,) = decide(with_third(at_128, "python", 9_000.0))
    assert decision.action == "survivor"
    assert "answer every case. Optimise Python first: Tuned takes 9.00 s" in decision.verdict


def test_who_writes_faster_than_a_new_table_takes_is_named(run: Run) -> None:
    told = " ".join(decide(with_totals(run, {"python": 20_000, "rust": 5_000}))[0].evidence)
    assert "Rust would need a pre-warmed table on AWS: up to 10,000 units are" in told
    assert "warmed" not in " ".join(decide(run)[0].evidence)


def test_each_tier_gets_its_own_decision(sample_run: ModuleType) -> None:
    decisions = decide(sample_run.report_input(sample_run.manifest((128, 1024))))
    assert [(one.memory_mb, one.action) for one in decisions] == [
        (128, "survivor"),
        (1024, "bill-first"),
    ]


def test_with_intervals_a_small_gain_that_is_proven_is_a_switch(sample_run: ModuleType) -> None:
    # Rust at 1.15 times its time: 1.33x on CSV and 1.13x on JSON, less than one round tells.
    (decision,) = decide(compute_only(sample_run.rounds_input(20, 1.15)))
    assert decision.action == "switch"
    assert "in 20 rounds" in decision.evidence[0]
    assert "95 % interval) times Python's" in decision.evidence[1]


def test_the_same_gain_in_few_rounds_cannot_be_told(sample_run: ModuleType) -> None:
    (decision,) = decide(compute_only(sample_run.rounds_input(5, 1.15)))
    assert decision.action == "cannot-tell"
    assert "runs of the same variant differ by up to" in decision.verdict


def test_a_proven_loss_stays(sample_run: ModuleType) -> None:
    (decision,) = decide(compute_only(sample_run.rounds_input(20, 1.8)))
    assert decision.action == "stay"
    assert decision.verdict == "Stay with Python: in 20 rounds Rust is more expensive."


def test_no_difference_stays_and_tells_what_would_have_been_found(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(20)
    same = tuple(
        msgspec.structs.replace(one, verdict="no-difference", detectable=0.031)
        for one in run.summary.comparisons
    )
    equal = msgspec.structs.replace(
        run, summary=msgspec.structs.replace(run.summary, comparisons=same)
    )
    (decision,) = decide(compute_only(equal))
    assert decision.action == "stay"
    assert decision.verdict == (
        "Stay with Python: in 20 rounds no difference was found, and a difference of 3 % "
        "would have been found in four runs of five."
    )


def test_cases_that_disagree_cannot_be_told(sample_run: ModuleType) -> None:
    # 1.53x on CSV and 1.30x on JSON, both made 1.4 times slower: faster there, slower here.
    (decision,) = decide(compute_only(sample_run.rounds_input(20, 1.4)))
    assert decision.action == "cannot-tell"
    assert "the cases and bills do not agree" in decision.verdict
