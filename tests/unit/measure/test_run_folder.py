from __future__ import annotations

import resource
from pathlib import Path

import msgspec
import pytest

from lambdameter.errors import BadInputError, HostError
from lambdameter.measure.run_folder import (
    MANIFEST,
    SAMPLES,
    SCHEMA,
    SWEEP,
    RunFolder,
    is_sweep,
    read_sweep,
    write_sweep,
)
from lambdameter.model.sample import Conditions, Manifest, Sample, SampleError, TargetInfo, Trial
from lambdameter.model.sweep import Sweep, SweptRun
from lambdameter.model.workload import Calls, ResponseShape, Workload


def manifest(schema: int = SCHEMA) -> Manifest:
    return Manifest(
        schema=schema,
        run="r1",
        created_at="2026-11-21T10:00:00+00:00",
        lambdameter="0.1.0",
        host={"cpu": "x"},
        target=TargetInfo(
            name="local",
            region="us-east-1",
            architecture="x86_64",
            enforcement=None,
            engines={},
            runtimes={},
            latency_model=None,
        ),
        workload=Workload(
            name="sums",
            title="Sums",
            root="/w",
            timeout_s=3,
            parameters={"records": 5},
            calls=Calls(),
            generator="generate.py",
            cases=(),
            variants=(),
            response=ResponseShape(count="n", unit="sum", total="ms"),
        ),
        parameters={"cold": {"records": 5}},
        datasets={},
        artifacts=(),
        memory_mb=(1024,),
        plan=(),
        conditions=Conditions(
            target="local",
            region="us-east-1",
            architecture="arm64",
            role=None,
            latency=None,
            faults=None,
            sandbox="auto",
            seed=1,
        ),
    )


def sample(index: int) -> Sample:
    return Sample(
        trial=Trial(
            index=index,
            round=0,
            environment=0,
            workload="sums",
            variant="python",
            case="a",
            memory_mb=128,
            call="cold",
        ),
        started_at="2026-11-21T10:00:00+00:00",
        client_ms=1.5,
        response={"n": 5},
        error=SampleError(kind="invoke", type="NotCold", message="é\n"),
    )


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", manifest())


def test_the_manifest_comes_back_as_it_was_written(run: RunFolder) -> None:
    assert RunFolder.open(run.path).manifest() == manifest()


def test_samples_come_back_in_their_order(run: RunFolder) -> None:
    for index in range(3):
        run.append(sample(index))
    read = RunFolder.open(run.path).samples()
    assert read.samples == (sample(0), sample(1), sample(2))
    assert not read.truncated


def test_a_sample_is_on_disk_as_soon_as_it_is_appended(run: RunFolder) -> None:
    run.append(sample(0))
    assert msgspec.json.decode((run.path / SAMPLES).read_bytes(), type=Sample) == sample(0)


def test_a_run_without_samples_is_empty(run: RunFolder) -> None:
    assert run.samples().samples == ()


def test_a_last_line_that_was_cut_off_is_told_and_left_out(run: RunFolder) -> None:
    run.append(sample(0))
    run.append(sample(1))
    file = run.path / SAMPLES
    file.write_bytes(file.read_bytes()[:-20])
    read = run.samples()
    assert read.samples == (sample(0),)
    assert read.truncated


def test_a_sample_appended_after_a_cut_line_is_not_glued_to_it(run: RunFolder) -> None:
    run.append(sample(0))
    run.append(sample(1))
    file = run.path / SAMPLES
    file.write_bytes(file.read_bytes()[:-20])
    run.append(sample(2))
    assert run.samples().samples == (sample(0), sample(2))


def test_a_broken_line_in_the_middle_is_refused_with_its_number(run: RunFolder) -> None:
    run.append(sample(0))
    with (run.path / SAMPLES).open("ab") as file:
        file.write(b'{"not": "a sample"}\n')
    run.append(sample(1))
    with pytest.raises(BadInputError) as refused:
        run.samples()
    assert refused.value.place == f"{run.path / SAMPLES}:2"


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInputError, match="not empty"):
        RunFolder.create(tmp_path, manifest())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_is_not_overwritten(run: RunFolder) -> None:
    with pytest.raises(BadInputError, match="not empty"):
        RunFolder.create(run.path, manifest())


