from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lambdameter.model.base import Call
from lambdameter.model.comparison import Stopping
from lambdameter.model.sample import (
    Manifest,
    Meter,
    Report,
    Sample,
    SampleError,
    ServiceTime,
    Trial,
    TrialEquality,
)
from lambdameter.model.summary import CallSummary, CaseEquality
from lambdameter.model.workload import Phase, ResponseShape
from lambdameter.stats.summary import figure, summarise

SHAPE = ResponseShape(
    count="done.count",
    unit="record",
    total="total_ms",
    phases=(Phase(name="s3", title="S3", field="phases.s3_ms"),),
)
EQUAL = CaseEquality(
    case="csv", proven=("a",), unequal=(), died={}, agree=True, records_compared=10, digest="d"
)
FAILED = SampleError(kind="function", type="Runtime.OutOfMemory", message="killed")


def trial(index: int = 0, call: Call = "warm", round_: int = 0, variant: str = "a") -> Trial:
    return Trial(
        index=index,
        round=round_,
        environment=index,
        workload="w",
        variant=variant,
        case="csv",
        memory_mb=128,
        call=call,
    )


def sample(of: Trial, duration_ms: float = 100.0, **changes: Any) -> Sample:
    cold = of.call == "cold"
    made = Sample(
        trial=of,
        started_at="2026-11-21T00:00:00Z",
        client_ms=duration_ms + 1,
        report=Report(
            request_id="r",
            duration_ms=duration_ms,
            billed_ms=round(duration_ms),
            memory_mb=128,
            max_memory_mb=40,
            init_ms=25.5 if cold else None,
        ),
        response={"done": {"count": 10}, "total_ms": duration_ms, "phases": {"s3_ms": 5}},
    )
    return msgspec.structs.replace(made, **changes)


def metered(cpu_ms: float | None, throttled_ms: float | None) -> Meter:
    return Meter(
        environment="e",
        cpu_ms=cpu_ms,
        throttled_ms=throttled_ms,
        service=ServiceTime(requests={}, modelled_ms=30.0),
    )


@pytest.fixture
def manifest(plain_manifest: Manifest) -> Manifest:
    shaped = msgspec.structs.replace(plain_manifest.workload, response=SHAPE)
    return msgspec.structs.replace(plain_manifest, workload=shaped, plan=(trial(),))


def warm(manifest: Manifest, *samples: Sample, equality: CaseEquality = EQUAL) -> Any:
    return summarise(manifest, samples, (equality,)).cells[0].warm


def test_durations_are_medians_and_billed_for_cost_is_the_mean(manifest: Manifest) -> None:
    call = warm(manifest, *(sample(trial(), ms) for ms in (100, 110, 600)))
    assert call.duration_ms == 110
    assert call.billed_ms == 110
    assert call.mean_billed_ms == 270


def test_figures_are_read_where_the_workload_says(manifest: Manifest) -> None:
    call = warm(manifest, sample(trial()))
    assert (call.count, call.total_ms, call.phases) == (10, 100.0, {"s3": 5.0})
    assert call.per_1000_ms == 10_000


@pytest.mark.parametrize(
    "response",
    [None, "text", {}, {"total_ms": "12"}, {"total_ms": True}, {"total_ms": -1}, {"total_ms": {}}],
)
def test_a_missing_or_odd_field_is_no_figure(response: Any) -> None:
    assert figure(response, "total_ms") is None


def test_a_failed_sample_is_counted_and_in_no_figure(manifest: Manifest) -> None:
    call = warm(manifest, sample(trial()), sample(trial(), 9_000, error=FAILED))
    assert (call.n, call.errors, call.error) == (2, 1, FAILED)
    assert call.duration_ms == 100


def test_a_call_that_only_failed_has_no_figure(manifest: Manifest) -> None:
    call = warm(manifest, sample(trial(), error=FAILED))
    assert (call.n, call.errors) == (1, 1)
    assert call.duration_ms is call.max_memory_mb is call.mean_billed_ms is None


def test_waiting_is_what_is_left_of_duration(manifest: Manifest) -> None:
    call = warm(manifest, sample(trial(), meter=metered(20, 30)))
    assert (call.cpu_ms, call.throttled_ms, call.waiting_ms) == (20, 30, 50)
    assert call.modelled_ms == 30


