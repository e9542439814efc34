from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import Any

import msgspec

from lambdameter.analysis import caveats
from lambdameter.model.calibration import Calibration
from lambdameter.model.sample import Enforcement, Modelled


def on(run: Any, **changes: Any) -> Any:
    target = msgspec.structs.replace(run.manifest.target, **changes)
    return msgspec.structs.replace(
        run, manifest=msgspec.structs.replace(run.manifest, target=target)
    )


def test_aws_needs_no_word_on_emulation(sample_run: ModuleType) -> None:
    run = on(sample_run.report_input(), name="aws")
    assert caveats.target(run) == caveats.memory(run) == ()


def test_a_calibrated_host_says_to_what_its_cpus_are_slowed(
    sample_run: ModuleType, calibration: Calibration
) -> None:
    told = caveats.target(on(sample_run.report_input(), calibration=calibration))
    assert told[1] == calibration.line


def test_a_host_that_is_not_calibrated_says_how_to(sample_run: ModuleType) -> None:
    told = caveats.target(sample_run.report_input())
    assert told[1].startswith("CPU at this machine's own speed")
    assert told[1].endswith("`lambdameter doctor --calibrate`")


def test_without_overheads_awss_base_is_missing(sample_run: ModuleType) -> None:
    told = caveats.memory(sample_run.report_input())
    assert told == (
        ("Max Memory is the function's own peak; on AWS the runtime's base memory is added"),
    )


def test_what_was_added_is_told_as_modelled_and_what_is_in_no_log_line_apart(
    sample_run: ModuleType,
) -> None:
    made = [sample_run.sample(trial) for trial in sample_run.manifest().plan]
    sizes = (0.5, 0.5, 1.5, 10.0)
    samples = [
        msgspec.structs.replace(
            one,
            meter=msgspec.structs.replace(
                one.meter,
                modelled=Modelled(
                    invocation_ms=0.5,
                    init_ms=4 * size,
                    memory_mb=20.4 + size,
                    hidden_start_ms=6 * size,
                ),
            ),
        )
        for one, size in zip(made, sizes * (len(made) // 4), strict=True)
    ]
    run = on(sample_run.report_input(None, samples), overheads="overheads 1")
    added, hidden = caveats.memory(run)
    assert added.endswith(
        "AWS's own share, modelled: Python 2 ms and 21 MB; Rust 6 to 40 ms and 22 to 30 MB"
    )
    assert hidden == "before Init, and in no log line: up to 60.0 ms (modelled)"


def test_the_priced_architecture_is_told_only_where_it_differs(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    assert any("measured on x86_64" in told for told in caveats.bill(run))
    assert not any("measured on" in told for told in caveats.bill(on(run, architecture="arm64")))


def test_missing_calls_are_counted(sample_run: ModuleType) -> None:
    manifest = sample_run.manifest()
    samples = [sample_run.sample(trial) for trial in manifest.plan[:5]]
    told = caveats.times(sample_run.report_input(manifest, samples))
    assert told == (
        "one round, so no intervals",
        "the run is not complete: 3 of 8 calls are missing",
    )


def test_few_rounds_are_told_as_medians_without_an_interval(sample_run: ModuleType) -> None:
    told = caveats.times(sample_run.rounds_input(5))
    assert told == ("medians of 5 rounds, not enough for intervals (5 of 10)",)


def test_of_many_rounds_the_intervals_place_is_told(sample_run: ModuleType) -> None:
    told = caveats.times(sample_run.rounds_input(20))
    assert told == ('medians of 20 rounds; their intervals are under "Confidence intervals"',)


def test_a_model_is_spoken_of_only_where_there_is_one(sample_run: ModuleType) -> None:
    run = sample_run.report_input()
    bare = [
        msgspec.structs.replace(one, meter=msgspec.structs.replace(one.meter, service=None))
        for one in run.samples
    ]
    assert any("modelled" in told for told in caveats.parts_of_duration(run))
    assert not any(
        "modelled" in told
        for told in caveats.parts_of_duration(sample_run.report_input(None, bare))
    )


def test_injected_faults_are_told_first_of_all_beside_times(sample_run: ModuleType) -> None:
    run = on(sample_run.report_input(), faults="cut=0.1, seed 1")
    assert caveats.times(run)[0].startswith("FAULTS WERE INJECTED")


def test_a_tier_that_the_host_cannot_grant_is_told_beside_it() -> None:
    host = Enforcement(
        by="cgroup v1", cpu="", memory="", freeze="", isolation="", vcpus=2.0, memory_mb=4_000
    )
    assert caveats.memory_size(host, 3_538) == ()
    cpu, memory = caveats.memory_size(host, 10_240)
    assert cpu.startswith("LESS CPU THAN ON LAMBDA: 5.79 vCPUs on Lambda, 2 on this host")
    assert memory.startswith("LESS MEMORY THAN ON LAMBDA: this host has 4,000 MB")


def test_a_host_that_has_enough_and_aws_have_no_such_caveat() -> None:
    enough = Enforcement(by="cgroup v1", cpu="", memory="", freeze="", isolation="")
    assert caveats.memory_size(enough, 10_240) == caveats.memory_size(None, 10_240) == ()


def test_calls_that_shared_their_cores_are_told_and_what_they_lacked(
    sample_run: ModuleType,
) -> None:
    made = [sample_run.sample(trial) for trial in sample_run.manifest().plan]
    lost = {0: 0.3, 1: 0.2, 2: 0.1, 3: 0.01}
    samples = [
        msgspec.structs.replace(
            one,
            meter=msgspec.structs.replace(
                one.meter, disturbed_ms=lost.get(place, 0.0) * one.report.duration_ms
            ),
        )
        for place, one in enumerate(made)
    ]
    told = caveats.times(sample_run.report_input(sample_run.manifest(), samples))
    assert told[-1] == (
        f"DISTURBED: 3 of {len(made)} calls had to wait for a CPU, for 20% of their Duration "
        "or Init at the median of these calls: other work used the same cores of this machine"
    )
    assert caveats.times(sample_run.report_input(sample_run.manifest(), made)) == told[:-1]


def test_of_a_cold_call_the_part_that_lacked_more_counts(sample_run: ModuleType) -> None:
    one = sample_run.sample(sample_run.manifest().plan[0])
    meter = msgspec.structs.replace(one.meter, disturbed_ms=2.0, init_disturbed_ms=30.0)
    report = msgspec.structs.replace(one.report, duration_ms=100.0, init_ms=200.0)
    of = partial(msgspec.structs.replace, one, report=report)
    assert caveats.disturbed_share(of(meter=meter)) == 0.15
    assert (
        caveats.disturbed_share(of(meter=msgspec.structs.replace(meter, disturbed_ms=40.0))) == 0.4
    )
    warm = msgspec.structs.replace(meter, init_disturbed_ms=None)
    assert caveats.disturbed_share(of(meter=warm)) == 0.02
    assert caveats.disturbed_share(of(meter=None)) == 0.0
