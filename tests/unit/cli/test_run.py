from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.cli import run as run_module
from lambdameter.measure import experiment, latency_sweep
from lambdameter.measure.experiment import RunOptions
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Invocation
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import FakeTarget, Request, Script

Command = Callable[..., Any]


@pytest.fixture
def on(
    monkeypatch: pytest.MonkeyPatch, scripted: Callable[[Script], Any]
) -> Callable[[Script], list[RunOptions]]:
    """`run` measures on a scripted target; what was asked of it is listed."""

    def install(script: Script) -> list[RunOptions]:
        every: list[RunOptions] = []

        def measure(workload: Workload, asked: RunOptions) -> RunFolder:
            every.append(asked)
            return experiment.measure(workload, asked, scripted(script).opening)

        monkeypatch.setattr(run_module, "measure", measure)
        return every

    return install


@pytest.mark.parametrize(
    ("arguments", "cause", "place", "next_step"),
    [
        (
            ("--variants", "perl"),
            "There is no variant named 'perl'",
            "--variants",
            "python, rust.",
        ),
        (("--variants", "rust,rust"), "A variant is given twice", "--variants", "python, rust."),
        (
            ("--variants", ""),
            "There is no variant named ''",
            "--variants",
            "python, rust.",
        ),
        (("--cases", "xml"), "There is no case named 'xml'", "--cases", "Choose from: csv."),
        (
            ("--memory", "lots"),
            "'lots' is not a list of memory sizes",
            "--memory",
            "for instance 128,1024",
        ),
        (
            ("--memory", "127"),
            "Lambda has no memory size of 127 MB",
            "--memory",
            "from 128 to 10240",
        ),
        (
            ("--memory", "10241"),
            "Lambda has no memory size of 10241 MB",
            "--memory",
            "from 128 to 10240",
        ),
        (("--memory", "128,128"), "A memory size is given twice", "--memory", "128,1024"),
        (("--cold", "0"), "0 is too few", "--rounds", "at least 1"),
        (("--rounds", "0"), "0 is too few", "--rounds", "at least 1"),
        (("--rounds", "many"), "'many' is not a number of rounds", "--rounds", "Give auto, or"),
        (("--rounds", "1.5"), "'1.5' is not a number of rounds", "--rounds", "Give auto, or"),
        (
            ("--rounds", "auto", "--variants", "rust"),
            "needs two variants to compare",
            "--rounds auto",
            "Give two variants with --variants",
        ),
        (("--budget", "5m"), "works only together with", "--budget", "Add --rounds auto"),
        (
            ("--rounds", "20", "--budget", "5m"),
            "works only together with",
            "--budget",
            "--rounds auto",
        ),
        *(
            (
                ("--rounds", "auto", "--budget", wrong),
                f"{wrong!r} is not a duration",
                "--budget",
                "5m",
            )
            for wrong in ("5", "soon", "0s", "-5m", "5 days", "1h30m", "")
        ),
        (("--warm", "-1"), "-1 is too few", "--warm", "at least 0"),
        (("--set", "records"), "'records' is not a setting", "--set", "records=2000"),
        (("--set", "=5"), "'=5' is not a setting", "--set", "records=2000"),
        (
            ("--set", "colour=red"),
            "no parameter named 'colour'",
            "--set",
            "parameters are records;",
        ),
        (("--set", "hot.records=1"), "no parameter named 'hot.records'", "--set", "cold. or warm."),
        (
            ("--set", "records=many"),
            "'many' is not of the type int",
            "--set records",
            "a value like 4",
        ),
        (
            ("--out", "sums"),
            "The folder for the run is not empty",
            "sums",
            "another folder with --out",
        ),
        (
            ("--out", "sums/generate.py"),
            "A file of this name exists already",
            "sums/generate.py",
            "--out",
        ),
        (("--aa", "--variants", "perl"), "no variant named 'perl'", "--variants", "python, rust."),
        (("--aa", "--variants", "rust,rust"), "given twice", "--variants", "python, rust."),
        (
            ("--aa", "--variants", "rust-copy"),
            "no variant named 'rust-copy'",
            "--variants",
            "rust.",
        ),
        (
            ("--aa", "--faults", "cut=0.1"),
            "Injected faults would hide",
            "--aa --faults",
            "Omit --aa",
        ),
        (("--latency", "-1"), "A service latency cannot be -1 ms", "--latency", "from 0 to 60,000"),
        (("--latency", "fast"), "'fast' is neither a latency nor", "--latency", "or a model file"),
        (
            ("--latency", "0,-1"),
            "A service latency cannot be -1 ms",
            "--latency",
            "from 0 to 60,000",
        ),
        (
            ("--latency", "0,nan"),
            "A service latency cannot be nan ms",
            "--latency",
            "from 0 to 60,000",
        ),
        (("--latency", "0,fast"), "'fast' is not a latency", "--latency", "instance 0,3,6,10"),
        (("--latency", "0,off"), "'off' is not a latency", "--latency", "instance 0,3,6,10"),
        (("--latency", "0,,3"), "A latency is missing in '0,,3'", "--latency", "0,3,6,10"),
        (("--latency", "3,3.0"), "The latency 3.0 is given twice", "--latency", "0,3,6,10"),
        (
            ("--rounds", "auto", "--latency", "0,3"),
            "different numbers of rounds",
            "--rounds auto --latency",
            "--latency 0.",
        ),
        (("--aa", "--latency", "0,3"), "at only one latency", "--aa --latency", "--latency 0."),
        (
            ("--region", "mars-1"),
            "no prices for the region 'mars-1'",
            "--region",
            "us-east-1",
        ),
        (("--target", "aws"), "need an execution role", "--target aws", "--role"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_where_and_what_next(  # noqa: PLR0913, PLR0917
    command: Command,
    sums: Path,
    arguments: tuple[str, ...],
    cause: str,
    place: str,
    next_step: str,
) -> None:
    told = command("run", str(sums), *arguments)
    error, where, following = told.stderr.splitlines()
    assert told.exit_code == 2
    assert error.startswith("error: ")
    assert cause in error
    assert where == f"  where: {place}"
    assert following.startswith("  next:  ")
    assert next_step in following
    assert told.stdout == ""
    assert not Path("runs").exists()


def test_an_unknown_workload_is_told_with_those_that_there_are(command: Command) -> None:
    told = command("run", "nowhere")
    assert told.exit_code == 2
    assert told.stderr.splitlines() == [
        "error: There is no workload named 'nowhere'",
        "  where: nowhere/workload.toml",
        (
            "  next:  Give a folder with a workload.toml, or one of: "
            "dynamodb-ops, etl, light, overrun, squares."
        ),
    ]


def test_one_folder_is_not_for_several_workloads(command: Command, sums: Path) -> None:
    told = command("run", str(sums), "etl", "--out", "one")
    assert told.exit_code == 2
    assert "One folder cannot hold the runs of several workloads" in told.stderr
    assert "where: --out" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("etl", "--colour"),
        ("etl", "--target", "mars"),
        ("etl", "--seed", "-1"),
        ("etl", "--architecture", "m68k"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_how_to_get_help(
    command: Command, arguments: tuple[str, ...]
) -> None:
    told = command("run", *arguments)
    assert told.exit_code == 2
    assert "lambdameter run --help" in told.stderr
    assert told.stdout == ""


def test_equal_variants_end_with_0_and_the_report(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]], working: Script
) -> None:
    on(working)
    told = command("run", str(sums), "--memory", "128", "--out", "one")
    assert told.exit_code == 0
    assert "Equality: Python and Rust did the same: 12 records compared" in told.stdout
    assert told.stdout.endswith("Run folder: one (all of it: --full)\n")


def test_a_variant_that_differs_ends_with_1_and_no_speed(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]], working: Script
) -> None:
    def forgets(target: FakeTarget, request: Request) -> Invocation:
        answer = working(target, request)
        if request.variant == "rust":
            target.tables[request.event["to"]].pop()
        return answer

    on(forgets)
    told = command("run", str(sums), "--json")
    assert told.exit_code == 1
    document = json.loads(told.stdout)
    assert not document["equality"]["equal"]
    assert {result["total_ms"] for result in document["results"]} == {None}


