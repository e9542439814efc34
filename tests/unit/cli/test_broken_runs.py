"""Run folders that say little or nothing: each command that reads one gives a clear answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.run_folder import MANIFEST, SAMPLES, RunFolder
from lambdameter.model.sample import Sample, SampleError
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import Script

Command = Callable[..., Any]
Reading = Callable[[Path], tuple[str, ...]]

READINGS: dict[str, Reading] = {
    "report": lambda path: ("report", str(path)),
    "markdown": lambda path: ("report", str(path), "--markdown"),
    "json": lambda path: ("report", str(path), "--json"),
    "compare": lambda path: ("compare", str(path), str(path), "--fail-if-slower", "5%"),
}
FORMS = pytest.mark.parametrize("reading", READINGS)


def told(command: Command, run: RunFolder, reading: str) -> Any:
    ended = command(*READINGS[reading](run.path))
    assert "Traceback" not in ended.stderr
    return ended


def decision(reading: str, stdout: str) -> str:
    """The sentence that stands first."""
    if reading == "json":
        return str(json.loads(stdout)["decisions"][0]["verdict"])
    return " ".join(stdout.partition("\n\n")[0].replace("\\", "").split()).strip("*")


@FORMS
@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\xff"])
def test_a_corrupt_manifest_is_bad_input_with_its_place(
    command: Command, measured: RunFolder, reading: str, text: str
) -> None:
    (measured.path / MANIFEST).write_text(text)
    ended = told(command, measured, reading)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "The manifest cannot be read" in ended.stderr
    assert f"where: {measured.path / MANIFEST}" in ended.stderr


@FORMS
def test_a_corrupt_sample_is_bad_input_with_its_line(
    command: Command, measured: RunFolder, reading: str
) -> None:
    file = measured.path / SAMPLES
    file.write_bytes(b"nonsense\n" + file.read_bytes())
    ended = told(command, measured, reading)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"where: {file}:1" in ended.stderr


@FORMS
def test_a_run_without_samples_says_so(command: Command, measured: RunFolder, reading: str) -> None:
    (measured.path / SAMPLES).unlink()
    ended = told(command, measured, reading)
    assert ended.exit_code == (5 if reading == "compare" else 0)
    said = decision(reading, ended.stdout)
    assert "o decision" in said
    expected = "BASE has no measured warm call" if reading == "compare" else "has no samples"
    assert expected in said


@FORMS
def test_a_run_of_one_sample_decides_nothing(
    command: Command, measured: RunFolder, reading: str
) -> None:
    file = measured.path / SAMPLES
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    ended = told(command, measured, reading)
    assert ended.exit_code == (5 if reading == "compare" else 0)
    said = decision(reading, ended.stdout)
    assert "o decision" in said
    assert "Not equal" not in said
    assert "no measured warm call" in ended.stdout.replace("\n", " ")


def all_failed(run: RunFolder) -> None:
    file = run.path / SAMPLES
    error = SampleError(kind="function", type="Runtime.ExitError", message="<b>no</b> | @you")
    samples = [msgspec.json.decode(line, type=Sample) for line in file.read_bytes().splitlines()]
    dead = [
        msgspec.structs.replace(one, error=error, report=None, equality=None) for one in samples
    ]
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in dead))


@FORMS
def test_a_run_in_which_all_failed_says_what_of(
    command: Command, measured: RunFolder, reading: str
) -> None:
    all_failed(measured)
    ended = told(command, measured, reading)
    assert ended.exit_code == (5 if reading == "compare" else 0)
    assert "o decision" in decision(reading, ended.stdout)
    expected = "BASE died" if reading == "compare" else "Runtime.ExitError"
    assert expected in ended.stdout


@FORMS
def test_samples_of_no_byte_are_no_samples(
    command: Command, measured: RunFolder, reading: str
) -> None:
    (measured.path / SAMPLES).write_bytes(b"")
    ended = told(command, measured, reading)
    assert ended.exit_code == (5 if reading == "compare" else 0)
    assert "o decision" in decision(reading, ended.stdout)


def only_the_first(run: RunFolder) -> None:
    file = run.path / SAMPLES
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])


BROKEN: dict[str, tuple[Callable[[RunFolder], object], int, str]] = {
    "corrupt": (lambda run: (run.path / SAMPLES).write_text("nonsense\n"), 2, "not a sample"),
    "empty": (lambda run: (run.path / SAMPLES).unlink(), 5, "HEAD has no measured warm call"),
    "one sample": (only_the_first, 5, "HEAD has no measured warm call"),
    "all errors": (all_failed, 1, "HEAD dies on a case that BASE answers"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_sound_base_does_not_hide_what_is_wrong_with_head(
    command: Command, measured: RunFolder, tmp_path: Path, broken: str
) -> None:
    head = RunFolder(Path(shutil.copytree(measured.path, tmp_path / "head")))
    damage, exit_code, said = BROKEN[broken]
    damage(head)
    gate = ("--fail-if-slower", "5%")
    ended = command("compare", str(measured.path), str(head.path), *gate)
    assert ended.exit_code == exit_code
    assert said in " ".join((ended.stdout + ended.stderr).split())


def test_copies_of_which_all_calls_failed_are_not_called_alike(
    workload: Workload,
    asked: RunOptions,
    scripted: Callable[[Script], Any],
    working: Script,
    command: Command,
) -> None:
    twice = msgspec.structs.replace(asked, with_copies=True)
    run = measure(workload, twice, scripted(working).opening)
    all_failed(run)
    for reading in ("report", "markdown", "json"):
        ended = told(command, run, reading)
        assert "cannot tell how far apart" in decision(reading, ended.stdout)
