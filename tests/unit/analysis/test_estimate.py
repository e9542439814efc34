from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis.estimate import estimate
from lambdameter.analysis.run import Run
from lambdameter.model.claim import ClaimRow, ClaimSource, Quantity
from lambdameter.model.reproduction import Estimate
from lambdameter.stats.bootstrap import ENOUGH

SOURCE = ClaimSource(id="K", title="", conditions="", waiting=("s3", "write"))


def quantity(variant: str, metric: str = "mean_ms", **fields: Any) -> Quantity:
    plain = Quantity(workload="etl", variant=variant, case="csv", memory_mb=1024, metric=metric)
    return msgspec.structs.replace(plain, **fields)


def row(*of: Quantity, over: tuple[Quantity, ...] = (), **fields: Any) -> ClaimRow:
    given = {"id": "K.1", "claim": "K", "title": "", "unit": "ms", "of": of, "over": over}
    return ClaimRow(**(given | fields))


def ratio(metric: str = "mean_ms", **fields: Any) -> ClaimRow:
    sides = {"of": (quantity("rust", metric),), "over": (quantity("python", metric),)}
    return msgspec.structs.replace(row(operation="ratio"), **(sides | fields))


@pytest.fixture(scope="module")
def run(sample_run: ModuleType) -> Run:
    result: Run = sample_run.rounds_input(12)
    return result


def known(figure: float | None) -> float:
    assert figure is not None
    return figure


def of(run: Run, one: ClaimRow, source: ClaimSource = SOURCE) -> Estimate:
    return estimate(one, [run], source)


def test_an_interval_holds_the_estimate(run: Run) -> None:
    for one in (row(quantity("rust")), ratio()):
        found = of(run, one)
        assert found.low is not None
        assert found.high is not None
        assert found.value is not None
        assert found.low < found.value < found.high
        assert found.environments == 12


def test_a_ratio_is_that_of_the_two(run: Run) -> None:
    mine, theirs = of(run, row(quantity("rust"))), of(run, row(quantity("python")))
    assert mine.value is not None
    assert theirs.value is not None
    assert of(run, ratio()).value == pytest.approx(mine.value / theirs.value)


def test_a_saving_is_what_the_ratio_leaves_and_its_ends_change_places(run: Run) -> None:
    plain, saving = of(run, ratio()), of(run, ratio(operation="saving", scale=100))
    assert saving.value == pytest.approx(100 * (1 - known(plain.value)))
    assert saving.low == pytest.approx(100 * (1 - known(plain.high)))
    assert saving.high == pytest.approx(100 * (1 - known(plain.low)))


def test_a_difference_may_be_below_nothing(run: Run) -> None:
    found = of(run, ratio(operation="difference"))
    assert found.value == pytest.approx(known(found.of) - known(found.over))
    assert known(found.high) < 0


def test_several_quantities_are_added_up_in_each_round(run: Run) -> None:
    both = of(run, row(quantity("rust"), quantity("rust", case="json"), scale=0.5))
    alone = [of(run, row(quantity("rust", case=case))).value or 0 for case in ("csv", "json")]
    assert both.value == pytest.approx(sum(alone) / 2, rel=0.01)


def test_the_protocol_made_once_is_the_first_rounds(run: Run) -> None:
    first = [
        one.report.duration_ms
        for one in run.samples
        if (one.trial.variant, one.trial.case, one.trial.call) == ("rust", "csv", "warm")
        and one.trial.round == 0
        and one.report
    ]
    assert of(run, row(quantity("rust"))).once == pytest.approx(sum(first) / len(first))


def test_the_same_run_is_told_the_same_way_again(run: Run) -> None:
    assert of(run, ratio()) == of(run, ratio())


def test_fewer_environments_than_enough_have_no_interval(sample_run: ModuleType) -> None:
    found = of(sample_run.rounds_input(ENOUGH - 1), ratio())
    assert (found.low, found.high, found.environments) == (None, None, ENOUGH - 1)
    assert found.value is not None


def test_the_modelled_part_of_a_figure_is_its_share(run: Run) -> None:
    writes = of(run, row(quantity("rust", "write")))
    assert writes.modelled is not None
    assert writes.modelled > 0.9
    assert of(run, row(quantity("rust", "parse"))).modelled == 0