def test_two_copies_of_one_function_end_with_how_far_they_are_apart(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]], working: Script
) -> None:
    every = on(working)
    told = command("run", str(sums), "--aa", "--memory", "128", "--cold", "2", "--json")
    assert told.exit_code == 0
    assert every[0].with_copies
    (decision,) = json.loads(told.stdout)["decisions"]
    assert decision["verdict"] == (
        "At 128 MB this run cannot tell how far apart two copies of Python are: at least 10 "
        "environments of each are needed, and there are 2."
    )


def test_several_latencies_are_measured_and_told_together(
    command: Command,
    sums: Path,
    scripted: Callable[[Script], Any],
    working: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for: list[tuple[str, ...]] = []

    def measured(workload: Workload, asked: RunOptions, latencies: tuple[str, ...]) -> Path:
        asked_for.append(latencies)
        return latency_sweep.measure_sweep(workload, asked, latencies, scripted(working).opening)

    monkeypatch.setattr(run_module, "measure_sweep", measured)
    told = command("run", str(sums), "--latency", "0,6", "--out", "two", "--json")
    assert told.exit_code == 0, told.stderr
    assert asked_for == [("0", "6")]
    document = json.loads(told.stdout)
    assert [one["latency_ms"] for one in document["runs"]] == [0, 6]
    assert document["folder"] == "two"


def test_a_variant_that_differs_at_some_latency_ends_with_1(
    command: Command,
    sums: Path,
    scripted: Callable[[Script], Any],
    working: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[int] = []

    def script(target: FakeTarget, request: Request) -> Invocation:
        answer = working(target, request)
        calls.append(request.number)
        if len(calls) == 1:
            target.put_item(request.event["to"], {"id": {"S": "more"}})
        return answer

    def measured(workload: Workload, asked: RunOptions, latencies: tuple[str, ...]) -> Path:
        return latency_sweep.measure_sweep(workload, asked, latencies, scripted(script).opening)

    monkeypatch.setattr(run_module, "measure_sweep", measured)
    told = command("run", str(sums), "--latency", "0,6")
    assert told.exit_code == 1
    assert " ms: Not equal: " in told.stdout
    assert "saves" not in told.stdout


def test_several_workloads_are_all_measured_and_one_that_differs_decides(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]], working: Script
) -> None:
    def differs_at_first(target: FakeTarget, request: Request) -> Invocation:
        answer = working(target, request)
        if len(asked) == 1:
            target.tables[request.event["to"]].pop()
        return answer

    asked = on(differs_at_first)
    told = command("run", str(sums), str(sums), "--variants", "python")
    assert told.exit_code == 1
    assert len(asked) == 2
    assert told.stdout.count("Run folder") == 2


