from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.cli.parse import percent
from lambdameter.errors import BadInputError
from lambdameter.measure import experiment
from lambdameter.measure.experiment import RunOptions
from lambdameter.measure.run_folder import MANIFEST, SAMPLES
from lambdameter.model.sample import Manifest, Sample, SampleError
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import Script

Command = Callable[..., Any]
Make = Callable[..., Path]
Change = Callable[[Sample], Sample]
SLOWER = ("--fail-if-slower", "5%")


def rewrite(folder: Path, change: Change) -> None:
    """Change every sample of a run as it lies on disk."""
    file = folder / SAMPLES
    samples = [msgspec.json.decode(line, type=Sample) for line in file.read_bytes().splitlines()]
    file.write_bytes(b"".join(msgspec.json.encode(change(one)) + b"\n" for one in samples))


def remake(folder: Path, change: Callable[[Manifest], Manifest]) -> None:
    file = folder / MANIFEST
    manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
    file.write_bytes(msgspec.json.encode(change(manifest)))


def taking(factor: float, variant: str | None = None) -> Change:
    """Durations of about 100 ms times the factor, by a fixed pattern that no run has alone."""

    def change(one: Sample) -> Sample:
        mine = variant is None or one.trial.variant == variant
        ms = (100 + one.trial.index * 37 % 11) * (factor if mine else 1.0)
        assert one.report is not None
        billed = math.ceil(ms + (one.report.init_ms or 0))
        report = msgspec.structs.replace(one.report, duration_ms=ms, billed_ms=billed)
        return msgspec.structs.replace(one, report=report)

    return change


def dead(one: Sample) -> Sample:
    error = SampleError(kind="function", type="Runtime.ExitError", message="no")
    return msgspec.structs.replace(one, error=error, report=None, equality=None)


@pytest.fixture
def make(
    workload: Workload,
    asked: RunOptions,
    scripted: Callable[[Script], Any],
    working: Script,
    tmp_path: Path,
) -> Make:
    """A run folder: 12 environments with 3 warm calls unless asked otherwise."""

    def measured(name: str, change: Change = taking(1.0), **other: Any) -> Path:  # noqa: B008
        wanted = msgspec.structs.replace(
            asked, **{"cold": 12, "warm": 3, "out": tmp_path / name} | other
        )
        folder = experiment.measure(workload, wanted, scripted(working).opening).path
        rewrite(folder, change)
        return folder

    return measured


@pytest.mark.parametrize(
    ("factor", "exit_code", "said"),
    [
        (1.0, 0, "HEAD passes: no variant is more than 5 % slower."),
        (0.5, 0, "HEAD passes: no variant is more than 5 % slower."),
        (1.2, 1, "HEAD fails: Python on CSV at 128 MB: takes 1.20 times as long (1."),
        (1.05, 5, "more environments would narrow the interval."),
    ],
)
def test_a_gate_ends_with_what_the_interval_says(
    command: Command, make: Make, factor: float, exit_code: int, said: str
) -> None:
    told = command("compare", str(make("base")), str(make("head", taking(factor))), *SLOWER)
    assert told.exit_code == exit_code
    assert said in " ".join(told.stdout.split())
    assert told.stderr.count("error") == 0


def test_too_few_environments_cannot_tell(command: Command, make: Make) -> None:
    told = command(
        "compare", str(make("base", cold=9)), str(make("head", taking(3.0), cold=9)), *SLOWER
    )
    assert told.exit_code == 5
    assert "an interval needs 10 environments on each side" in " ".join(told.stdout.split())


def test_without_a_gate_it_is_told_and_nothing_fails(command: Command, make: Make) -> None:
    told = command("compare", str(make("base")), str(make("head", taking(2.0))))
    assert told.exit_code == 0
    assert told.stdout.startswith("HEAD takes 2.00 times as long as BASE; no limit was given.")


def test_a_dearer_head_fails_by_its_whole_bill(command: Command, make: Make) -> None:
    base, head = make("base"), make("head", taking(40.0))
    told = command("compare", str(base), str(head), "--fail-if-dearer", "5%", "--json")
    assert told.exit_code == 1
    document = json.loads(told.stdout)
    (cell, _) = document["comparison"]["cells"]
    assert cell["billed_ms"]["ratio"] == pytest.approx(40, rel=0.01)
    assert 1.05 < cell["bill"]["interval"]["low"] < cell["bill"]["ratio"] < 40
    assert cell["bill"]["interval"]["ratio"] == pytest.approx(cell["bill"]["ratio"])


def test_a_bigger_package_fails_with_one_environment_alone(command: Command, make: Make) -> None:
    base, head = make("base", cold=1), make("head", cold=1)

    def fatter(manifest: Manifest) -> Manifest:
        artifacts = tuple(
            msgspec.structs.replace(one, zip_bytes=one.zip_bytes * 2, sha256="0" * 64)
            for one in manifest.artifacts
        )
        return msgspec.structs.replace(manifest, artifacts=artifacts)

    remake(head, fatter)
    gate = ("--fail-if-bigger", "99%")
    assert command("compare", str(base), str(base), *gate).exit_code == 0
    told = command("compare", str(base), str(head), *gate)
    assert told.exit_code == 1
    assert "has a package 2.00 times as large, 1.99 allowed" in " ".join(told.stdout.split())
    assert command("compare", str(base), str(head), "--fail-if-bigger", "100%").exit_code == 0


