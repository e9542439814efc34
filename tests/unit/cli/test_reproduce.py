from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.cli import reproduce
from lambdameter.cli.reproduce import measure_all, runs_in
from lambdameter.errors import BadInputError
from lambdameter.measure.run_folder import MANIFEST, RunFolder
from lambdameter.model.claim import Experiment, Rounds
from lambdameter.model.reproduction import Reproduction
from lambdameter.model.sample import Conditions

Command = Callable[..., Any]


@pytest.fixture
def experiment(sums: Path) -> Experiment:
    return Experiment(
        name="sums",
        workload=str(sums),
        variants=("python", "rust"),
        cases=("csv",),
        memory_mb=(128,),
        full=Rounds(cold=2, warm=1),
    )


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def rounds_of(path: Path) -> int:
    plan = RunFolder.open(path).manifest().plan
    return max(trial.round for trial in plan) + 1


def test_each_experiment_is_a_run_in_a_folder_of_its_name(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    target = scripted(working)
    measure_all([(experiment, experiment.full)], conditions, here, target.opening)
    (named,) = runs_in(here)
    assert named.experiment == "sums"
    assert len(named.run.samples) == 8
    assert target.left == []


def test_what_is_there_already_is_not_measured_again(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    target = scripted(working)
    asked = [(experiment, experiment.full)]
    measure_all(asked, conditions, here, target.opening)
    measure_all(asked, conditions, here, target.opening)
    assert target.opened == 1


def test_an_interrupted_run_is_completed(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    def dies(target: Any, request: Any) -> Any:
        if request.number == 4:
            raise KeyboardInterrupt
        return working(target, request)

    asked = [(experiment, experiment.full)]
    with pytest.raises(KeyboardInterrupt):
        measure_all(asked, conditions, here, scripted(dies).opening)
    measure_all(asked, conditions, here, scripted(working).opening)
    (named,) = runs_in(here)
    assert named.run.summary.complete


def test_more_rounds_than_there_are_become_a_run_beside_it_that_comes_first(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    target = scripted(working)
    measure_all([(experiment, experiment.full)], conditions, here, target.opening)
    more = Rounds(cold=3, warm=1)
    measure_all([(experiment, more)], conditions, here, target.opening)
    assert [named.experiment for named in runs_in(here)] == ["sums", "sums"]
    assert rounds_of(here / "sums-2") == 3
    assert runs_in(here)[0].run.summary.rounds == 3


def test_runs_come_in_the_order_of_the_experiments(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    measure_all([(experiment, experiment.full)], conditions, here, scripted(working).opening)
    for name in ("tiers", "registrations", "registrations-2"):
        shutil.copytree(here / "sums", here / name)
    told = [Path(named.run.folder).name for named in runs_in(here)]
    assert told == ["registrations-2", "registrations", "tiers", "sums"]


def test_a_variant_that_the_workload_lacks_is_told_before_anything_is_measured(
    experiment: Experiment, conditions: Conditions, scripted: Any, working: Any, here: Path
) -> None:
    lacking = msgspec.structs.replace(experiment, name="other", variants=("python", "go"))
    target = scripted(working)
    asked = [(experiment, experiment.full), (lacking, lacking.full)]
    with pytest.raises(BadInputError) as told:
        measure_all(asked, conditions, here, target.opening)
    assert told.value.cause == ("The workload sums has no variant named 'go', which a claim needs")
    assert target.opened == 0
    assert not here.exists()


def test_an_unknown_claim_ends_with_two(command: Command) -> None:
    ended = command("reproduce", "K99")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[0] == "error: There is no claim named 'K99'"


def test_a_folder_without_runs_ends_with_two(command: Command, tmp_path: Path) -> None:
    ended = command("reproduce", "--from", str(tmp_path))
    assert ended.exit_code == 2
    assert "This folder holds no run" in ended.stderr


@pytest.mark.parametrize(
    "flags",
    [("--markdown", "--json"), ("--from", "a", "--out", "b"), ("--html", "nowhere/page.html")],
)
def test_flags_that_do_not_go_together_are_told_at_once(
    command: Command, flags: tuple[str, ...]
) -> None:
    ended = command("reproduce", "K8", *flags)
    assert ended.exit_code == 2
    assert ended.stdout == ""


def test_what_is_only_recomputed_is_told_at_once_and_without_a_run(command: Command) -> None:
    ended = command("reproduce", "K8", "--json")
    assert ended.exit_code == 0
    document = json.loads(ended.stdout)
    assert document["counts"]["cannot be so"] == 9
    assert document["reproduction"]["runs"] == []


def test_where_nothing_could_be_judged_it_ends_with_five(command: Command) -> None:
    assert command("reproduce", "C1.build").exit_code == 5


def test_the_page_is_written_besides(command: Command, tmp_path: Path) -> None:
    ended = command("reproduce", "W.price", "--html", "page.html")
    assert ended.exit_code == 0
    assert "1 published row: 1 reproduced" in ended.stdout
    assert "1 published row: 1 reproduced" in (tmp_path / "page.html").read_text()


def test_runs_are_judged_again_without_measuring(
    command: Command, measured: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(reproduce, "measure_all", nothing)
    ended = command("reproduce", "K8", "W", "--from", str(measured.path), "--json")
    document = msgspec.json.decode(ended.stdout)
    told = msgspec.convert(document["reproduction"], Reproduction)
    assert [run.folder for run in told.runs] == [str(measured.path)]
    assert (measured.path / MANIFEST).exists()