@pytest.mark.parametrize("meter", [None, metered(20, None), metered(None, 0), metered(90, 20)])
def test_waiting_is_unknown_where_a_part_is_unknown_or_it_is_negative(
    manifest: Manifest, meter: Meter | None
) -> None:
    assert warm(manifest, sample(trial(), meter=meter)).waiting_ms is None


def test_unequal_means_no_speed_for_the_whole_case(manifest: Manifest) -> None:
    unequal = msgspec.structs.replace(EQUAL, unequal=("b",), agree=False)
    call = warm(manifest, sample(trial()), equality=unequal)
    assert msgspec.structs.replace(call, n=0) == msgspec.structs.replace(call, n=0, errors=0)
    assert call.total_ms is call.duration_ms is call.billed_ms is call.cpu_ms is None
    assert call.phases == {}


def test_a_case_without_a_verdict_is_not_equal(manifest: Manifest) -> None:
    summary = summarise(manifest, [sample(trial())], ())
    assert not summary.equal
    assert summary.cells[0].warm is not None
    assert summary.cells[0].warm.duration_ms is None


def test_a_cold_call_counts_as_cold_only_with_an_init_duration(manifest: Manifest) -> None:
    cold = trial(call="cold")
    reused = sample(cold)
    assert reused.report is not None
    reused = msgspec.structs.replace(
        reused, report=msgspec.structs.replace(reused.report, init_ms=None)
    )
    cell = summarise(manifest, [sample(cold), reused], (EQUAL,)).cells[0]
    assert cell.cold is not None
    assert (cell.cold.n, cell.cold.errors, cell.cold.init_ms) == (2, 1, 25.5)
    assert cell.cold.error is not None
    assert cell.cold.error.type == "NotCold"


def test_a_warm_call_with_an_init_duration_was_cold(manifest: Manifest) -> None:
    started = sample(trial(), report=sample(trial(call="cold")).report)
    call = warm(manifest, started)
    assert (call.errors, call.error.type) == (1, "NotWarm")


def test_write_units_come_from_the_proof(manifest: Manifest) -> None:
    proof = TrialEquality(
        equal=True,
        expected_count=10,
        actual_count=10,
        expected_digest="d",
        actual_digest="d",
        write_units=12,
        differing=0,
    )
    assert warm(manifest, sample(trial(), equality=proof)).write_units == 12


def test_a_run_is_complete_when_every_planned_call_was_made(manifest: Manifest) -> None:
    two = msgspec.structs.replace(manifest, plan=(trial(0), trial(1, round_=1)))
    part = summarise(two, [sample(trial(0))], (EQUAL,))
    full = summarise(two, [sample(trial(0)), sample(trial(1, round_=1))], (EQUAL,))
    assert (part.complete, part.rounds) == (False, 1)
    assert (full.complete, full.rounds) == (True, 2)


def test_a_planned_cell_without_samples_is_there_and_empty(manifest: Manifest) -> None:
    cell = summarise(manifest, [], (EQUAL,)).cells[0]
    assert (cell.variant, cell.cold, cell.warm) == ("a", None, None)


def disturbed(retries: int, faults: dict[str, int]) -> Meter:
    service = ServiceTime(requests={}, modelled_ms=0.0, retries=retries, faults=faults)
    return Meter(environment="e", service=service)


def test_retries_and_faults_are_summed_over_all_calls_the_failed_ones_included(
    manifest: Manifest,
) -> None:
    call = warm(
        manifest,
        sample(trial(0), meter=disturbed(2, {"s3.GetObject.cut": 1})),
        sample(
            trial(1),
            error=FAILED,
            meter=disturbed(3, {"s3.GetObject.cut": 1, "dynamodb.PutItem.5xx": 4}),
        ),
    )
    assert call.retries == 5
    assert call.faults == {"dynamodb.PutItem.5xx": 4, "s3.GetObject.cut": 2}


def test_where_no_data_plane_was_watched_retries_are_not_known(manifest: Manifest) -> None:
    call = warm(manifest, sample(trial()))
    assert (call.retries, call.faults) == (None, {})


def test_the_spread_is_that_of_all_calls(plain_manifest: Manifest) -> None:
    samples = [sample(trial(index), duration_ms) for index, duration_ms in enumerate((2, 10, 3))]
    warm = warm_of(plain_manifest, samples)
    assert (warm.least_ms, warm.duration_ms, warm.mean_ms, warm.most_ms) == (2, 3, 5, 10)


