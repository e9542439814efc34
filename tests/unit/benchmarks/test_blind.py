from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lambdameter.workload import loader

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "blind.py"


@pytest.fixture(scope="module")
def blind() -> ModuleType:
    spec = importlib.util.spec_from_file_location("blind", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["blind"] = module
    spec.loader.exec_module(module)
    return module


def handler(folder: Path) -> Callable[[Any, Any], Any]:
    space: dict[str, Any] = {}
    exec((folder / "handler.py").read_text(), space)  # noqa: S102 - ours
    function: Callable[[Any, Any], Any] = space["handler"]
    return function


def test_half_of_the_duels_are_slowed_and_all_answer_the_same(
    blind: ModuleType, tmp_path: Path
) -> None:
    blind.prepared(tmp_path, 6)
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert sorted(truth) == [False] * 3 + [True] * 3
    for number, slowed in enumerate(truth):
        folder = tmp_path / f"{number:02}" / "blind"
        assert [one.name for one in loader.load(str(folder)).variants] == ["first", "second"]
        texts = {(folder / name / "handler.py").read_text() for name in ("first", "second")}
        assert len(texts) == (2 if slowed else 1)
        answers = [handler(folder / name)({}, None) for name in ("first", "second")]
        assert answers[0] == answers[1]


def test_a_slowed_copy_takes_eight_percent_more_cpu_time(blind: ModuleType, tmp_path: Path) -> None:
    blind.prepared(tmp_path, 2)
    slowed = json.loads((tmp_path / "truth.json").read_text()).index(True)
    text = (tmp_path / f"{slowed:02}" / "blind" / "second" / "handler.py").read_text()
    assert f"chain(digest, {round(0.08 * blind.WORK / blind.CHAIN)})" in text


def test_a_folder_that_is_there_keeps_its_truth(blind: ModuleType, tmp_path: Path) -> None:
    blind.prepared(tmp_path, 12)
    before = (tmp_path / "truth.json").read_bytes()
    blind.prepared(tmp_path, 40)
    assert (tmp_path / "truth.json").read_bytes() == before


def judged(blind: ModuleType, number: int, verdict: str) -> Any:
    return blind.Judged(
        number=number,
        verdict=verdict,
        reason="decided",
        rounds=20,
        ratio=1.0,
        low=None,
        high=None,
        cpu=1.0,
        seconds=1.0,
    )


@pytest.mark.parametrize(
    ("alarms", "found", "passes"),
    [(3, 18, True), (4, 20, False), (0, 17, False), (0, 20, True)],
)
def test_it_is_passed_with_3_false_alarms_and_18_found_of_20_each(
    blind: ModuleType,
    alarms: int,
    found: int,
    passes: bool,  # noqa: FBT001
) -> None:
    truth = [False] * 20 + [True] * 20
    verdicts = [
        *("faster" if number % 2 else "slower" for number in range(alarms)),
        *["no-difference"] * (20 - alarms),
        *["slower"] * found,
        *["faster"] * (20 - found),
    ]
    told = [judged(blind, number, verdict) for number, verdict in enumerate(verdicts)]
    same, slowed = blind.counted(truth, told)
    assert (same.faster + same.slower, slowed.slower) == (alarms, found)
    assert blind.passed(same, slowed) is passes


def test_the_judge_sees_the_verdict_on_warm_calls_alone(blind: ModuleType) -> None:
    def compared(call: str, verdict: str) -> dict[str, Any]:
        interval = {"low": 1.01, "high": 1.2}
        return {"call": call, "verdict": verdict, "ratio": 1.08, "interval": interval}

    document = {
        "comparisons": [compared("cold", "faster"), compared("warm", "slower")],
        "stopping": {"reason": "decided", "rounds": 30},
        "results": [
            {"variant": "first", "warm": {"cpu_ms": 10.0}},
            {"variant": "second", "warm": {"cpu_ms": 10.8}},
        ],
    }
    found = blind.judge(7, document, 12.0)
    assert (found.number, found.verdict, found.rounds) == (7, "slower", 30)
    assert (found.ratio, found.low, found.high) == (1.08, 1.01, 1.2)
    assert found.cpu == pytest.approx(1.08)