def test_options_arrive_as_they_were_given(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]], working: Script
) -> None:
    every = on(working)
    options = (
        *("--variants", "rust, python", "--cases", "csv", "--memory", "256,128"),
        *("--cold", "2", "--warm", "3", "--set", "records=3", "--set", "cold.records = 1"),
        *("--region", "eu-west-1", "--architecture", "x86_64", "--latency", "off"),
        *("--faults", "cut=0.1", "--sandbox", "none", "--seed", "9", "--out", "one"),
        *("--speed", "host", "--no-overheads"),
    )
    assert command("run", str(sums), *options).exit_code == 0
    assert every == [
        RunOptions(
            variants=("rust", "python"),
            cases=("csv",),
            memory_mb=(256, 128),
            cold=2,
            warm=3,
            settings={"records": "3", "cold.records": "1"},
            target="local",
            region="eu-west-1",
            architecture="x86_64",
            role=None,
            latency="off",
            faults="cut=0.1",
            sandbox="none",
            require_enforcement=False,
            seed=9,
            speed="host",
            overheads=False,
            out=Path("one"),
        )
    ]


def test_an_interrupt_ends_with_130(
    command: Command, sums: Path, on: Callable[[Script], list[RunOptions]]
) -> None:
    def interrupted(_: FakeTarget, __: Request) -> Invocation:
        raise KeyboardInterrupt

    on(interrupted)
    told = command("run", str(sums))
    assert told.exit_code == 130
    assert "interrupted; nothing was measured yet" in told.stderr
    assert told.stdout == ""


def test_an_interrupt_of_the_final_report_says_that_all_samples_are_there(
    command: Command,
    sums: Path,
    on: Callable[[Script], list[RunOptions]],
    working: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    on(working)
    monkeypatch.setattr(run_module, "show_any", interrupted)
    told = command("run", str(sums), "--out", "run")
    assert told.exit_code == 130
    assert told.stderr.endswith(
        "interrupted; all samples are in run; print them with `lambdameter report run`\n"
    )
    assert len(RunFolder.open(Path("run")).samples().samples) == 4


def test_a_run_without_a_workload_names_those_that_there_are(command: Command) -> None:
    told = command("run")
    assert told.exit_code == 2
    assert "No workload was given" in told.stderr
    assert "etl" in told.stderr


@pytest.mark.parametrize("more", [("etl",), ("--memory", "128"), ("--out", "x")])
def test_a_resumed_run_takes_nothing_else(command: Command, more: tuple[str, ...]) -> None:
    told = command("run", "--resume", "somewhere", *more)
    assert told.exit_code == 2
    assert "keeps the options that it was started with" in told.stderr
    assert "where: --resume" in told.stderr


def test_a_folder_that_is_no_run_cannot_be_resumed(command: Command, tmp_path: Path) -> None:
    told = command("run", "--resume", str(tmp_path))
    assert told.exit_code == 2
    assert "This folder is not a run folder" in told.stderr


@pytest.mark.parametrize("flag", ["--latency", "--faults", "--sandbox"])
def test_what_only_the_local_lambda_has_is_refused_on_aws(command: Command, flag: str) -> None:
    told = command("run", "etl", "--target", "aws", flag, "off")
    assert told.exit_code == 2
    assert f"where: {flag}" in told.stderr


@pytest.mark.parametrize(
    ("flag", "typed"), [("--speed", ("--speed", "host")), ("--overheads", ("--no-overheads",))]
)
def test_what_only_the_local_lambda_has_added_to_it_is_refused_on_aws_too(
    command: Command, flag: str, typed: tuple[str, ...]
) -> None:
    told = command("run", "etl", "--target", "aws", *typed)
    assert told.exit_code == 2
    assert f"where: {flag}" in told.stderr
