from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.errors import BadInputError, HostError, TargetError
from lambdameter.interruption import interruption
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Invocation, Report
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import FakeTarget, Request, Script, answered

Scripted = Callable[[Script], Any]


def test_every_planned_sample_is_in_the_folder_verified(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    target = scripted(working)
    folder = measure(workload, asked, target.opening)
    samples = folder.samples().samples
    assert tuple(sample.trial for sample in samples) == folder.manifest().plan
    assert [sample.error for sample in samples] == [None] * 4
    assert all(sample.equality is not None and sample.equality.equal for sample in samples)
    assert target.left == []


def test_the_manifest_says_what_was_asked_of_what_and_where(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    settings = {"records": "3", "cold.records": "1"}
    wanted = msgspec.structs.replace(asked, settings=settings, memory_mb=(128, 256), seed=7)
    manifest = measure(workload, wanted, scripted(working).opening).manifest()
    assert manifest.workload == workload
    assert manifest.parameters == {"cold": {"records": 1}, "warm": {"records": 3}}
    assert {one.count for one in manifest.datasets["warm"].expected.values()} == {3}
    assert manifest.memory_mb == (128, 256)
    assert (manifest.conditions.seed, manifest.conditions.architecture) == (7, "arm64")
    assert [artifact.variant for artifact in manifest.artifacts] == ["python", "rust"]
    assert manifest.target.engines == {"lambda": "scripted"}
    assert manifest.host.keys() == {"system", "cpu", "cores", "python"}


def test_a_run_has_a_folder_of_its_own_below_runs(measured: RunFolder) -> None:
    assert measured.path.parent == Path("runs")
    assert measured.path.name == measured.manifest().run
    assert "sums" in measured.path.name


def test_only_the_chosen_variants_are_packaged_and_run(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script, sums: Path
) -> None:
    (sums / "rust" / "handler.py").unlink()  # nothing to package: it would be an error
    wanted = msgspec.structs.replace(asked, variants=("python",))
    manifest = measure(workload, wanted, scripted(working).opening).manifest()
    assert {trial.variant for trial in manifest.plan} == {"python"}
    assert [artifact.variant for artifact in manifest.artifacts] == ["python"]


def test_the_default_variants_of_the_workload_are_run_unless_others_are_chosen(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    with_default = msgspec.structs.replace(workload, default_variants=("rust",))
    manifest = measure(with_default, asked, scripted(working).opening).manifest()
    assert {trial.variant for trial in manifest.plan} == {"rust"}


def test_the_seed_decides_the_order(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    orders = set()
    for seed in range(8):
        wanted = msgspec.structs.replace(asked, seed=seed)
        plan = measure(workload, wanted, scripted(working).opening).manifest().plan
        orders.add(tuple(trial.variant for trial in plan))
    assert len(orders) == 2


def test_a_folder_in_use_is_refused_before_anything_is_opened(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script, sums: Path
) -> None:
    target = scripted(working)
    with pytest.raises(BadInputError, match="not empty"):
        measure(workload, msgspec.structs.replace(asked, out=sums), target.opening)
    assert target.opened == 0


def test_a_host_that_enforces_nothing_is_refused_on_demand_and_nothing_is_made(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    wanted = msgspec.structs.replace(asked, require_enforcement=True)
    with pytest.raises(HostError, match="a script runs nothing") as refused:
        measure(workload, wanted, scripted(working).opening)
    assert refused.value.place == "--require-enforcement"
    assert not Path("runs").exists()


def second_call(end: BaseException, working: Script) -> Script:
    def script(target: FakeTarget, request: Request) -> Invocation:
        if request.number:
            raise end
        return working(target, request)

    return script


def test_a_target_that_fails_leaves_the_samples_and_says_where(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    target = scripted(second_call(TargetError("It is gone", next_step="Look."), working))
    with pytest.raises(TargetError, match="It is gone") as failed:
        measure(workload, asked, target.opening)
    (folder,) = Path("runs").iterdir()
    assert failed.value.__notes__ == [
        (f"the samples so far are in {folder}; continue with `lambdameter run --resume {folder}`")
    ]
    assert len(RunFolder.open(folder).samples().samples) == 1
    assert target.left == []


def test_a_target_that_fails_at_once_is_said_to_have_no_samples(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    target = scripted(working)
    target.dead = True
    with pytest.raises(TargetError) as failed:
        measure(workload, asked, target.opening)
    assert not hasattr(failed.value, "__notes__")


def test_what_could_not_be_removed_is_noted_too(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    def dies(target: FakeTarget, request: Request) -> Invocation:
        if request.number:
            target.dead = True
            raise TargetError("It is gone", next_step="Look.")
        return working(target, request)

    with pytest.raises(TargetError, match="It is gone") as failed:
        measure(workload, asked, scripted(dies).opening)
    assert sum(note.startswith("Left behind: ") for note in failed.value.__notes__) == 6


def test_an_interrupt_leaves_the_samples_and_says_where(
    workload: Workload,
    asked: RunOptions,
    scripted: Scripted,
    working: Script,
    capfd: pytest.CaptureFixture[str],
) -> None:
    target = scripted(second_call(KeyboardInterrupt(), working))
    with pytest.raises(KeyboardInterrupt):
        measure(workload, asked, target.opening)
    (folder,) = Path("runs").iterdir()
    told = capfd.readouterr().err.splitlines()[-1]
    assert told.startswith(f"interrupted; the samples so far are in {folder}; continue with")
    assert len(RunFolder.open(folder).samples().samples) == 1
    assert target.left == []


def test_an_interrupt_before_the_first_sample_says_so(
    workload: Workload, asked: RunOptions, scripted: Scripted, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: FakeTarget, __: Request) -> Invocation:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(workload, asked, scripted(interrupted).opening)
    assert capfd.readouterr().err.splitlines()[-1] == "interrupted; nothing was measured yet"


def test_an_interrupt_while_functions_are_deployed_leaves_nothing(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    target = scripted(working)
    deploy = target.deploy

    def first_then_interrupted(*given: Any) -> Any:
        if target.functions:
            raise KeyboardInterrupt
        return deploy(*given)

    target.deploy = first_then_interrupted
    with pytest.raises(KeyboardInterrupt):
        measure(workload, asked, target.opening)
    assert target.left == []


def test_an_interrupt_while_all_is_taken_down_waits_until_it_is(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    target = scripted(working)
    remove = target.remove

    def interrupted(*given: Any) -> None:
        if len(target.functions) == 2:
            signal.raise_signal(signal.SIGINT)
        remove(*given)

    target.remove = interrupted
    with interruption.heeded(), pytest.raises(KeyboardInterrupt):
        measure(workload, asked, target.opening)
    assert target.left == []
    (folder,) = Path("runs").iterdir()
    assert len(RunFolder.open(folder).samples().samples) == 4


TABLELESS = """
import json, pathlib, sys
out, asked = pathlib.Path(sys.argv[2]), json.loads(sys.argv[4])
(out / "sums.csv").touch()
(out / "expected.ndjson").touch()
told = {"count": 0, "response": {"records": asked["records"]}}
(out / "expected.json").write_text(json.dumps(told))
"""


def test_a_workload_without_table_is_measured_by_its_answers(
    workload: Workload, asked: RunOptions, scripted: Scripted, sums: Path
) -> None:
    def answers(target: FakeTarget, request: Request) -> Invocation:
        assert target.tables == {}
        report = Report(
            request_id="q",
            duration_ms=10,
            billed_ms=10,
            memory_mb=128,
            max_memory_mb=40,
            init_ms=9.5 if request.cold else None,
        )
        return answered({"records": 2 if request.cold else 4, "total_ms": 3.5}, report)

    (sums / "generate.py").write_text(TABLELESS)
    case = msgspec.structs.replace(workload.cases[0], event={"from": "{object}"})
    tableless = msgspec.structs.replace(workload, table=None, cases=(case,))
    samples = measure(tableless, asked, scripted(answers).opening).samples().samples
    assert [sample.error for sample in samples] == [None] * 4
    assert all(sample.equality is not None and sample.equality.equal for sample in samples)


def test_a_function_is_measured_against_a_copy_of_itself(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    wanted = msgspec.structs.replace(asked, with_copies=True, cold=3)
    target = scripted(working)
    manifest = measure(workload, wanted, target.opening).manifest()
    assert manifest.copies == {"python-copy": "python"}
    assert [one.title for one in manifest.workload.variants] == ["Python", "Python (copy)"]
    by_round = [
        {one.variant for one in manifest.plan if one.round == number} for number in range(3)
    ]
    assert by_round == [{"python", "python-copy"}] * 3
    first, second = manifest.artifacts
    assert (first.sha256, first.path) == (second.sha256, second.path)
    assert target.left == []


def test_each_chosen_variant_is_measured_against_its_copy(
    workload: Workload, asked: RunOptions, scripted: Scripted, working: Script
) -> None:
    wanted = msgspec.structs.replace(asked, with_copies=True, variants=("rust", "python"))
    manifest = measure(workload, wanted, scripted(working).opening).manifest()
    assert manifest.copies == {"python-copy": "python", "rust-copy": "rust"}
    assert {one.variant for one in manifest.plan} == {"python", "python-copy", "rust", "rust-copy"}
