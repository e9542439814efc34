"""Duels whose truth is known to nobody who judges them: are false alarms few, and 8 % found?

    make blind > docs/benchmarks/blind.txt          # half an hour
    .venv/bin/python -P benchmarks/blind.py --folder DIR --minutes 5    # a piece; again to go on

-P, or the benchmark statistics.py would stand in for the standard library's module.

Each duel is a workload of two variants: two copies of one small function, or a copy and one that
takes 8 % more CPU time for the same answer. Half are of either kind, in an order that is
drawn by chance and lies in the folder, unread until all duels are judged. Each goes through
`lambdameter run --rounds auto`, in a process of its own. What judges it is the verdict on warm
calls in the document that `--json` prints; a run that ends without interval is no verdict.

A piece ends after its minutes with exit code 5, and 1 is the end of a test that was not passed.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

COMMAND = (str(Path(sys.prefix) / "bin" / "lambdameter"), "run")
DUELS = 40
MEMORY_MB = 1769  # a full vCPU
WORK = 24_000
SLOWDOWN = 0.08
# Of a call's CPU time; the rest is the runtime's, and the same for both. With 8 % more digests the
# second copy took 6.67 % more CPU time (20 duels, 12.4 ms a call).
CHAIN = 0.834
WARM_CALLS = 3
# What sixty rounds take, the last look of the rule.
BUDGET = "60s"
MINUTES = 40.0
# Of 20: what a test that is passed may call different at most, and must find at least.
FALSE_ALARMS = 3 / 20
FOUND = 18 / 20
NOT_DONE, NOT_PASSED = 5, 1

HANDLER = """from hashlib import sha256


def chain(digest, length):
    for _ in range(length):
        digest = sha256(digest).digest()
    return digest


def handler(event, context):
    digest = chain(b"blind", {work})
    chain(digest, {extra})
    return {{"digest": digest.hex()}}
"""
GENERATOR = f"""import argparse
import hashlib
import json
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--out", type=pathlib.Path)
parser.add_argument("--parameters")
out = parser.parse_args().out
digest = b"blind"
for _ in range({WORK}):
    digest = hashlib.sha256(digest).digest()
(out / "expected.ndjson").touch()
expected = {{"count": 0, "response": {{"digest": digest.hex()}}}}
(out / "expected.json").write_text(json.dumps(expected))
"""
WORKLOAD = f"""schema = 1
name = "blind"
title = "A chain of {WORK:,} digests"
timeout_s = 10
generator = "generate.py"
memory_mb = [{MEMORY_MB}]
[response]
[[cases]]
name = "chain"
title = "Chain"
event = {{}}
"""
VARIANT = """[[variants]]
name = "{name}"
title = "{name}"
language = "python"
runtime = "python3.12"
handler = "handler.handler"
source = "{name}"
build = "copy"
"""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A duel as the judge saw it: `verdict` is that on the second copy's warm calls.

    `cpu` is what the second copy took over the first: medians of warm calls.
    """

    number: int
    verdict: str
    reason: str | None
    rounds: int
    ratio: float
    low: float | None
    high: float | None
    cpu: float
    seconds: float


class Kind(NamedTuple):
    """A kind of duel, how many of them there were, and the median of `cpu`."""

    name: str
    duels: int
    faster: int
    slower: int
    undecided: int
    cpu: float


def prepared(folder: Path, duels: int) -> None:
    """Draw the order, and write every duel's workload; what is there stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = folder / "truth.json"
    if truth.exists():
        return
    slowed = [number % 2 == 1 for number in range(duels)]
    random.Random(secrets.randbits(64)).shuffle(slowed)  # noqa: S311 - an order, no secret
    for number, is_slowed in enumerate(slowed):
        _write_workload(_workload(folder, number), SLOWDOWN if is_slowed else 0.0)
    truth.write_text(json.dumps(slowed))


def _workload(folder: Path, number: int) -> Path:
    return folder / f"{number:02}" / "blind"


def _write_workload(folder: Path, slowdown: float) -> None:
    text = WORKLOAD
    for name, more in (("first", 0.0), ("second", slowdown)):
        (folder / name).mkdir(parents=True)
        handler = HANDLER.format(work=WORK, extra=round(more / CHAIN * WORK))
        (folder / name / "handler.py").write_text(handler)
        text += VARIANT.format(name=name)
    (folder / "workload.toml").write_text(text)
    (folder / "generate.py").write_text(GENERATOR)


def judged(folder: Path, number: int) -> Judged:
    """One duel, through the whole pipeline."""
    asked = ("--rounds", "auto", "--warm", str(WARM_CALLS), "--budget", BUDGET)
    out = folder / f"{number:02}" / f"run-{secrets.token_hex(2)}"
    began = time.monotonic()
    ended = subprocess.run(
        [*COMMAND, str(_workload(folder, number)), *asked, "--out", str(out), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"duel {number} ended with {ended.returncode}:\n{ended.stderr}")
    return judge(number, json.loads(ended.stdout), time.monotonic() - began)


def judge(number: int, document: Any, seconds: float) -> Judged:
    """The verdict of one run's document."""
    (found,) = (one for one in document["comparisons"] if one["call"] == "warm")
    interval = found["interval"] or {}
    cpu_ms = {one["variant"]: one["warm"]["cpu_ms"] for one in document["results"]}
    return Judged(
        number=number,
        verdict=found["verdict"],
        reason=document["stopping"]["reason"],
        rounds=document["stopping"]["rounds"],
        ratio=found["ratio"],
        low=interval.get("low"),
        high=interval.get("high"),
        cpu=cpu_ms["second"] / cpu_ms["first"],
        seconds=seconds,
    )