def test_an_empty_folder_becomes_a_run(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, manifest())
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_a_folder_without_manifest_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="not a run folder"):
        RunFolder.open(tmp_path)


def test_another_version_of_the_format_is_refused(run: RunFolder) -> None:
    document = msgspec.json.decode((run.path / MANIFEST).read_bytes())
    document["schema"] = SCHEMA + 1
    document["new_in_that_version"] = True
    (run.path / MANIFEST).write_bytes(msgspec.json.encode(document))
    with pytest.raises(BadInputError, match=f"format {SCHEMA + 1}"):
        run.manifest()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1}', "\x00"])
def test_a_manifest_that_is_none_is_refused(run: RunFolder, text: str) -> None:
    (run.path / MANIFEST).write_text(text)
    with pytest.raises(BadInputError, match="cannot be read"):
        run.manifest()


def test_a_place_that_cannot_be_written_is_the_hosts_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot be written"):
        RunFolder.create(tmp_path / "file" / "run", manifest())


def test_a_sample_for_which_there_is_no_space_leaves_nothing_of_itself(run: RunFolder) -> None:
    run.append(sample(0))
    size = (run.path / SAMPLES).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
    try:
        with pytest.raises(HostError, match="cannot be written") as full:
            run.append(sample(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert full.value.next_step == "Free some space on this disk."
    assert (run.path / SAMPLES).stat().st_size == size
    run.append(sample(1))
    assert run.samples().samples == (sample(0), sample(1))


def test_a_manifest_for_which_there_is_no_space_leaves_no_folder(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(HostError, match="cannot be written"):
            RunFolder.create(tmp_path / "run", manifest())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_of_several_samples_of_one_trial_the_last_counts(run: RunFolder) -> None:
    later = msgspec.structs.replace(sample(0), client_ms=9.0)
    for one in (sample(0), sample(1), later):
        run.append(one)
    kept = run.samples()
    assert kept.samples == (sample(1), later)
    assert kept.superseded == 1
    assert (run.path / SAMPLES).read_bytes().count(b"\n") == 3


def sweep(schema: int = SCHEMA) -> Sweep:
    return Sweep(
        schema=schema,
        run="s1",
        created_at="2026-11-21T10:00:00+00:00",
        workload="w",
        seed=1,
        runs=(SweptRun(latency_ms=0, folder="zero"), SweptRun(latency_ms=2.5, folder="two")),
    )


def test_the_list_of_a_sweeps_runs_comes_back_as_it_was_written(tmp_path: Path) -> None:
    assert not is_sweep(tmp_path)
    write_sweep(tmp_path, sweep())
    assert is_sweep(tmp_path)
    assert read_sweep(tmp_path) == sweep()
    assert [path.name for path in tmp_path.iterdir()] == [SWEEP]


def test_a_sweep_is_no_run_and_names_those_that_it_holds(tmp_path: Path) -> None:
    write_sweep(tmp_path, sweep())
    with pytest.raises(BadInputError, match="several runs, one at each latency") as refused:
        RunFolder.open(tmp_path)
    assert refused.value.next_step == (
        f"Give one of these folders: {tmp_path}/zero, {tmp_path}/two."
    )


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1}', "\x00"])
def test_a_list_of_runs_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / SWEEP).write_text(text)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_sweep(tmp_path)


def test_a_sweep_of_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    write_sweep(tmp_path, sweep(SCHEMA + 1))
    with pytest.raises(BadInputError, match=f"format {SCHEMA + 1}"):
        read_sweep(tmp_path)


def test_a_list_of_runs_that_cannot_be_written_is_the_hosts_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="cannot be written"):
        write_sweep(tmp_path / "file", sweep())
