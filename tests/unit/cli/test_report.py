from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.claims import library
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.reading import read
from lambdameter.measure.run_folder import SAMPLES, RunFolder
from lambdameter.model.sample import Sample
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import Script

Command = Callable[..., Any]


def test_a_folder_that_is_no_run_is_told_with_what_is_one(command: Command, tmp_path: Path) -> None:
    told = command("report", str(tmp_path))
    assert told.exit_code == 2
    assert told.stderr.splitlines() == [
        "error: This folder is not a run folder",
        f"  where: {tmp_path}",
        "  next:  Give a folder that `lambdameter run` made; it contains a manifest.json.",
    ]


def test_a_report_needs_a_folder(command: Command) -> None:
    told = command("report")
    assert told.exit_code == 2
    assert "Missing argument 'run'" in told.stderr


def test_a_run_is_told_for_a_person_and_for_a_program(
    command: Command, measured: RunFolder
) -> None:
    text = command("report", str(measured.path))
    document = command("report", str(measured.path), "--json")
    assert (text.exit_code, document.exit_code) == (0, 0)
    assert " ".join(text.stdout.split()).endswith(
        f"Run folder: {measured.path} (all of it: --full)"
    )
    assert json.loads(document.stdout)["run"]["folder"] == str(measured.path)


def test_all_of_it_is_told_where_it_is_asked_for(command: Command, measured: RunFolder) -> None:
    whole = command("report", str(measured.path), "--full").stdout
    assert whole.endswith(f"run folder   {measured.path}\n")
    assert "What ran ──" in whole
    assert "What ran ──" not in command("report", str(measured.path)).stdout


def test_parts_of_it_are_told_in_its_order(command: Command, measured: RunFolder) -> None:
    told = command("report", str(measured.path), "--only", "bill, equality").stdout
    heads = [line.split(" ──")[0] for line in told.splitlines() if " ──" in line]
    assert heads == ["Equality", "The bill at 128 MB"]


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        (("--only", "bills"), "The report has no part 'bills'"),
        (("--only", ""), "The report has no part ''"),
        (("--only", "bill", "--json"), "JSON and Markdown are written whole"),
        (("--only", "bill", "--markdown"), "JSON and Markdown are written whole"),
        (("--full", "--json"), "Only one output format can be chosen"),
    ],
)
def test_what_cannot_be_told_of_a_report_is_refused(
    command: Command, measured: RunFolder, flags: tuple[str, ...], cause: str
) -> None:
    ended = command("report", str(measured.path), *flags)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert cause in ended.stderr
    assert "--only" in ended.stderr or "--full" in ended.stderr


def test_text_that_goes_to_a_file_is_plain_and_at_most_100_columns_wide(
    command: Command, measured: RunFolder
) -> None:
    text = command("report", str(measured.path)).stdout
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_an_unequal_run_is_told_with_0_since_the_report_was_made(
    command: Command, measured: RunFolder
) -> None:
    file = measured.path / SAMPLES
    file.write_text(file.read_text().replace('"equal":true', '"equal":false'))
    told = command("report", str(measured.path), "--json")
    assert told.exit_code == 0
    assert not json.loads(told.stdout)["equality"]["equal"]


def test_a_sample_that_was_cut_off_is_told_and_left_out(
    command: Command, measured: RunFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    file = measured.path / SAMPLES
    file.write_bytes(file.read_bytes()[:-10])
    capfd.readouterr()
    told = command("report", str(measured.path), "--json")
    assert told.exit_code == 0
    assert told.stderr == (
        f"warning: the last sample in {measured.path} is incomplete and was ignored; "
        f"continue the run with `lambdameter run --resume {measured.path}`\n"
    )
    assert not json.loads(told.stdout)["run"]["complete"]


def test_a_report_knows_which_trials_lie_far_from_the_rest(
    workload: Workload, asked: RunOptions, scripted: Callable[[Script], Any], working: Script
) -> None:
    many = msgspec.structs.replace(asked, warm=6, variants=("python",))
    run = measure(workload, many, scripted(working).opening)
    file = run.path / SAMPLES
    *lines, last = [
        msgspec.json.decode(line, type=Sample) for line in file.read_bytes().splitlines()
    ]
    assert last.report is not None
    report = msgspec.structs.replace(last.report, duration_ms=9_000)
    kept = [*lines, msgspec.structs.replace(last, report=report)]
    file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in kept))
    assert read(run).outliers == {last.trial.index}


def test_a_report_has_the_samples_their_summary_and_their_bill(measured: RunFolder) -> None:
    told = read(measured, library.sources())
    assert told.samples == measured.samples().samples
    assert told.summary.complete
    assert [bill.variant for bill in told.bill.cells] == ["python", "rust"]
    assert told.folder == str(measured.path)
    assert told.outliers == frozenset()
    assert "K" in {source.id for source in told.claims}
