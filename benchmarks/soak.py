"""Minutes of duels with kills at random moments; then everything is counted up.

    make soak > docs/benchmarks/soak.txt        # ten minutes
    .venv/bin/python benchmarks/soak.py --minutes 1 --seed 7

Each duel is small. One process of it, or two, get a signal at moments drawn by seed, uniformly
over the time that a duel takes undisturbed: the command line (SIGINT once or twice, SIGTERM,
SIGKILL), the emulator, the data plane or a function (SIGKILL). Where the victim is not there yet,
the moment is that at which it appears. The duel is then resumed until its plan is complete, and
every other time the first resume gets a kill of its own. What must hold, of every single duel:

* every sample that was told on stderr is on disk, so a kill costs at most the sample in flight;
* no command ends with a traceback, or with an exit code that its kill does not explain;
* the resumed run ends with the whole plan measured, equality proved for every case and variant,
  and no more failed samples than functions were killed;
* no process, cgroup or temporary folder is left, or, where both the command line and the emulator
  were killed, none after the next run.

Leftovers are told from other people's: each duel has a temporary folder of its own, orphans of its
processes come to this one (it is their subreaper), and cgroups bear their emulator's pid.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from lambdameter.measure.run_folder import RunFolder

COMMAND = (str(Path(sys.prefix) / "bin" / "lambdameter"), "run")
SIZES = ("--set", "records=1000", "--set", "cold.records=200")
DUEL = ("etl", "--variants", "python,rust", *SIZES)
NEXT = ("etl", "--variants", "rust", "--cases", "csv", *SIZES)
# Victim -> the exit codes that its end explains; 0 where it came too late to matter.
EXPLAINED = {
    "interrupt": {0, 130},
    "interrupt twice": {0, 130},
    "terminate": {0, 130},
    "command line": {0, -9},
    "emulator": {0, 4},
    "data plane": {0, 3, 4},  # 3: it died before it was ready
    "function": {0},
    "nobody": {0},
}
TWO = "two of them"
KINDS = (*EXPLAINED, TWO)
RESUMES = 5
LOOK_S = 0.1
TWICE_S = 0.2
TOLD = re.compile(r"^(\d+)/\d+ \w.*: ", re.MULTILINE)  # "3/8 rust csv 1024 MB cold: 0.3 s"
PR_SET_CHILD_SUBREAPER = (
    36  # https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html
)


class Kill(msgspec.Struct, frozen=True):
    """Whom, and when: seconds after the command's start."""

    victim: str
    after_s: float


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One command line, up to its end.

    Attributes:
        hit: the victims that were alive when their signal came.
        emulators: the pids of those that it started.
    """

    exit_code: int
    stderr: str
    hit: tuple[str, ...]
    emulators: frozenset[int]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One duel.

    Attributes:
        told: samples that its commands said they had; lost: those of them not on disk.
        failed: samples with an error, in the complete run.
        cleaned: whether the next run had something to clean up.
        left: what nobody cleaned up; problems: what else did not hold.
    """

    kind: str
    kills: int
    hits: int
    told: int
    lost: int
    resumes: int
    failed: int
    cleaned: bool
    left: tuple[str, ...]
    problems: tuple[str, ...]


class Moments:
    """Draws who gets a signal, and when."""

    def __init__(self, seed: int, longest_s: float) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - moments, no secret
        self._longest_s = longest_s

    def of(self, kind: str) -> tuple[Kill, ...]:
        """The kills of a first command."""
        drawn = self._chance.sample([*EXPLAINED][:-1], 2) if kind == TWO else [kind]
        return tuple(self._kill(victim) for victim in drawn if victim != "nobody")

    def of_resume(self, number: int) -> tuple[Kill, ...]:
        """Every other first resume has one; the further ones must come to an end."""
        if number or self._chance.random() < 1 / 2:
            return ()
        return (self._kill(self._chance.choice([*EXPLAINED][:-1])),)

    def _kill(self, victim: str) -> Kill:
        return Kill(victim, self._chance.uniform(0, self._longest_s))


