from __future__ import annotations

from types import ModuleType

import pytest

from lambdameter.analysis import latency_curves


def test_one_sentence_says_what_is_saved_at_each_latency_with_its_interval(
    sample_run: ModuleType,
) -> None:
    # Warm, Rust takes 0.656 of Python's time on CSV, and 0.769 on JSON.
    runs = [sample_run.rounds_input(20, slowdown) for slowdown in (0.8, 1, 1.8)]
    told = sample_run.sweep_input(*runs)
    csv, json = latency_curves.sentences(told)
    points = latency_curves.curves(told, 1024)[0].points
    intervals = [point.comparison.interval for point in points if point.comparison is not None]
    shares = [
        f"{100 * abs(1 - one.ratio):.0f} % at {3 * index} ms "
        f"({100 * min(ends):.0f} to {100 * max(ends):.0f} %)"
        for index, one in enumerate(intervals)
        if one is not None
        for ends in [(abs(1 - one.low), abs(1 - one.high))]
    ]
    assert csv == (
        f"At 1,024 MB on CSV Rust compared with Python: saves {shares[0]}, {shares[1]} and "
        f"takes more by {shares[2]}."
    )
    assert json.startswith("At 1,024 MB on JSON Rust compared with Python: saves ")


def test_no_difference_is_told_with_its_interval(sample_run: ModuleType) -> None:
    equal = 1 / 0.656
    told = sample_run.sweep_input(
        sample_run.rounds_input(20), sample_run.rounds_input(20, equal, spread=0.3)
    )
    sentence = latency_curves.sentences(told)[0]
    assert " and no difference found at 3 ms (-" in sentence
    assert sentence.endswith(" %).")


def test_few_rounds_are_not_enough_samples(sample_run: ModuleType) -> None:
    few, enough = sample_run.rounds_input(3), sample_run.rounds_input(20)
    assert latency_curves.sentences(sample_run.sweep_input(few, few))[0] == (
        "At 1,024 MB on CSV this run cannot tell what Rust saves: not enough samples (3 of "
        "10 environments)."
    )
    mixed = latency_curves.sentences(sample_run.sweep_input(few, enough))[0]
    assert "not enough samples at 0 ms (3 of 10 environments) and saves 3" in mixed


def test_a_variant_that_died_at_a_latency_is_said_to_have(sample_run: ModuleType) -> None:
    good = sample_run.rounds_input(20)
    dead = [
        sample_run.dead(one.trial) if one.trial.variant == "rust" else one for one in good.samples
    ]
    told = sample_run.sweep_input(good, sample_run.report_input(good.manifest, dead))
    sentence = latency_curves.sentences(told)[0]
    assert sentence.endswith("and nothing to compare at 3 ms (Rust died: Runtime.OutOfMemory).")
    (_, point) = latency_curves.curves(told, 1024)[0].points
    assert (point.comparison, point.variant_ms, point.bill_saving) == (None, None, None)


def test_a_case_that_is_not_equal_at_some_latency_ends_all_talk_of_speed(
    sample_run: ModuleType,
) -> None:
    good = sample_run.rounds_input(20)
    first, *others = good.samples
    unequal = sample_run.report_input(
        good.manifest, [sample_run.planted_difference(first), *others]
    )
    (sentence,) = latency_curves.sentences(sample_run.sweep_input(good, unequal))
    assert sentence.startswith("At 3 ms: Not equal: ")


def test_one_variant_alone_has_nothing_to_compare(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(10)
    alone = [one for one in run.samples if one.trial.variant == "python"]
    manifest = sample_run.manifest()
    plan = tuple(one.trial for one in alone)
    single = sample_run.report_input(sample_run.planned(manifest, plan), alone)
    told = sample_run.sweep_input(single, single)
    assert latency_curves.curves(told, 1024) == []
    assert latency_curves.sentences(told) == (
        "Only Python was measured, so there is nothing to choose between.",
    )


def test_the_bill_is_that_of_each_latency(sample_run: ModuleType) -> None:
    runs = [sample_run.rounds_input(20, slowdown) for slowdown in (0.8, 1.2)]
    points = latency_curves.curves(sample_run.sweep_input(*runs), 1024)[0].points
    savings = [point.bill_saving for point in points]
    for run, saving in zip(runs, savings, strict=True):
        python, rust = (
            next(one for one in run.bill.cells if (one.variant, one.case) == (name, "csv"))
            for name in ("python", "rust")
        )
        assert saving == pytest.approx(float(1 - rust.run_usd / python.run_usd))


def test_what_ran_has_every_latency(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(2)
    told = latency_curves.with_every_latency(sample_run.sweep_input(run, run, run))
    assert told.manifest.target.latency_model == "0, 3 and 6 ms, one run at each, modelled"
