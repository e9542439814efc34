from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdameter.emulator.speed import store
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.calibration import Calibration, Speed

SPEED = Speed(
    kernel="rust",
    here_ms=100.0,
    lambda_ms=150.0,
    factor=1.5,
    busy_ns=26_000,
    cycle_ns=100_000,
    reached=1.49,
    cpu_share=0.74,
)
CALIBRATION = Calibration(
    made_at="2026-11-21T12:00:00+00:00",
    cpu="a CPU (x86_64)",
    architecture="arm64",
    interpreter=SPEED,
    compiled=SPEED,
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "speed-arm64.json"
    store.save(CALIBRATION, file)
    assert store.load(file, "a CPU (x86_64)") == CALIBRATION
    assert list(file.parent.iterdir()) == [file]


def test_nothing_stored_is_no_fault(tmp_path: Path) -> None:
    assert store.load(tmp_path / "speed-arm64.json", "a CPU") is None


def test_another_cpus_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    store.save(CALIBRATION, file)
    with pytest.raises(
        BadInputError, match=r"to another CPU, a CPU \(x86_64\); this CPU is b"
    ) as told:
        store.load(file, "b")
    assert (told.value.place, told.value.exit_code) == (str(file), 2)
    assert told.value.next_step == "Run `lambdameter doctor --calibrate`."


@pytest.mark.parametrize("content", ["", "{}", '{"made_at": 1}', "\udcff"])
def test_what_is_no_calibration_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "c.json"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadInputError, match="cannot be read") as told:
        store.load(file, "a CPU")
    assert told.value.place == str(file)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot be stored: File exists") as told:
        store.save(CALIBRATION, tmp_path / "file" / "c.json")
    assert "XDG_CACHE_HOME" in told.value.next_step


def test_the_cpu_is_named_as_it_names_itself(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: AMD EPYC\n")
    assert store.cpu_model(cpuinfo).startswith("AMD EPYC (")
    cpuinfo.write_text("processor\t: 0\n")
    assert "(" not in store.cpu_model(cpuinfo)


def with_pythons(**factors: float) -> Calibration:
    found = {
        name: msgspec.structs.replace(SPEED, factor=factor, build="plain" if factor < 2 else None)
        for name, factor in factors.items()
    }
    pythons = {f"python3.{name[1:]}": speed for name, speed in found.items()}
    return msgspec.structs.replace(CALIBRATION, interpreters=pythons)


def test_a_calibrations_line_says_by_how_much() -> None:
    assert CALIBRATION.line == (
        "CPUs slowed to a Lambda arm64 vCPU's speed: interpreters 1.50, "
        "compiled code 1.50 times (calibrated 2026-11-21)"
    )
    assert with_pythons(_13=2.1, _12=1.4).line == (
        "CPUs slowed to a Lambda arm64 vCPU's speed: python3.13 2.10, python3.12 1.40 "
        "(plain build), compiled code 1.50 times (calibrated 2026-11-21)"
    )


@pytest.mark.parametrize(
    ("runtime", "factor"),
    [
        ("python3.13", 2.1),
        ("python3.11", 1.4),
        # As the runtimes are chosen: the nearest, of two that are as near the newer one.
        ("python3.14", 2.1),
        ("python3.12", 2.1),
        ("provided.al2023", 1.5),
    ],
)
def test_each_runtime_has_its_own_speed_or_its_nearest_neighbours(
    runtime: str, factor: float
) -> None:
    assert with_pythons(_13=2.1, _11=1.4).of(runtime).factor == factor


def test_a_calibration_of_former_times_has_one_for_all_interpreters() -> None:
    assert CALIBRATION.of("python3.12") is SPEED