def test_without_a_count_a_call_is_one_unit(plain_manifest: Manifest) -> None:
    warm = warm_of(plain_manifest, [sample(trial(), response={"statusCode": 200})])
    assert warm.count == 1
    assert (warm.total_ms, warm.per_1000_ms) == (None, None)


def warm_of(manifest: Manifest, samples: list[Sample]) -> CallSummary:
    """By a shape that tells neither count nor total."""
    workload = msgspec.structs.replace(manifest.workload, response=ResponseShape())
    plan = tuple(one.trial for one in samples)
    manifest = msgspec.structs.replace(manifest, workload=workload, plan=plan)
    (cell,) = summarise(manifest, samples, (EQUAL,)).cells
    assert cell.warm is not None
    return cell.warm


def compared(manifest: Manifest, ratio: float = 0.8, rounds: int = 20) -> Any:
    trials = [
        trial(index, round_=index // 2, variant="ab"[index % 2]) for index in range(2 * rounds)
    ]
    planned = msgspec.structs.replace(manifest, plan=tuple(trials))
    samples = [
        sample(one, (100 + one.round % 5) * (1 if one.variant == "a" else ratio)) for one in trials
    ]
    return summarise(planned, samples, (EQUAL,))


def test_each_variant_is_compared_with_the_first(manifest: Manifest) -> None:
    (found,) = compared(manifest).comparisons
    assert (found.reference, found.variant, found.case, found.call) == ("a", "b", "csv", "warm")
    assert found.verdict == "faster"
    assert found.ratio == pytest.approx(0.8)


def test_the_same_run_gives_the_same_intervals(manifest: Manifest) -> None:
    assert compared(manifest) == compared(manifest)


def test_a_variant_that_is_not_a_candidate_is_not_a_reference(manifest: Manifest) -> None:
    first, second = manifest.workload.variants
    cheat = msgspec.structs.replace(first, not_a_candidate="it cheats")
    workload = msgspec.structs.replace(manifest.workload, variants=(cheat, second))
    assert compared(msgspec.structs.replace(manifest, workload=workload)).comparisons == ()


def test_what_was_not_shown_equal_is_not_compared(manifest: Manifest) -> None:
    trials = (trial(0), trial(1, variant="b"))
    planned = msgspec.structs.replace(manifest, plan=trials)
    found = summarise(planned, [sample(one) for one in trials], ())
    assert found.comparisons == ()


def test_a_run_that_was_looked_at_has_intervals_of_its_last_look(manifest: Manifest) -> None:
    trials = tuple(trial(index, round_=index // 2, variant="ab"[index % 2]) for index in range(40))
    planned = msgspec.structs.replace(manifest, plan=trials)
    stopping = Stopping(rounds=20, looks=(20, 40), level=0.99, stop=True, reason="decided")
    samples = [sample(one, 100 + one.index) for one in trials]
    found = summarise(planned, samples, (EQUAL,), stopping)
    (one,) = found.comparisons
    assert found.stopping == stopping
    assert one.interval is not None
    assert one.interval.level == 0.99


def test_percentiles_are_of_the_last_call_of_each_environment(manifest: Manifest) -> None:
    trials = [trial(index, round_=index // 2) for index in range(72)]
    planned = msgspec.structs.replace(manifest, plan=tuple(trials))
    samples = [sample(one, 900 if one.index % 2 == 0 else one.index) for one in trials]
    warm = summarise(planned, samples, (EQUAL,)).cells[0].warm
    assert warm is not None
    p90 = warm.percentiles[0]
    assert (p90.environments, p90.high_ms) == (36, 71)


def test_a_copy_is_held_against_its_original_and_nothing_else_is(plain_manifest: Manifest) -> None:
    names = ("a", "a-copy", "b", "b-copy")
    workload = plain_manifest.workload
    variants = tuple(
        msgspec.structs.replace(workload.variants[0], name=name, title=name) for name in names
    )
    plan = tuple(trial(index, variant=name) for index, name in enumerate(names))
    manifest = msgspec.structs.replace(
        plain_manifest,
        workload=msgspec.structs.replace(workload, variants=variants),
        plan=plan,
        copies={"a-copy": "a", "b-copy": "b"},
    )
    told = summarise(manifest, [sample(one) for one in plan], (EQUAL,))
    assert [(one.reference, one.variant) for one in told.comparisons] == [
        ("a", "a-copy"),
        ("b", "b-copy"),
    ]
