from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lambdameter.analysis.run_differences import differences
from lambdameter.model.artifact import Dataset, Expected
from lambdameter.model.calibration import Calibration, Speed
from lambdameter.model.sample import Enforcement, Manifest

replace = msgspec.structs.replace


def with_target(manifest: Manifest, **changed: Any) -> Manifest:
    return replace(manifest, target=replace(manifest.target, **changed))


def calibration(factor: float, made_at: str) -> Calibration:
    speed = Speed(
        kernel="k",
        here_ms=1,
        lambda_ms=2,
        factor=factor,
        busy_ns=1,
        cycle_ns=2,
        reached=factor,
        cpu_share=0.8,
    )
    return Calibration(
        made_at=made_at, cpu="x", architecture="arm64", interpreter=speed, compiled=speed
    )


def enforcement(by: str, isolation: str = "") -> Enforcement:
    return Enforcement(by=by, cpu="c", memory="m", freeze="f", isolation=isolation)


def found(base: Manifest, head: Manifest) -> dict[str, tuple[str, str, str]]:
    return {one.topic: (one.weight, one.base, one.head) for one in differences(base, head)}


def test_a_run_differs_in_nothing_from_itself(plain_manifest: Manifest) -> None:
    assert differences(plain_manifest, plain_manifest) == ()


@pytest.mark.parametrize(
    ("changed", "what", "told"),
    [
        ({"region": "eu-west-1"}, "target: region", ("us-east-1", "eu-west-1")),
        ({"architecture": "arm64"}, "target: architecture", ("x86_64", "arm64")),
        ({"latency_model": "m"}, "target: latency_model", ("none", "m")),
        ({"overheads": "o"}, "target: overheads", ("none", "o")),
        ({"enforcement": enforcement("none")}, "enforcement", None),
        (
            {"calibration": calibration(1.5, "2026-11-21")},
            "calibration",
            ("none", "arm64: interpreters 1.500, compiled code 1.500"),
        ),
    ],
)
def test_what_figures_stand_for_weighs_as_such(
    plain_manifest: Manifest, changed: Any, what: str, told: tuple[str, str] | None
) -> None:
    weight, *texts = found(plain_manifest, with_target(plain_manifest, **changed))[what]
    assert weight == "figures"
    if told is not None:
        assert tuple(texts) == told


def test_enforcement_is_compared_item_by_item(plain_manifest: Manifest) -> None:
    base = with_target(plain_manifest, enforcement=enforcement("cgroup v1"))
    head = with_target(plain_manifest, enforcement=enforcement("cgroup v2", "namespaces"))
    assert found(base, head) == {"enforcement: by": ("figures", "cgroup v1", "cgroup v2")}


def test_the_day_of_a_calibration_is_no_difference(plain_manifest: Manifest) -> None:
    base, head = (
        with_target(plain_manifest, calibration=calibration(1.5, day))
        for day in ("2026-11-20", "2026-11-21")
    )
    assert found(base, head) == {}


def test_another_workload_other_parameters_and_other_data_are_other_work(
    plain_manifest: Manifest,
) -> None:
    def data(digest: str) -> dict[Any, Dataset]:
        expected = {"csv": Expected(count=1, digest=digest)}
        return {"warm": Dataset(folder="/", parameters={}, object_bytes={}, expected=expected)}

    base = replace(plain_manifest, parameters={"warm": {"records": 5}}, datasets=data("a" * 64))
    head = replace(
        plain_manifest,
        workload=replace(plain_manifest.workload, name="other"),
        parameters={"warm": {"records": 6}},
        datasets=data("b" * 64),
    )
    told = found(base, head)
    assert told["workload"] == ("work", "w", "other")
    assert told["parameters: warm: records"] == ("work", "5", "6")
    assert told["data: warm: csv"][0] == "work"


def test_injected_faults_are_other_work_even_where_both_have_them(plain_manifest: Manifest) -> None:
    faulted = with_target(plain_manifest, faults="throttle=0.1")
    assert found(faulted, faulted)["injected faults"] == ("work", "throttle=0.1", "throttle=0.1")


@pytest.mark.parametrize("calibrated", [False, True])
def test_another_cpu_matters_where_it_runs_at_its_own_speed(
    plain_manifest: Manifest, *, calibrated: bool
) -> None:
    made = calibration(1.5, "2026-11-21") if calibrated else None
    base, head = (
        with_target(replace(plain_manifest, host={"cpu": cpu}), calibration=made)
        for cpu in ("old", "new")
    )
    expected = {"host: cpu": ("told", "old", "new")}
    if not calibrated:
        expected = {"CPU": ("figures", "old", "new")}
    assert found(base, head) == expected


def test_versions_are_told(plain_manifest: Manifest) -> None:
    head = with_target(replace(plain_manifest, lambdameter="0.2.0"), engines={"s3": "s3s-fs 1"})
    assert found(plain_manifest, head) == {
        "lambdameter": ("told", "0.1.0", "0.2.0"),
        "engine: s3": ("told", "none", "s3s-fs 1"),
    }


def test_the_code_and_the_seed_are_no_difference(plain_manifest: Manifest) -> None:
    head = replace(
        plain_manifest,
        run="other",
        created_at="2027",
        conditions=replace(plain_manifest.conditions, seed=9),
    )
    assert differences(plain_manifest, head) == ()