def kept(folder: Path) -> list[Judged]:
    """What was judged so far."""
    file = folder / "judged.ndjson"
    lines = file.read_bytes().splitlines() if file.exists() else []
    return [msgspec.json.decode(line, type=Judged) for line in lines]


def counted(truth: Sequence[bool], verdicts: Sequence[Judged]) -> Iterator[Kind]:
    """Both kinds: how often the second copy was called faster, slower, or neither."""
    for name, kind in (("two copies", False), (f"{SLOWDOWN:.0%} more CPU", True)):
        duels = [one for one in verdicts if truth[one.number] is kind]
        mine = [one.verdict for one in duels]
        faster, slower = mine.count("faster"), mine.count("slower")
        cpu = statistics.median(one.cpu for one in duels)
        yield Kind(name, len(mine), faster, slower, len(mine) - faster - slower, cpu)


def passed(same: Kind, slowed: Kind) -> bool:
    """At most 3 of 20 pairs of copies called different, at least 18 of 20 slowdowns found."""
    return (
        same.faster + same.slower <= FALSE_ALARMS * same.duels
        and slowed.slower >= FOUND * slowed.duels
    )


def show(truth: Sequence[bool], verdicts: Sequence[Judged], same: Kind, slowed: Kind) -> None:
    """All duels, and what they come to."""
    console = Console(width=110, highlight=False)
    console.print(
        f"benchmarks/blind.py: {len(verdicts)} duels at {MEMORY_MB} MB, --rounds auto --warm "
        f"{WARM_CALLS} --budget {BUDGET}; {platform.system()} {platform.release()}, Python "
        f"{platform.python_version()}",
        soft_wrap=True,
    )
    total = Table("second copy", box=None)
    for head in ("duels", "called faster", "called slower", "no difference", "CPU x, median"):
        total.add_column(head, justify="right")
    for kind in (same, slowed):
        total.add_row(kind.name, *map(str, kind[1:-1]), f"{kind.cpu:.3f}")
    console.print(total)
    each = Table("duel", "second copy", "verdict", "ended", box=None)
    for head in ("rounds", "time x", "low", "high", "CPU x", "seconds"):
        each.add_column(head, justify="right")
    for one in sorted(verdicts, key=lambda one: one.number):
        figures = (one.ratio, one.low, one.high, one.cpu)
        each.add_row(
            str(one.number),
            (slowed if truth[one.number] else same).name,
            one.verdict,
            one.reason,
            str(one.rounds),
            *("-" if figure is None else f"{figure:.3f}" for figure in figures),
            f"{one.seconds:.0f}",
        )
    console.print(each)


def main() -> int:
    """Judge what is not judged yet; then open the truth and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="of the duels; goes on with it")
    parser.add_argument("--duels", type=int, default=DUELS, help="how many, in a new folder")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="no duel begins later")
    asked = parser.parse_args()
    began = time.monotonic()
    prepared(asked.folder, asked.duels)
    folders = sorted(one.parent for one in asked.folder.glob("*/blind"))
    left = sorted({int(one.name) for one in folders} - {one.number for one in kept(asked.folder)})
    for number in left:
        if time.monotonic() - began > 60 * asked.minutes:
            print(f"{number} of {len(folders)} duels are judged: go on", file=sys.stderr)
            return NOT_DONE
        with (asked.folder / "judged.ndjson").open("ab") as file:
            file.write(msgspec.json.encode(judged(asked.folder, number)) + b"\n")
    truth = json.loads((asked.folder / "truth.json").read_text())
    verdicts = kept(asked.folder)
    same, slowed = counted(truth, verdicts)
    show(truth, verdicts, same, slowed)
    return 0 if passed(same, slowed) else NOT_PASSED


if __name__ == "__main__":
    sys.exit(main())