def test_one_variant_alone_may_be_looked_at(command: Command, make: Make) -> None:
    base, head = make("base"), make("head", taking(2.0, "rust"))
    assert command("compare", str(base), str(head), *SLOWER).exit_code == 1
    alone = command("compare", str(base), str(head), *SLOWER, "--variant", "python")
    assert alone.exit_code == 0
    assert "Rust" not in alone.stdout


def test_a_variant_that_one_run_lacks_is_refused_with_those_there_are(
    command: Command, make: Make
) -> None:
    base, head = make("base", cold=1), make("head", cold=1, variants=("rust",))
    told = command("compare", str(base), str(head), "--variant", "python")
    assert told.exit_code == 2
    assert "There is no variant named 'python' in both runs" in told.stderr
    assert "Choose from: rust." in told.stderr
    rest = command("compare", str(base), str(head))
    assert rest.exit_code == 0
    assert "variants: python, rust in BASE, rust in HEAD" in rest.stdout


def test_runs_without_a_common_tier_are_refused(command: Command, make: Make) -> None:
    base, head = make("base", cold=1), make("head", cold=1, memory_mb=(256,))
    told = command("compare", str(base), str(head))
    assert told.exit_code == 2
    assert "no variant, case and memory size in common" in told.stderr


def test_other_work_is_refused_even_anyway(command: Command, make: Make) -> None:
    base, head = make("base", cold=1), make("head", cold=1, settings={"records": "3"})
    told = command("compare", str(base), str(head), "--anyway")
    assert told.exit_code == 2
    assert "The two runs did not do the same work" in told.stderr
    assert "parameters: warm: records: BASE 4, HEAD 3" in told.stderr


def test_figures_of_another_kind_are_refused_unless_anyway(command: Command, make: Make) -> None:
    base, head = make("base", cold=1), make("head", cold=1)

    def real_services(manifest: Manifest) -> Manifest:
        target = msgspec.structs.replace(manifest.target, latency_model="mine.toml")
        return msgspec.structs.replace(manifest, target=target)

    remake(head, real_services)
    told = command("compare", str(base), str(head))
    assert told.exit_code == 2
    assert "target: latency_model: BASE none, HEAD mine.toml" in told.stderr
    anyway = command("compare", str(base), str(head), "--anyway")
    assert anyway.exit_code == 0
    assert "target: latency_model: none in BASE, mine.toml in HEAD" in anyway.stdout


def test_a_head_that_is_unequal_fails_without_any_gate(command: Command, make: Make) -> None:
    base, head = make("base", cold=1), make("head", cold=1)
    file = head / SAMPLES
    file.write_text(file.read_text().replace('"equal":true', '"equal":false'))
    told = command("compare", str(base), str(head))
    assert told.exit_code == 1
    assert told.stdout.startswith("HEAD fails: Python on CSV: HEAD gives wrong results.")
    assert command("compare", str(head), str(base)).exit_code == 5


def test_a_head_that_dies_fails_and_one_that_dies_as_before_cannot_be_told(
    command: Command, make: Make
) -> None:
    base, head = make("base", cold=1), make("head", dead, cold=1)
    assert command("compare", str(base), str(head)).exit_code == 1
    both = command("compare", str(head), str(head), *SLOWER)
    assert both.exit_code == 5
    assert both.stdout.startswith("No decision on HEAD: Python on CSV")


@pytest.mark.parametrize("form", ["--markdown", "--json"])
def test_it_is_told_in_other_formats(command: Command, make: Make, form: str) -> None:
    base, head = make("base", cold=1), make("head", cold=1)
    told = command("compare", str(base), str(head), form)
    assert told.exit_code == 0
    if form == "--json":
        assert json.loads(told.stdout)["comparison"]["outcome"] == "passed"
    else:
        assert told.stdout.startswith("**HEAD takes 1.00 times as long as BASE")


def test_two_formats_at_once_are_refused(command: Command, make: Make) -> None:
    base = str(make("base", cold=1))
    for arguments in (("compare", base, base), ("report", base)):
        told = command(*arguments, "--markdown", "--json")
        assert told.exit_code == 2
        assert "Only one output format can be chosen" in told.stderr
        assert told.stdout == ""


def test_it_prints_plain_text_of_at_most_100_columns(command: Command, make: Make) -> None:
    told = command("compare", str(make("base")), str(make("head")), *SLOWER).stdout
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize(
    ("told", "share"), [("5%", 0.05), ("5 %", 0.05), ("2.5%", 0.025), ("0%", 0), ("200%", 2)]
)
def test_a_percentage_is_a_share_of_a_hundred(told: str, share: float) -> None:
    assert percent(told, "--fail-if-slower") == pytest.approx(share)


@pytest.mark.parametrize("told", ["5", "", "%", "-5%", "five%", "1e3%", "5%%", "nan%", "5,5%"])
def test_what_is_no_percentage_is_refused(told: str) -> None:
    with pytest.raises(BadInputError, match="is not a percentage") as refused:
        percent(told, "--fail-if-slower")
    assert refused.value.place == "--fail-if-slower"


def test_a_bad_percentage_is_told_before_anything_is_read(command: Command) -> None:
    told = command("compare", "nowhere", "nowhere", "--fail-if-dearer", "much")
    assert told.exit_code == 2
    assert "'much' is not a percentage" in told.stderr
