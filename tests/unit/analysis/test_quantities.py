from __future__ import annotations

from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis import quantities
from lambdameter.analysis.quantities import exact, is_modelled, readings, work
from lambdameter.analysis.run import Run
from lambdameter.model.artifact import Artifact
from lambdameter.model.claim import Quantity
from lambdameter.model.sample import Meter, Modelled, Sample, ServiceTime


def quantity(metric: str, call: str = "warm", variant: str = "rust") -> Quantity:
    return Quantity(
        workload="etl",
        variant=variant,
        case="csv",
        memory_mb=1024,
        call="cold" if call == "cold" else "warm",
        metric=metric,
    )


@pytest.fixture
def run(sample_run: ModuleType) -> Run:
    result: Run = sample_run.rounds_input(2)
    return result


def warm(run: Run, number: int = 0) -> list[Sample]:
    return [
        one for one in quantities.samples(run, quantity("mean_ms")) if one.trial.round == number
    ]


def durations_ms(run: Run) -> list[float]:
    return [one.report.duration_ms for one in warm(run) if one.report]


def test_each_environment_yields_one_reading(run: Run) -> None:
    assert list(readings(run, quantity("mean_ms"))) == [0, 1]
    assert list(readings(run, quantity("init_ms", "cold"))) == [0, 1]


@pytest.mark.parametrize(
    ("metric", "of"),
    [
        ("mean_ms", lambda ms: sum(ms) / len(ms)),
        ("least_ms", min),
        ("most_ms", max),
        ("second_ms", lambda ms: ms[0]),
    ],
)
def test_a_texts_statistic_is_taken_within_the_environment(run: Run, metric: str, of: Any) -> None:
    assert readings(run, quantity(metric))[0].value == pytest.approx(of(durations_ms(run)))


def test_a_phase_that_waits_is_modelled_as_far_as_the_service_was(run: Run) -> None:
    waiting = readings(run, quantity("write"), {"write"})[0]
    assert 0 < waiting.modelled <= waiting.value
    assert readings(run, quantity("write"))[0].modelled == 0


def test_no_more_than_all_of_a_reading_is_modelled(run: Run) -> None:
    phase = readings(run, quantity("s3"), {"s3"})[0]
    assert phase.modelled == phase.value


def test_what_aws_adds_is_modelled_in_init_and_memory(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    added = Modelled(init_ms=6.0, invocation_ms=0.5, memory_mb=20.0, hidden_start_ms=9.0)
    meter = Meter(
        environment="e", service=ServiceTime(requests={}, modelled_ms=2.0), modelled=added
    )
    samples = tuple(msgspec.structs.replace(one, meter=meter) for one in run.samples)
    run = msgspec.structs.replace(run, samples=samples)
    parts = {
        metric: readings(run, quantity(metric, "cold"))[0].modelled
        for metric in ("init_ms", "duration_ms", "billed_ms", "max_memory_mb")
    }
    assert parts == {"init_ms": 6.0, "duration_ms": 2.5, "billed_ms": 8.5, "max_memory_mb": 20.0}


def test_a_failed_call_is_in_no_reading(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan]
    failed = [
        sample_run.dead(one.trial)
        if (one.trial.variant, one.trial.case, one.trial.call) == ("rust", "csv", "warm")
        else one
        for one in samples
    ]
    assert readings(sample_run.report_input(manifest, failed), quantity("mean_ms")) == {}


def test_of_a_timeout_the_billed_share_is_read_from_the_calls_that_failed(
    sample_run: ModuleType,
) -> None:
    manifest = sample_run.manifest()
    samples = []
    for trial in manifest.plan:
        one = sample_run.dead(trial)
        report = msgspec.structs.replace(one.report, status="timeout", billed_ms=900_000)
        samples.append(msgspec.structs.replace(one, report=report))
    run = sample_run.report_input(manifest, samples)
    assert readings(run, quantity(quantities.TIMED_OUT))[0].value == 1


def test_an_unknown_metric_has_no_reading(run: Run) -> None:
    assert readings(run, quantity("beauty")) == {}


def test_published_work_over_ours_is_told_where_a_figure_depends_on_it(run: Run) -> None:
    assert work(run, quantity("total_ms"), 100_000) == 2
    assert work(run, quantity("write"), 25_000) == 0.5
    assert work(run, quantity("per_1000_ms"), 100_000) == 2
    assert work(run, quantity("init_ms", "cold"), 100_000) == 1
    assert work(run, quantity("total_ms"), None) == 1
    assert quantities.grows(quantity("total_ms"))
    assert not quantities.grows(quantity("per_1000_ms"))


def test_the_size_of_a_package_is_the_artifacts(run: Run) -> None:
    artifact = Artifact(
        variant="rust",
        path="/p",
        sha256="0",
        zip_bytes=5,
        unzipped_bytes=9,
        runtime="provided.al2023",
        handler="bootstrap",
        architecture="x86_64",
    )
    manifest = msgspec.structs.replace(run.manifest, artifacts=(artifact,))
    run = msgspec.structs.replace(run, manifest=manifest)
    assert exact(run, quantity("zip_bytes")) == 5
    assert exact(run, quantity("binary_bytes")) == 9
    assert exact(run, quantity("zip_bytes", variant="python")) is None


def test_a_run_against_real_services_has_nothing_modelled(run: Run) -> None:
    assert is_modelled(run)
    target = msgspec.structs.replace(run.manifest.target, latency_model=None, overheads=None)
    manifest = msgspec.structs.replace(run.manifest, target=target)
    assert not is_modelled(msgspec.structs.replace(run, manifest=manifest))
