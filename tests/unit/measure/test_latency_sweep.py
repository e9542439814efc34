from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.analysis.run import LatencySweep
from lambdameter.errors import BadInputError, TargetError
from lambdameter.measure.experiment import RunOptions
from lambdameter.measure.latency_sweep import measure_sweep, medians, resume_sweep
from lambdameter.measure.reading import read_sweep
from lambdameter.measure.run_folder import SAMPLES, SWEEP, RunFolder
from lambdameter.measure.run_folder import read_sweep as listed
from lambdameter.model.sample import Conditions, Invocation
from lambdameter.model.workload import Workload
from lambdameter.targets.base import Target
from lambdameter.targets.fake import FakeTarget, Request, Script

Scripted = Callable[[Script], Any]
LATENCIES = ("0", "2.5", "10")


class Hosts:
    """A target for each latency, and in which order they were called; at `ends` one is gone."""

    def __init__(
        self,
        scripted: Scripted,
        working: Script,
        ends: int | None = None,
        by: BaseException | None = None,
    ) -> None:
        self.order: list[str] = []
        self.most_open = 0
        self.targets: list[Any] = []
        self._open = 0
        self._scripted, self._working, self._ends = scripted, working, ends
        self._by = by or TargetError("It is gone", next_step="Look.")

    @contextmanager
    def opening(self, conditions: Conditions) -> Iterator[Target]:
        told = conditions.latency or ""

        def script(target: FakeTarget, request: Request) -> Invocation:
            if len(self.order) == self._ends:
                raise self._by
            self.order.append(told)
            return self._working(target, request)

        target = self._scripted(script)
        self.targets.append(target)
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        with target.opening(conditions) as opened:
            yield opened
        self._open -= 1

    @property
    def left(self) -> list[Any]:
        return [left for target in self.targets for left in target.left]


@pytest.fixture
def hosts(scripted: Scripted, working: Script) -> Hosts:
    return Hosts(scripted, working)


@pytest.fixture
def swept(workload: Workload, asked: RunOptions, hosts: Hosts) -> Path:
    three = msgspec.structs.replace(asked, cold=3)
    return measure_sweep(workload, three, LATENCIES, hosts.opening)


@pytest.fixture
def cut(workload: Workload, asked: RunOptions, scripted: Scripted, working: Script) -> Path:
    """A sweep of two rounds of which the sixth call failed for good."""
    two = msgspec.structs.replace(asked, cold=2, out=Path("cut"))
    with pytest.raises(TargetError) as gone:
        measure_sweep(workload, two, LATENCIES, Hosts(scripted, working, ends=5).opening)
    assert gone.value.__notes__ == [
        "the samples so far are in cut; continue with `lambdameter run --resume cut`"
    ]
    return Path("cut")


def test_a_list_of_numbers_is_the_medians_as_they_are_said() -> None:
    assert medians("0, 3,6.50,10") == ("0", "3", "6.5", "10")


@pytest.mark.parametrize("told", [None, "off", "6"])
def test_one_model_is_no_list(told: str | None) -> None:
    assert medians(told) == ()


@pytest.mark.parametrize("name", ["model.toml", "0,3"])
def test_a_file_is_one_model_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("")
    assert medians(name) == ()


@pytest.mark.parametrize(
    "told", ["0,x", "0,", ",", "3,3.0", "0,-1", "-1", "nan", "0,60001", "x", "", "0," * 300]
)
def test_what_is_no_list_of_latencies_is_refused(told: str) -> None:
    with pytest.raises(BadInputError) as refused:
        medians(told)
    assert refused.value.place == "--latency"


def test_there_is_a_run_for_each_latency_and_a_list_of_them(swept: Path, hosts: Hosts) -> None:
    sweep = listed(swept)
    assert [(one.latency_ms, one.folder) for one in sweep.runs] == [
        (0, "latency-0"),
        (2.5, "latency-2.5"),
        (10, "latency-10"),
    ]
    for told, one in zip(LATENCIES, sweep.runs, strict=True):
        manifest = RunFolder.open(swept / one.folder).manifest()
        assert manifest.conditions.latency == told
        assert manifest.run.startswith(sweep.run)
    assert hosts.left == []


def test_every_sample_of_every_latency_is_there(swept: Path) -> None:
    told = read_sweep(swept)
    assert isinstance(told, LatencySweep)
    assert [len(run.samples) for run in told.runs] == [12, 12, 12]
    assert all(run.summary.complete and run.summary.equal for run in told.runs)


def test_a_round_is_made_at_every_latency_before_the_next_one(swept: Path, hosts: Hosts) -> None:
    assert hosts.most_open == len(LATENCIES)
    calls = len(hosts.order) // 3
    rounds = [hosts.order[start : start + calls] for start in range(0, len(hosts.order), calls)]
    for of_round in rounds:
        assert set(of_round) == set(LATENCIES)
        # Each latency's calls of a round stand together.
        assert len([1 for a, b in pairwise(of_round) if a != b]) == 2
    assert len({tuple(of_round) for of_round in rounds}) > 1
    assert swept.is_dir()


def test_all_latencies_have_the_same_order_of_variants(swept: Path) -> None:
    plans = [RunFolder.open(swept / one.folder).manifest().plan for one in listed(swept).runs]
    assert plans[0] == plans[1] == plans[2]