def main() -> int:
    """Soak, print what came of it; 1 if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        began = time.monotonic()
        attempt([*DUEL, "--out", str(folder / "undisturbed")], (), folder)
        undisturbed_s = time.monotonic() - began
        moments = Moments(asked.seed, undisturbed_s)
        while time.monotonic() - began < 60 * asked.minutes:
            kind = KINDS[len(outcomes) % len(KINDS)]
            outcome = duel(folder / str(len(outcomes)), kind, moments)
            outcomes.append(outcome)
            wrong = (*outcome.problems, *outcome.left)
            console.print(f"{len(outcomes)} {kind}: {'; '.join(wrong) or 'held'}", highlight=False)
    show(outcomes, f"{asked.minutes:g} minutes, seed {asked.seed}", undisturbed_s)
    return int(any(outcome.problems or outcome.left for outcome in outcomes))


def duel(folder: Path, kind: str, moments: Moments) -> Outcome:
    """One duel with its kills, resumed until it is complete."""
    temporary, run = folder / "temporary", folder / "run"
    temporary.mkdir(parents=True)
    first = [*DUEL, "--out", str(run)]
    kills = moments.of(kind)
    attempts = [attempt(first, kills, temporary)]
    losses = [lost(attempts[-1], run)]
    while not complete(run) and len(attempts) <= RESUMES:
        drawn = moments.of_resume(len(attempts) - 1)
        kills += drawn
        again = ["--resume", str(run)] if has_manifest(run) else first
        attempts.append(attempt(again, drawn, temporary))
        losses.append(lost(attempts[-1], run))
    hit = [victim for one in attempts for victim in one.hit]
    problems = [problem for one in attempts for problem in unexplained(one)]
    failed, unsound = check(run, hit.count("function"))
    owners = frozenset[int]().union(*(one.emulators for one in attempts))
    cleaned = {"command line", "emulator"} <= {*hit} and any(leftovers(temporary, owners))
    if cleaned:
        problems += unexplained(attempt([*NEXT, "--out", str(folder / "next")], (), temporary))
    left = tuple(leftovers(temporary, owners))
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(
        kind=kind,
        kills=len(kills),
        hits=len(hit),
        told=sum(len(told(one)) for one in attempts),
        lost=sum(losses),
        resumes=len(attempts) - 1,
        failed=failed,
        cleaned=cleaned,
        left=left,
        problems=(*problems, *unsound, *(["a sample that was told is lost"] * sum(losses))),
    )


def attempt(arguments: Sequence[str], kills: Sequence[Kill], temporary: Path) -> Attempt:
    """A command line from its start to its end, with what befalls it in between."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(temporary), "COLUMNS": "200"},
    )
    hit: list[str] = []
    emulators: set[int] = set()
    watcher = threading.Thread(target=watch, args=(process, kills, hit, emulators))
    watcher.start()
    stderr = process.communicate()[1]
    watcher.join()
    return Attempt(
        exit_code=process.returncode,
        stderr=stderr,
        hit=tuple(hit),
        emulators=frozenset(emulators),
    )


def watch(
    process: subprocess.Popen[str], kills: Sequence[Kill], hit: list[str], emulators: set[int]
) -> None:
    """Note the emulators, and kill each victim at its moment, or as soon as it is there."""
    began = time.monotonic()
    waiting = sorted(kills, key=lambda kill: kill.after_s)
    while process.poll() is None:
        parts = {one.pid: kind_of(one) for one in psutil.Process().children(recursive=True)}
        emulators |= {pid for pid, kind in parts.items() if kind == "emulator"}
        for kill in tuple(waiting):
            if time.monotonic() - began >= kill.after_s and strike(process, kill.victim, parts):
                hit.append(kill.victim)
                waiting.remove(kill)
        pause_s = min((kill.after_s - (time.monotonic() - began) for kill in waiting), default=1)
        time.sleep(min(max(pause_s, LOOK_S / 10), LOOK_S))


def strike(process: subprocess.Popen[str], victim: str, parts: dict[int, str]) -> bool:
    """Send the victim its signal; whether there was one to hit."""
    signals = {
        "interrupt": signal.SIGINT,
        "interrupt twice": signal.SIGINT,
        "terminate": signal.SIGTERM,
    }
    if victim == "command line":
        process.kill()
        return True
    if victim in signals:
        if not heeds_signals(process.pid):
            return False
        process.send_signal(signals[victim])
        if victim == "interrupt twice":
            time.sleep(TWICE_S)
            process.send_signal(signal.SIGINT)
        return True
    found = [pid for pid, kind in parts.items() if kind == victim]
    try:
        os.kill(found[-1], signal.SIGKILL)
    except (IndexError, ProcessLookupError):
        return False
    return True


def heeds_signals(pid: int) -> bool:
    """Whether its own code runs already, and not only Python's start."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(re.findall(r"^SigCgt:\s+(\w+)$", status, re.MULTILINE)[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def kind_of(process: psutil.Process) -> str:
    """Which of a duel's processes this is; a zombie is none."""
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return "none"
    if "lambdameter-services" in words:
        return "data plane"
    if "lambdameter.emulator" in words:
        return "emulator"
    return "function" if "awslambdaric" in words or "bootstrap" in words else "other"