def test_of_a_ratio_it_is_that_of_the_published_effect(run: Run) -> None:
    # Both wait for the same service: what is modelled falls out of their difference.
    found = of(run, ratio("total_ms", value=0.66))
    assert found.modelled is not None
    assert found.modelled < 0.1


def test_figures_measured_on_aws_have_nothing_modelled(run: Run) -> None:
    target = msgspec.structs.replace(run.manifest.target, latency_model=None, overheads=None)
    real = msgspec.structs.replace(
        run, manifest=msgspec.structs.replace(run.manifest, target=target)
    )
    assert of(real, row(quantity("rust", "write"))).modelled is None


def test_less_work_than_published_is_scaled_and_says_so(run: Run) -> None:
    twice = msgspec.structs.replace(SOURCE, count=100_000)
    plain, scaled = (of(run, row(quantity("rust", "total_ms")), one) for one in (SOURCE, twice))
    assert scaled.scaled == 2
    assert scaled.value == pytest.approx(2 * known(plain.value))


@pytest.mark.parametrize(
    ("one", "lack"),
    [
        (row(quantity("go")), "go of etl on csv was not measured at 1,024 MB"),
        (row(quantity("rust", memory_mb=128)), "rust of etl on csv was not measured at 128 MB"),
        (row(quantity("rust", "beauty")), "rust of etl on csv has no figure for beauty"),
        (row(), "lambdameter has nothing to run for this figure"),
        (row(quantity("rust", "zip_bytes")), "rust has no package in these runs"),
    ],
)
def test_what_is_lacking_is_told(run: Run, one: ClaimRow, lack: str) -> None:
    found = of(run, one)
    assert (found.value, found.lack, found.died) == (None, lack, False)


def test_without_proof_that_the_variants_do_the_same_nothing_is_told(
    sample_run: ModuleType,
) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    samples[3] = sample_run.planted_difference(samples[3])
    unequal = sample_run.report_input(manifest, samples)
    case = samples[3].trial.case
    found = of(unequal, row(quantity("rust", case=case)))
    assert found.lack == f"the variants were not shown to do the same on {case}"


def test_a_function_that_failed_in_every_call_has_died(sample_run: ModuleType) -> None:
    died = sample_run.report_input(sample_run.manifest((128,)))
    found = of(died, row(quantity("python", case="json", memory_mb=128)))
    assert found.died
    assert "Runtime.OutOfMemory" in found.lack


def test_a_row_is_taken_from_one_run_where_one_has_all_of_it(
    sample_run: ModuleType, run: Run
) -> None:
    part = sample_run.report_input(sample_run.manifest((128,)))
    found = estimate(ratio(), [part, run], SOURCE)
    assert found.environments == 12


def test_of_runs_of_less_work_and_of_the_published_that_one_is_taken(
    sample_run: ModuleType, run: Run
) -> None:
    less = sample_run.rounds_input(11)
    tenth = [
        msgspec.structs.replace(one, response=one.response | {"records": 5_000})
        for one in less.samples
    ]
    less = msgspec.structs.replace(less, samples=tuple(tenth))
    source = msgspec.structs.replace(SOURCE, count=50_000)
    for runs in ([less, run], [run, less]):
        found = estimate(row(quantity("rust", "total_ms")), runs, source)
        assert (found.environments, found.scaled) == (12, 1)
    found = estimate(row(quantity("rust", "total_ms")), [less], source)
    assert (found.environments, found.scaled) == (11, 10)


def test_a_run_whose_calls_told_no_work_is_taken_last(run: Run) -> None:
    failed = msgspec.structs.replace(
        run,
        samples=tuple(msgspec.structs.replace(one, response=None) for one in run.samples),
    )
    source = msgspec.structs.replace(SOURCE, count=100_000)
    found = estimate(row(quantity("rust", "total_ms")), [failed, run], source)
    assert found.scaled == 2
    assert found.value is not None


def test_all_of_a_row_comes_from_the_same_run(sample_run: ModuleType, run: Run) -> None:
    tenth = [
        msgspec.structs.replace(one, response=one.response | {"records": 5_000})
        for one in sample_run.rounds_input(11).samples
    ]
    less = msgspec.structs.replace(sample_run.rounds_input(11), samples=tuple(tenth))
    source = msgspec.structs.replace(SOURCE, count=50_000)
    one = row(quantity("rust", "init_ms", call="cold"), over=(quantity("python", "total_ms"),))
    assert estimate(one, [less, run], source).environments == 12
