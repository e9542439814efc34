from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.emulator.speed import store
from lambdameter.errors import BadInputError
from lambdameter.measure import cpu_speed
from lambdameter.model.calibration import Calibration, Speed


def found(reached: float) -> Calibration:
    kind = Speed(
        kernel="k",
        here_ms=200.0,
        lambda_ms=310.0,
        factor=1.55,
        busy_ns=30_000,
        cycle_ns=100_000,
        reached=reached,
        cpu_share=0.7,
    )
    return Calibration(
        made_at="2026-11-21T12:00:00+00:00",
        cpu=store.cpu_model(),
        architecture="arm64",
        interpreter=kind,
        compiled=kind,
        interpreters={"python3.13": msgspec.structs.replace(kind, build="plain")},
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "lambdameter"


def test_a_calibrated_host_is_slowed_by_default(cache: Path) -> None:
    store.save(found(1.55), store.file("arm64"))
    assert cpu_speed.chosen("auto", "arm64") == str(cache / "speed-arm64.json")
    assert cpu_speed.chosen("lambda", "arm64") == cpu_speed.chosen("auto", "arm64")


@pytest.mark.usefixtures("cache")
def test_its_own_speed_can_be_asked_for() -> None:
    store.save(found(1.55), store.file("arm64"))
    assert cpu_speed.chosen("host", "arm64") == "host"


def test_a_host_that_is_not_calibrated_runs_at_its_own_speed(cache: Path) -> None:
    assert not cache.exists()
    assert cpu_speed.chosen("auto", "arm64") == "host"


@pytest.mark.usefixtures("cache")
def test_a_host_that_is_not_calibrated_is_refused_where_lambdas_speed_is_asked_for() -> None:
    with pytest.raises(BadInputError, match="not calibrated against a Lambda x86_64") as told:
        cpu_speed.chosen("lambda", "x86_64")
    assert (told.value.place, told.value.next_step) == ("--speed", store.MAKE)


@pytest.mark.usefixtures("cache")
def test_another_cpus_calibration_is_never_used() -> None:
    other = msgspec.structs.replace(found(1.55), cpu="another")
    store.save(other, store.file("arm64"))
    assert cpu_speed.chosen("auto", "arm64") == "host"
    with pytest.raises(BadInputError, match="to another CPU, another"):
        cpu_speed.chosen("lambda", "arm64")


def test_what_the_slow_cores_do_not_reach_is_said_loudly() -> None:
    assert "NOT REACHED" in cpu_speed.described(found(1.40))
    times = "1.55 times faster here (k: 200 ms against 310), slowed by 1.55"
    assert cpu_speed.described(found(1.55)).splitlines() == [
        "arm64:",
        f"  python3.13: {times}, a plain build",
        f"  compiled code: {times}",
    ]


def test_doctor_calibrates_against_both_architectures_and_keeps_it(
    cache: Path, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def calibrate(architectures: Any, _now: Any, earlier_ns: Any) -> list[Calibration]:
        seen.append(earlier_ns)
        return [msgspec.structs.replace(found(1.55), architecture=one) for one in architectures]

    seen: list[int | None] = []
    monkeypatch.setattr("lambdameter.measure.cpu_speed.calibrations", calibrate)
    told = command("doctor", "--calibrate")
    assert sorted(path.name for path in cache.glob("speed-*.json")) == [
        "speed-arm64.json",
        "speed-x86_64.json",
    ]
    assert "CPUs slowed to a Lambda arm64 vCPU's speed" in " ".join(told.stdout.split())
    for streams_ns, architecture in ((1_200, "arm64"), (900, "x86_64")):
        known = msgspec.structs.replace(found(1.55), streams_ns=streams_ns)
        store.save(known, cache / f"speed-{architecture}.json")
    command("doctor", "--calibrate")
    (cache / "speed-arm64.json").write_text("{}")
    command("doctor", "--calibrate")
    assert seen == [None, 900, None]
