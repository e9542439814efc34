"""The command line on a small workload and a scripted target: no emulator, no cargo."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from lambdameter import cli
from lambdameter.analysis.run import Run
from lambdameter.measure import experiment
from lambdameter.measure.run_folder import RunFolder
from lambdameter.model.sample import Conditions, Invocation, Report
from lambdameter.model.workload import Workload
from lambdameter.report import terminal
from lambdameter.targets.base import Target
from lambdameter.targets.fake import FakeTarget, Request, Script, answered
from lambdameter.workload import loader

WORKLOAD = """
schema = 1
name = "sums"
title = "Sums"
timeout_s = 3
generator = "generate.py"
rounds = 1
warm_calls = 1

[parameters]
records = 4
[calls.cold]
records = 2

[[cases]]
name = "csv"
title = "CSV"
object = "sums.csv"
event = { from = "{object}", bucket = "{bucket}", to = "{table}" }

[table]
partition_key = { name = "id", type = "S" }

[response]
count = "records"
unit = "sum"
total = "total_ms"

[equality]
response = [{ field = "total_ms", reason = "a time" }]
"""
VARIANT = """
[[variants]]
name = "{name}"
title = "{title}"
language = "{name}"
runtime = "python3.12"
handler = "handler.handler"
source = "{name}"
build = "copy"
"""
GENERATOR = """
import json, pathlib, sys
out, asked = pathlib.Path(sys.argv[2]), json.loads(sys.argv[4])
numbers = [str(number) for number in range(asked["records"])]
(out / "sums.csv").write_text(",".join(numbers))
items = [json.dumps({"id": {"S": number}}) for number in numbers]
(out / "expected.ndjson").write_text("".join(item + "\\n" for item in items))
told = {"count": len(items), "response": {"records": len(items)}}
(out / "expected.json").write_text(json.dumps(told))
"""


class Ended(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Ended]:
    """`lambdameter …` in an empty folder, up to its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["lambdameter", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capfd.readouterr()
        return Ended(int(ended.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workload's folder, and a cache that is thrown away."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "sums"
    text = WORKLOAD
    for name in ("python", "rust"):
        (folder / name).mkdir(parents=True)
        (folder / name / "handler.py").write_text("def handler(event, context): ...")
        text += VARIANT.format(name=name, title=name.title())
    (folder / "workload.toml").write_text(text)
    (folder / "generate.py").write_text(GENERATOR)
    return folder


@pytest.fixture
def workload(sums: Path) -> Workload:
    return loader.load(str(sums))


def works(target: FakeTarget, request: Request) -> Invocation:
    """What every variant of `sums` must do."""
    event = request.event
    numbers = target.buckets[event["bucket"]][event["from"]].decode().split(",")
    for number in numbers:
        target.put_item(event["to"], {"id": {"S": number}})
    report = Report(
        request_id=f"q{request.number}",
        duration_ms=10,
        billed_ms=20 if request.cold else 10,
        memory_mb=request.memory_mb,
        max_memory_mb=40,
        init_ms=9.5 if request.cold else None,
    )
    return answered({"records": len(numbers), "total_ms": 3.5}, report)


class Scripted(FakeTarget):
    """A target that counts how often it was opened, and knows what is left on it."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.opened = 0

    @contextmanager
    def opening(self, _: Conditions) -> Iterator[Target]:
        self.opened += 1
        yield self

    @property
    def left(self) -> list[Any]:
        return [*self.tables, *self.buckets, *self.functions]


@pytest.fixture
def scripted() -> Callable[[Script], Scripted]:
    return Scripted


@pytest.fixture
def working() -> Script:
    return works


ASKED = experiment.RunOptions(
    variants=None,
    cases=None,
    memory_mb=(128,),
    cold=1,
    warm=1,
    settings={},
    target="local",
    region="us-east-1",
    architecture="arm64",
    role=None,
    latency=None,
    faults=None,
    sandbox="none",
    require_enforcement=False,
    seed=1,
    out=None,
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> experiment.RunOptions:
    monkeypatch.chdir(tmp_path)
    return ASKED


@pytest.fixture
def measured(workload: Workload, asked: experiment.RunOptions) -> RunFolder:
    """A run folder with all of its samples."""
    return experiment.measure(workload, asked, Scripted(works).opening)


class Shown:
    """A report as a pipe gets it, and as a terminal with colours does."""

    def plain(self, run: Run) -> str:
        file = io.StringIO()
        terminal.console(file).print(terminal.report(run))
        return file.getvalue()

    def coloured(self, run: Run) -> str:
        file = io.StringIO()
        console = Console(file=file, force_terminal=True, color_system="truecolor", width=100)
        console.print(terminal.report(run))
        return file.getvalue()


@pytest.fixture
def shown() -> Shown:
    return Shown()
