"""`lambdameter run` as a user starts it, in processes of its own, and all that it starts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from lambdameter.emulator.sandbox import cgroup_tree, cgroup_v1

ETL = Path(__file__).resolve().parents[2] / "workloads" / "etl"
LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"
# Whoever builds beside the tests makes them slow; this is only to notice what hangs.
END_LIMIT_S = 400


class Ended(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


class Command:
    """A command in a folder of its own; what is temporary goes below `temporary`."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        self.parts: dict[str, psutil.Process] = {}
        self.cgroups: set[Path] = set()
        self._stdout = (folder / "stdout").open("w+")
        self._told: list[str] = []
        self.process = subprocess.Popen(
            [LAMBDAMETER, *arguments],
            cwd=folder,
            env=os.environ | {"TMPDIR": str(self.temporary), "COLUMNS": "200"} | environment,
            stdout=self._stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, beginning: str) -> None:
        """Wait for a line on stderr, and note what was started up to it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._told.append(line)
            if line.startswith(beginning):
                break
        else:
            pytest.fail(f"it never said {beginning!r}, but: {''.join(self._told)}")
        self.note()

    def note(self) -> None:
        """Note what was started so far."""
        for part in psutil.Process(self.process.pid).children(recursive=True):
            self.parts[_name(part.cmdline())] = part
        self.cgroups = _cgroups_of(self.parts["emulator"].pid)

    def for_a_moment(self, seconds: float) -> None:
        """Let it go on, for a random moment to come."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def end(self) -> Ended:
        _, rest = self.process.communicate(timeout=END_LIMIT_S)
        self._stdout.seek(0)
        return Ended(self.process.returncode, self._stdout.read(), "".join(self._told) + rest)

    def left(self) -> list[object]:
        """Processes, temporary files and cgroups that outlived the command."""
        _, alive = psutil.wait_procs(list(self.parts.values()), timeout=10)
        files = list(self.temporary.iterdir())
        return [*alive, *files, *(folder for folder in self.cgroups if folder.is_dir())]

    def close(self) -> None:
        """Leave nothing, however the test went."""
        self.process.kill()
        for part in self.parts.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                part.kill()
        self.process.communicate()
        self._stdout.close()
        if self.cgroups:
            # An emulator that was killed could not remove its own; a frozen function does not die.
            hierarchies = cgroup_tree.mount_points(cgroup_v1.WANTED)
            cgroup_tree.remove_leftovers(hierarchies, time.sleep)


def _name(command: list[str]) -> str:
    if "lambdameter.emulator" in command:
        return "emulator"
    if any(word.endswith("/cargo") for word in command):
        return "cargo"
    return "data plane" if command[0].endswith("lambdameter-services") else "function"


def _cgroups_of(emulator: int) -> set[Path]:
    return {
        group
        for folder in cgroup_tree.own_folders(cgroup_v1.WANTED).values()
        for group in folder.glob(f"lambdameter-{emulator}-*")
    }


VARIANT = """
[[variants]]
name = "planted"
title = "Planted"
language = "python"
runtime = "python3.12"
handler = "planted.handler"
source = "planted"
build = "copy"
"""


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[str], Path]:
    """`etl` with one more variant: `python`, and this code around it in planted.py."""

    def copy(code: str) -> Path:
        folder = tmp_path / "etl"
        shutil.copytree(ETL, folder, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(folder / "python", folder / "planted")
        (folder / "planted" / "planted.py").write_text(code)
        with (folder / "workload.toml").open("a") as file:
            file.write(VARIANT)
        return folder

    return copy


@pytest.fixture
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command in a folder, waited for."""

    def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LAMBDAMETER, *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return ran


@pytest.fixture(scope="module")
def lambdameter(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Command]]:
    commands: list[Command] = []
    # A shell's background job ignores it, and so would all that is started from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(*arguments: str, folder: Path | None = None, **environment: str) -> Command:
        where = folder or tmp_path_factory.mktemp("command")
        commands.append(Command(where, *arguments, **environment))
        return commands[-1]

    yield start
    for command in commands:
        command.close()


GENERATOR = """
import argparse, json, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--out", type=pathlib.Path)
parser.add_argument("--parameters")
out = parser.parse_args().out
(out / "input").write_text("x")
(out / "expected.ndjson").touch()
(out / "expected.json").write_text(json.dumps({"count": 0, "response": {"count": 1}}))
"""
TINY = """
schema = 1
name = "tiny"
title = "Tiny"
timeout_s = 2
generator = "generate.py"
rounds = 1
warm_calls = 1
[parameters]
[calls.cold]
[calls.warm]
[[cases]]
name = "one"
title = "One"
object = "input"
event = { key = "{object}" }
[response]
count = "count"
unit = "record"
total = "total_ms"
[equality]
response = [{ field = "total_ms", reason = "a time" }]
"""
TINY_VARIANT = """
[[variants]]
name = "{name}"
title = "{name}"
language = "any"
runtime = "{runtime}"
handler = "handler.handler"
source = "{name}"
build = "copy"
"""


@pytest.fixture(scope="session")
def tiny(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[dict[str, dict[str, bytes]]], Path]:
    """A user's workload that does nothing: variant -> file -> content; no table, no service.

    A variant with a `bootstrap` has the OS-only runtime, any other Python's.
    """

    def make(variants: dict[str, dict[str, bytes]]) -> Path:
        folder = tmp_path_factory.mktemp("tiny")
        (folder / "generate.py").write_text(GENERATOR)
        described = TINY
        for name, files in variants.items():
            (folder / name).mkdir()
            for file, content in files.items():
                (folder / name / file).write_bytes(content)
                (folder / name / file).chmod(0o755)
            runtime = "provided.al2023" if "bootstrap" in files else "python3.11"
            described += TINY_VARIANT.format(name=name, runtime=runtime)
        (folder / "workload.toml").write_text(described)
        return folder

    return make
