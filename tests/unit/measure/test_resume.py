from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.errors import BadInputError, HostError, TargetError
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.reading import read
from lambdameter.measure.resume import resume
from lambdameter.measure.run_folder import MANIFEST, SAMPLES, RunFolder
from lambdameter.model.calibration import Calibration
from lambdameter.model.sample import Invocation, TargetInfo
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import FakeTarget, Request, Script

Scripted = Callable[[Script], Any]


@pytest.fixture
def cut(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> Callable[[int], Path]:
    """A run whose target failed at a call; its folder."""

    def after(calls: int) -> Path:
        def script(target: FakeTarget, request: Request) -> Invocation:
            if request.number == calls:
                raise TargetError("It is gone", next_step="Look.")
            return working(target, request)

        with pytest.raises(TargetError):
            measure(workload, asked, scripted(script).opening)
        (folder,) = Path("runs").iterdir()
        return folder

    return after


def test_a_clock_that_was_stepped_back_since_does_not_matter(
    cut: Callable[[int], Path], scripted: Scripted, working: Script
) -> None:
    folder = cut(3)
    file = folder / SAMPLES
    later = [
        msgspec.structs.replace(one, started_at="2099-01-01T00:00:00+00:00")
        for one in RunFolder.open(folder).samples().samples
    ]
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in later))
    kept = resume(folder, scripted(working).opening)
    assert sorted(one.trial.index for one in kept.samples().samples) == [0, 1, 2, 3]
    assert read(kept).summary.complete


@pytest.mark.parametrize("calls", range(4))
def test_the_same_plan_is_completed(
    cut: Callable[[int], Path], scripted: Scripted, working: Script, calls: int
) -> None:
    folder = cut(calls)
    target = scripted(working)
    kept = resume(folder, target.opening).samples()
    assert sorted(one.trial.index for one in kept.samples) == [0, 1, 2, 3]
    assert all(one.equality and one.equality.equal for one in kept.samples)
    assert kept.superseded == calls % 2
    assert target.left == []


def test_samples_of_finished_environments_stay_as_they_were(
    cut: Callable[[int], Path], scripted: Scripted, working: Script
) -> None:
    folder = cut(3)
    before = (folder / SAMPLES).read_bytes()
    resume(folder, scripted(working).opening)
    assert (folder / SAMPLES).read_bytes().startswith(before)


def test_a_complete_run_is_left_alone(
    measured: RunFolder, scripted: Scripted, working: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    target = scripted(working)
    before = (measured.path / SAMPLES).read_bytes()
    resume(measured.path, target.opening)
    assert target.opened == 0
    assert (measured.path / SAMPLES).read_bytes() == before
    assert "already complete" in capsys.readouterr().err


def test_other_code_is_refused(
    cut: Callable[[int], Path], sums: Path, scripted: Scripted, working: Script
) -> None:
    folder = cut(2)
    (sums / "rust" / "handler.py").write_text("def handler(event, context): return 2")
    with pytest.raises(BadInputError, match="code of the variant rust has changed"):
        resume(folder, scripted(working).opening)


def test_other_data_is_refused(
    cut: Callable[[int], Path], sums: Path, scripted: Scripted, working: Script
) -> None:
    folder = cut(2)
    generator = sums / "generate.py"
    generator.write_text(generator.read_text().replace("str(number)", "str(number + 1)"))
    with pytest.raises(BadInputError, match="makes other data"):
        resume(folder, scripted(working).opening)


@pytest.mark.parametrize("changed", ["engines", "calibration", "overheads"])
def test_another_target_is_refused_and_nothing_is_left_on_it(
    cut: Callable[[int], Path],
    scripted: Scripted,
    working: Script,
    calibration: Calibration,
    changed: str,
) -> None:
    other = {"engines": {"lambda": "another"}, "calibration": calibration, "overheads": "another"}
    folder = cut(2)
    target = scripted(working)
    told: TargetInfo = target.info()
    target.info = lambda: msgspec.structs.replace(told, **{changed: other[changed]})
    with pytest.raises(HostError, match="The target has changed since"):
        resume(folder, target.opening)
    assert target.left == []


def test_a_host_that_was_calibrated_anew_is_another_target(
    cut: Callable[[int], Path], scripted: Scripted, working: Script, calibration: Calibration
) -> None:
    folder = cut(2)
    manifest = RunFolder.open(folder).manifest()
    then = msgspec.structs.replace(manifest.target, calibration=calibration)
    (folder / MANIFEST).write_bytes(
        msgspec.json.encode(msgspec.structs.replace(manifest, target=then))
    )
    target = scripted(working)
    slower = msgspec.structs.replace(calibration.interpreter, busy_ns=31_000)
    anew = msgspec.structs.replace(calibration, interpreter=slower)
    target.info = lambda: msgspec.structs.replace(then, calibration=anew)
    with pytest.raises(HostError, match="The target has changed since"):
        resume(folder, target.opening)
    target.info = lambda: then
    assert len(resume(folder, target.opening).samples().samples) == 4


def test_what_the_killed_run_left_on_the_target_is_removed_and_named(
    cut: Callable[[int], Path],
    scripted: Scripted,
    working: Script,
    workload: Workload,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = cut(2)
    target = scripted(working)
    assert workload.table is not None
    target.create_table(f"lambdameter-{folder.name}-2", workload.table)
    target.create_table("theirs", workload.table)
    target.create_bucket(f"lambdameter-{folder.name}-ab12")
    resume(folder, target.opening)
    assert target.left == ["theirs"]
    told = capsys.readouterr().err
    assert (
        f"removed what this run had left on the target: table lambdameter-{folder.name}-2, "
        f"bucket lambdameter-{folder.name}-ab12\n"
    ) in told


def test_a_run_that_somebody_is_at_is_refused_and_left_alone(
    cut: Callable[[int], Path], scripted: Scripted, working: Script
) -> None:
    folder = cut(2)
    target = scripted(working)
    with RunFolder.open(folder).alone(), pytest.raises(BadInputError, match="Another") as refused:
        resume(folder, target.opening)
    assert refused.value.place == str(folder)
    assert target.opened == 0
    assert len(resume(folder, target.opening).samples().samples) == 4


def test_a_folder_that_cannot_be_read_is_not_said_to_be_resumable(
    cut: Callable[[int], Path], scripted: Scripted, working: Script
) -> None:
    folder = cut(2)
    file = folder / MANIFEST
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2', 1))
    with pytest.raises(BadInputError, match="format 2") as refused:
        resume(folder, scripted(working).opening)
    assert not hasattr(refused.value, "__notes__")
