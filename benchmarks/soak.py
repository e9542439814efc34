"""Minutes of duels with a kill at a random moment in each; then everything is counted up.

    make soak                                   # ten minutes
    .venv/bin/python benchmarks/soak.py --minutes 1 --seed 7

Each duel is small. One process of it, drawn by seed, gets its signal at a moment drawn by seed:
the command line (SIGINT or SIGKILL), the emulator, the data plane or one function (SIGKILL). The
duel is then resumed until its plan is complete. What must hold, of every single one:

* every sample that was told on stderr is on disk, so a kill costs at most the sample in flight;
* the resumed run ends with the whole plan measured, and equality proved;
* no process, cgroup or temporary folder is left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

COMMAND = [str(Path(sys.prefix) / "bin" / "lambdameter"), "run"]
DUEL = ["etl", "--variants", "python,rust", "--set", "records=1000", "--set", "cold.records=200"]
VICTIMS = ("interrupt", "command line", "emulator", "data plane", "function", "nobody")
LONGEST_S = 12.0
RESUMES = 5
TOLD = ": "  # "3/8 rust csv 1024 MB cold: 0.3 s"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One duel.

    Attributes:
        hit: whether the victim was alive when its signal came.
        told: samples that the killed run said it had; lost: those of them not on disk.
        problems: what did not hold.
    """

    victim: str
    hit: bool
    told: int
    lost: int
    resumes: int
    problems: tuple[str, ...]


def main() -> int:
    """Soak, print what came of it; 1 if anything did not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)  # noqa: S311 - moments, no secret
    end = time.monotonic() + 60 * asked.minutes
    outcomes = []
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        while time.monotonic() < end:
            victim = VICTIMS[len(outcomes) % len(VICTIMS)]
            outcome = duel(Path(folder) / str(len(outcomes)), victim, chance.uniform(0, LONGEST_S))
            outcomes.append(outcome)
            console.print(f"{len(outcomes)}: {victim}: {'; '.join(outcome.problems) or 'held'}")
    show(outcomes, asked.seed, asked.minutes)
    return int(any(outcome.problems for outcome in outcomes))


def duel(folder: Path, victim: str, after_s: float) -> Outcome:
    """One duel with one kill, resumed until it is complete."""
    before = leftovers()
    process = start([*DUEL, "--out", str(folder)])
    hits: list[bool] = []
    timer = threading.Timer(after_s, lambda: hits.append(strike(process, victim)))
    timer.start()
    said = process.communicate()[1]
    timer.cancel()
    timer.join()
    told = sum(line[:1].isdigit() and TOLD in line for line in said.splitlines())
    kept = on_disk(folder)
    problems = []
    resumes = 0
    while not complete(folder) and resumes < RESUMES:
        again = [*DUEL, "--out", str(folder)] if not has_manifest(folder) else None
        resumed = start(again or ["--resume", str(folder)])
        words = resumed.communicate()[1]
        resumes += 1
        if resumed.returncode:
            problems.append(f"resume ended with {resumed.returncode}: {words[-300:]}")
    if not complete(folder):
        problems.append("the plan is not complete")
    elif not equal(folder):
        problems.append("equality is not proved")
    problems += sorted(leftovers() - before)
    return Outcome(
        victim=victim,
        hit=any(hits),
        told=told,
        lost=max(0, told - kept),
        resumes=resumes,
        problems=tuple(problems),
    )


def start(arguments: list[str]) -> subprocess.Popen[str]:
    """The command line, with its words kept."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def strike(process: subprocess.Popen[str], victim: str) -> bool:
    """Send the victim its signal; whether there was one to hit."""
    if victim == "nobody" or process.poll() is not None:
        return False
    if victim == "interrupt":
        process.send_signal(signal.SIGINT)
        return True
    if victim == "command line":
        process.kill()
        return True
    try:
        found = [
            one
            for one in psutil.Process(process.pid).children(recursive=True)
            if kind(one) == victim
        ]
        if found:
            found[0].kill()
    except psutil.NoSuchProcess:
        return False
    return bool(found)


def kind(process: psutil.Process) -> str:
    """Which of a duel's processes this is."""
    words = " ".join(process.cmdline())
    if "lambdameter-services" in words:
        return "data plane"
    if "lambdameter.emulator" in words:
        return "emulator"
    if "awslambdaric" in words or "bootstrap" in words:
        return "function"
    return "other"


def has_manifest(folder: Path) -> bool:
    """Whether the run got as far as its plan."""
    return (folder / "manifest.json").is_file()


def on_disk(folder: Path) -> int:
    """Whole samples in the run folder."""
    file = folder / "samples.ndjson"
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def complete(folder: Path) -> bool:
    """Whether every trial of the plan has a sample."""
    if not has_manifest(folder):
        return False
    planned = {
        trial["index"] for trial in json.loads((folder / "manifest.json").read_text())["plan"]
    }
    file = folder / "samples.ndjson"
    made = file.read_text().splitlines() if file.is_file() else []
    return planned <= {json.loads(line)["trial"]["index"] for line in made}


def equal(folder: Path) -> bool:
    """What the report says of the whole run."""
    command = [COMMAND[0], "report", str(folder), "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return bool(json.loads(told.stdout)["equality"]["equal"])


def leftovers() -> set[str]:
    """What a duel may leave on this host: processes, cgroups, folders."""
    return {*processes(), *cgroups(), *folders()}


def processes() -> Iterator[str]:
    """Processes of duels; the soak's own command lines have ended when this is asked."""
    for process in psutil.process_iter():
        try:
            if kind(process) != "other":
                yield f"process {process.pid} {kind(process)}"
        except psutil.Error:
            continue


def cgroups() -> Iterator[str]:
    """Our groups in every hierarchy."""
    for parent, names, _ in os.walk("/sys/fs/cgroup"):
        yield from (f"cgroup {parent}/{name}" for name in names if name.startswith("lambdameter-"))


def folders() -> Iterator[str]:
    """Our temporary folders."""
    found = Path(tempfile.gettempdir()).glob("lambdameter-*")
    yield from (f"folder {path}" for path in found)


def show(outcomes: list[Outcome], seed: int, minutes: float) -> None:
    """All counters, by victim, and their sum."""
    table = Table(title=f"{minutes:g} minutes, seed {seed}, {os.cpu_count()} cores", box=None)
    for head in ("killed", "duels", "hit", "samples told", "lost", "resumes", "problems"):
        table.add_column(head, justify="left" if head == "killed" else "right")
    groups = [(victim, [one for one in outcomes if one.victim == victim]) for victim in VICTIMS]
    for name, group in [*groups, ("all", outcomes)]:
        sums = Counter({"hit": 0})
        for one in group:
            sums.update(
                hit=one.hit,
                told=one.told,
                lost=one.lost,
                resumes=one.resumes,
                problems=len(one.problems),
            )
        cells = (len(group), *(sums[key] for key in ("hit", "told", "lost", "resumes", "problems")))
        table.add_row(name, *map(str, cells))
    console = Console(width=100)
    console.print(table)
    for number, one in enumerate(outcomes, 1):
        for problem in one.problems:
            console.print(f"duel {number} ({one.victim}): {problem}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