def told(one: Attempt) -> set[int]:
    """Indexes of the trials whose samples it said it had."""
    return {int(number) - 1 for number in TOLD.findall(one.stderr)}


def lost(one: Attempt, run: Path) -> int:
    """How many of these are not on disk."""
    if not has_manifest(run):
        return len(told(one))
    return len(told(one) - {sample.trial.index for sample in RunFolder.open(run).samples().samples})


def unexplained(one: Attempt) -> Iterator[str]:
    """What its kills are no reason for."""
    codes = set[int]().union(*(EXPLAINED[victim] for victim in (*one.hit, "nobody")))
    if one.exit_code not in codes:
        yield f"exit code {one.exit_code} after {one.hit or 'nothing'}: {one.stderr[-300:]}"
    if "Traceback" in one.stderr:
        yield f"a traceback after {one.hit or 'nothing'}: {one.stderr[-1000:]}"


def has_manifest(run: Path) -> bool:
    """Whether the run got as far as its plan."""
    return (run / "manifest.json").is_file()


def complete(run: Path) -> bool:
    """Whether every trial of the plan has a sample."""
    if not has_manifest(run):
        return False
    folder = RunFolder.open(run)
    planned = {trial.index for trial in folder.manifest().plan}
    return planned == {sample.trial.index for sample in folder.samples().samples}


def check(run: Path, functions_killed: int) -> tuple[int, list[str]]:
    """The failed samples of the whole run, and what does not hold of it."""
    if not complete(run):
        return 0, ["the plan is not complete"]
    command = [COMMAND[0], "report", str(run), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    equality = json.loads(said.stdout)["equality"]
    variants = {trial.variant for trial in RunFolder.open(run).manifest().plan}
    failed = [one.error for one in RunFolder.open(run).samples().samples if one.error is not None]
    problems = []
    if not equality["equal"]:
        problems.append("the variants are not equal")
    problems += [
        f"equality of {case['case']} is proved for {case['verdict']['proven']} alone"
        for case in equality["cases"]
        if set(case["verdict"]["proven"]) != variants
    ]
    # The call after the one that was killed finds no warm environment: it says so.
    if len(failed) > 2 * functions_killed:
        problems.append(f"{len(failed)} samples failed: {failed[0].type}: {failed[0].message}")
    return len(failed), problems


def leftovers(temporary: Path, owners: frozenset[int]) -> Iterator[str]:
    """What a duel has left on this host: processes, cgroups, folders."""
    _, alive = psutil.wait_procs(psutil.Process().children(recursive=True), timeout=10)
    yield from (f"process {one.pid} {kind_of(one)}" for one in alive)
    for parent, names, _ in os.walk("/sys/fs/cgroup"):
        for name in names:
            if name.startswith("lambdameter-") and int(name.split("-")[1]) in owners:
                yield f"cgroup {parent}/{name}"
    yield from (f"temporary {path.name}" for path in temporary.iterdir())


Cell = Callable[[Outcome], int]
COLUMNS: dict[str, Cell] = {
    "duels": lambda _: 1,
    "signals": lambda one: one.kills,
    "hit": lambda one: one.hits,
    "samples told": lambda one: one.told,
    "lost": lambda one: one.lost,
    "resumes": lambda one: one.resumes,
    "failed samples": lambda one: one.failed,
    "cleaned by the next": lambda one: int(one.cleaned),
    "left": lambda one: len(one.left),
    "problems": lambda one: len(one.problems),
}


def show(outcomes: Sequence[Outcome], asked: str, undisturbed_s: float) -> None:
    """All counters, by victim, and their sum."""
    console = Console(width=120, highlight=False)
    console.print(
        f"benchmarks/soak.py: {asked}; {os.cpu_count()} CPUs, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}"
    )
    console.print(f"Each duel: lambdameter run {' '.join(DUEL)}")
    console.print(f"Undisturbed it took {undisturbed_s:.1f} s; signals came at moments up to that.")
    table = Table("first victim", box=None)
    for head in COLUMNS:
        table.add_column(head, justify="right")
    groups = [(kind, [one for one in outcomes if one.kind == kind]) for kind in KINDS]
    for name, group in [*groups, ("all", outcomes)]:
        cells = (sum(cell(one) for one in group) for cell in COLUMNS.values())
        table.add_row(name, *map(str, cells))
    console.print(table)
    for number, one in enumerate(outcomes, 1):
        for wrong in (*one.problems, *(f"left: {what}" for what in one.left)):
            console.print(f"duel {number} ({one.kind}): {wrong}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    sys.exit(main())