def test_where_nobody_said_how_often_every_latency_has_the_numbers_of_the_slowest(
    workload: Workload, asked: RunOptions, hosts: Hosts, capsys: pytest.CaptureFixture[str]
) -> None:
    unsaid = msgspec.structs.replace(asked, cold=None, warm=0, variants=("python",))
    nobody = msgspec.structs.replace(workload, rounds=None)
    path = measure_sweep(nobody, unsaid, LATENCIES, hosts.opening)
    plans = [RunFolder.open(path / one.folder).manifest().plan for one in listed(path).runs]
    assert plans[0] == plans[1] == plans[2]
    assert len(plans[0]) > 1
    assert hosts.order[0] == "10"
    assert "at each of 3 latencies:\n" in capsys.readouterr().err


def test_a_folder_in_use_is_refused_before_anything_is_opened(
    workload: Workload, asked: RunOptions, hosts: Hosts, sums: Path
) -> None:
    taken = msgspec.structs.replace(asked, out=sums)
    with pytest.raises(BadInputError, match="is not empty"):
        measure_sweep(workload, taken, LATENCIES, hosts.opening)
    assert hosts.targets == []


def test_a_sweep_that_was_cut_is_completed_and_nothing_is_measured_twice(
    cut: Path, hosts: Hosts
) -> None:
    before = {one: one.read_bytes() for one in cut.glob(f"*/{SAMPLES}")}
    assert resume_sweep(cut, hosts.opening) == cut
    told = read_sweep(cut)
    assert [run.summary.complete for run in told.runs] == [True, True, True]
    assert all(file.read_bytes().startswith(text) for file, text in before.items())
    # The environment in which it broke off is begun anew.
    assert 3 * 8 - 5 <= len(hosts.order) <= 3 * 8 - 5 + 1
    assert hosts.left == []


@pytest.mark.parametrize(
    ("calls", "kept"),
    [
        (0, "nothing was measured yet"),
        (5, "the samples so far are in cut; continue with `lambdameter run --resume cut`"),
    ],
)
def test_an_interrupt_is_told_once_and_leaves_nothing_on_any_target(  # noqa: PLR0913, PLR0917
    workload: Workload,
    asked: RunOptions,
    scripted: Scripted,
    working: Script,
    capfd: pytest.CaptureFixture[str],
    calls: int,
    kept: str,
) -> None:
    hosts = Hosts(scripted, working, ends=calls, by=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        measure_sweep(
            workload,
            msgspec.structs.replace(asked, out=Path("cut")),
            LATENCIES,
            hosts.opening,
        )
    told = [line for line in capfd.readouterr().err.splitlines() if "interrupted" in line]
    assert told == [f"interrupted; {kept}"]
    assert hosts.left == []


def test_a_complete_sweep_is_left_alone(
    swept: Path, scripted: Scripted, working: Script, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    again = Hosts(scripted, working)
    resume_sweep(swept, again.opening)
    assert again.targets == []
    assert "already complete" in capsys.readouterr().err


def test_a_sweep_that_somebody_is_at_is_refused(cut: Path, hosts: Hosts) -> None:
    with (
        RunFolder.open(cut / "latency-10").alone(),
        pytest.raises(BadInputError, match="Another lambdameter") as refused,
    ):
        resume_sweep(cut, hosts.opening)
    assert refused.value.place == "cut/latency-10"
    assert hosts.targets == []


def test_commands_tell_a_sweep_and_name_its_runs_where_they_need_one(
    swept: Path, command: Callable[..., Any], asked: RunOptions
) -> None:
    assert asked.cold == 1
    told = command("report", str(swept))
    assert told.exit_code == 0
    assert "not enough samples (3 of 10 environments)" in " ".join(told.stdout.split())
    for form in ("--markdown", "--json"):
        assert command("report", str(swept), form).exit_code == 0
    refused = command("compare", str(swept), str(swept))
    assert refused.exit_code == 2
    assert "This folder holds several runs, one at each latency" in refused.stderr
    assert f"Give one of these folders: {swept / 'latency-0'}, " in refused.stderr


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}'])
def test_a_corrupt_list_of_runs_is_bad_input_with_its_place(
    swept: Path, command: Callable[..., Any], text: str
) -> None:
    (swept / SWEEP).write_text(text)
    for told in (command("report", str(swept)), command("run", "--resume", str(swept))):
        assert (told.exit_code, told.stdout) == (2, "")
        assert f"where: {swept / SWEEP}" in told.stderr


def test_a_sweep_of_another_format_is_bad_input(swept: Path, command: Callable[..., Any]) -> None:
    file = swept / SWEEP
    file.write_text(file.read_text().replace('"schema": 1', '"schema": 2'))
    told = command("report", str(swept))
    assert told.exit_code == 2
    assert "The sweep has format 2, and this version of lambdameter reads format 1" in told.stderr


def test_a_sweep_without_one_of_its_runs_says_which(
    swept: Path, command: Callable[..., Any]
) -> None:
    (swept / "latency-10" / "manifest.json").unlink()
    told = command("report", str(swept))
    assert told.exit_code == 2
    assert "This folder is not a run folder" in told.stderr
    assert f"where: {swept / 'latency-10'}" in told.stderr


def test_a_sweep_without_samples_says_so(swept: Path, command: Callable[..., Any]) -> None:
    for file in swept.glob(f"*/{SAMPLES}"):
        file.unlink()
    for form in ((), ("--markdown",), ("--json",)):
        told = command("report", str(swept), *form)
        assert told.exit_code == 0
        assert "At 10 ms: No decision: this run has no samples." in told.stdout
