from __future__ import annotations

import numpy as np
import pytest

from lambdameter.model.sample import Report, Sample, Trial
from lambdameter.stats import bootstrap
from lambdameter.stats.compare import Measured, Pair, compare, measured

PAIR = Pair("a", "b", "csv", 128, "warm")


def draws(rounds: int) -> bootstrap.Draws:
    return bootstrap.Draws(rounds, np.random.default_rng(1))


def cell(*rounds: list[float]) -> Measured:
    return Measured(
        dict(enumerate(rounds)), dict(enumerate([round(ms) for ms in calls] for calls in rounds))
    )


def sample(round_: int, duration_ms: float, init_ms: float | None = None) -> Sample:
    return Sample(
        trial=Trial(
            index=0,
            round=round_,
            environment=round_,
            workload="w",
            variant="a",
            case="csv",
            memory_mb=128,
            call="warm" if init_ms is None else "cold",
        ),
        started_at="2026-11-21T00:00:00Z",
        client_ms=1,
        report=Report(
            request_id="r",
            duration_ms=duration_ms,
            billed_ms=round(duration_ms + (init_ms or 0)),
            memory_mb=128,
            max_memory_mb=40,
            init_ms=init_ms,
        ),
    )


def test_samples_are_kept_by_round() -> None:
    found = measured([sample(0, 10), sample(1, 30), sample(0, 20)])
    assert found.times_ms == {0: [10, 20], 1: [30]}
    assert found.billed_ms == {0: [10, 20], 1: [30]}


def test_a_cold_start_takes_init_and_duration() -> None:
    assert measured([sample(0, 10, 250)]).times_ms == {0: [260]}


def test_a_time_of_nothing_is_the_least_that_a_report_tells() -> None:
    found = measured([sample(0, 0)])
    assert (found.times_ms, found.billed_ms) == ({0: [0.01]}, {0: [1]})


def test_each_environment_is_reduced_to_its_median_first() -> None:
    # Medians 10 and 40 against 20 and 20: ratios 2 and 0.5, geometric mean 1.
    found = compare(PAIR, cell([10, 10, 90], [40, 40, 1]), cell([20], [20]), draws)
    assert found is not None
    assert found.ratio == pytest.approx(1)


def test_cost_is_a_ratio_of_means_over_all_calls() -> None:
    found = compare(PAIR, cell([10, 10, 100], [40]), cell([20, 20], [20, 20]), draws)
    assert found is not None
    assert found.cost_ratio == pytest.approx(20 / 40)


def test_a_round_that_one_variant_lacks_is_in_no_ratio() -> None:
    reference = Measured({0: [10], 2: [10]}, {0: [10], 2: [10]})
    variant = Measured({1: [99], 2: [5]}, {1: [99], 2: [5]})
    found = compare(PAIR, reference, variant, draws)
    assert found is not None
    assert found.environments == 1
    assert found.ratio == pytest.approx(0.5)


def test_no_round_in_common_is_no_comparison() -> None:
    assert compare(PAIR, Measured({0: [1]}, {0: [1]}), Measured({1: [1]}, {1: [1]}), draws) is None


def test_below_the_smallest_size_there_is_no_interval() -> None:
    few = [[10.0]] * (bootstrap.ENOUGH - 1)
    found = compare(PAIR, cell(*few), cell(*few), draws)
    assert found is not None
    assert found.interval is None
    assert found.cost_interval is None
    assert found.detectable is None
    assert found.verdict == "not-enough-environments"
    assert (found.environments, found.needed) == (bootstrap.ENOUGH - 1, bootstrap.ENOUGH)


def test_from_there_on_there_is_one_with_a_verdict() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, (2, 20))
    slow = cell(*([float(10 * np.exp(one))] for one in noise[0]))
    fast = cell(*([float(8 * np.exp(one))] for one in noise[1]))
    found = compare(PAIR, slow, fast, draws)
    assert found is not None
    assert found.interval is not None
    assert found.interval.low < found.ratio < found.interval.high < 1
    assert found.verdict == "faster"
    assert found.detectable is not None
    assert found.cost_interval is None


def test_an_interval_of_cost_needs_more_of_them() -> None:
    many = [[10.0]] * bootstrap.ENOUGH_FOR_COST
    found = compare(PAIR, cell(*many), cell(*many), draws)
    assert found is not None
    assert found.cost_interval is not None
    assert found.needed_for_cost == len(many)


def test_outliers_stay_in_and_the_ratio_without_them_is_told() -> None:
    calls = [10.0, 11, 10, 11, 10, 11]
    clean, stalled = cell(calls, calls, calls), cell(calls, calls, [*calls, 600.0])
    found = compare(PAIR, clean, stalled, draws)
    assert found is not None
    assert (found.outliers.calls, found.outliers.tukey, found.outliers.mad) == (37, 1, 1)
    assert found.cost_ratio == pytest.approx((189 + 600) / 19 / 10.5)
    assert found.outliers.cost_without == pytest.approx(1)


def test_a_round_far_from_the_others_is_flagged() -> None:
    reference = [[10.0]] * 9
    variant = [*([[float(10 + number / 10)] for number in range(8)]), [90.0]]
    found = compare(PAIR, cell(*reference), cell(*variant), draws)
    assert found is not None
    assert found.outliers.rounds == 1
    assert found.outliers.without is not None
    assert 1.0 < found.outliers.without < found.ratio < 1.1


def test_init_is_compared_by_itself_by_the_ratio_within_a_round() -> None:
    inits = {number: 100.0 + number for number in range(10)}
    twice = {number: 2 * ms for number, ms in inits.items()}
    times, billed = {number: [300.0] for number in inits}, {number: [300] for number in inits}
    found = compare(PAIR, Measured(times, billed, inits), Measured(times, billed, twice), draws)
    assert found is not None
    assert found.init is not None
    assert found.init.interval is not None
    assert (found.init.ratio, found.init.interval.low) == pytest.approx((2, 2))
    assert found.init.detectable == pytest.approx(0)
    assert found.ratio == 1


def test_calls_without_an_init_and_few_rounds_have_none_to_compare() -> None:
    found = compare(PAIR, cell([10]), cell([10]), draws)
    assert found is not None
    assert found.init is None
    few = compare(
        PAIR, Measured({0: [9]}, {0: [9]}, {0: 4}), Measured({0: [9]}, {0: [9]}, {0: 8}), draws
    )
    assert few is not None
    assert few.init is not None
    assert few.init.ratio == pytest.approx(2)
    assert (few.init.interval, few.init.detectable) == (None, None)


def test_what_a_cost_could_show_is_that_of_the_linear_part_of_its_ratio() -> None:
    rounds = bootstrap.ENOUGH_FOR_COST
    billed = [[100.0 + 10 * (number % 2)] * 3 for number in range(rounds)]
    same = [[105.0] * 3 for _ in range(rounds)]
    found = compare(PAIR, cell(*same), cell(*billed), draws)
    assert found is not None
    # Half of the environments cost 100, half 110, of a mean of 105: one deviation is 5 / 105.
    deviation = 5 / 105 * np.sqrt(rounds / (rounds - 1))
    deviates = 2.0227 + 0.8508  # Student's t of 39 degrees of freedom at 0.975 and 0.8
    expected = np.expm1(deviates * deviation / np.sqrt(rounds))
    assert found.cost_detectable == pytest.approx(expected, rel=1e-3)
    assert compare(PAIR, cell(*same[1:]), cell(*billed[1:]), draws).cost_detectable is None  # type: ignore[union-attr]
