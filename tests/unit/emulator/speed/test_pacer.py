from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from lambdameter import binaries
from lambdameter.emulator.sandbox.base import PacerFiles
from lambdameter.emulator.speed import pacer as program
from lambdameter.emulator.speed.orders import PERIOD_NS, TICK_NS, Cold, Pace, Slowness
from lambdameter.emulator.speed.pacer import Pacer, Used
from lambdameter.errors import HostError

SLOW, SLOWER = Pace(20_000, 100_000), Pace(50_000, 100_000)
PACER_FILES = PacerFiles(
    quota_ns=1_447_145,
    usage=Path("/group/usage"),
    counts="ns_per_cpu",
    hold=Path("/group/hold"),
    freeze="FROZEN",
    thaw="THAWED",
)


def script(folder: Path, body: str) -> Path:
    path = folder / "slow-core"
    path.write_text(f"#!{sys.executable}\nimport os, struct, sys\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return tmp_path / "orders"


@pytest.fixture
def recorder(tmp_path: Path, orders: Path) -> Path:
    """A program that writes down its orders."""
    body = f"print('ready', flush=True); open({str(orders)!r}, 'w').write(sys.stdin.read())"
    return script(tmp_path, body)


def test_an_environment_is_opened_with_all_that_is_known_of_it(
    recorder: Path, orders: Path
) -> None:
    pacer = Pacer.start(recorder)
    pacer._below = lambda most: most - 1
    slowness = Slowness(1.5, Cold(1_100_000, 20_000_000), 8_000)
    pacer.open((0, 3), SLOW, PACER_FILES, slowness)
    pacer.open((1,))
    pacer.close()
    first, second = map(json.loads, orders.read_text().splitlines())
    limit = {
        "quota_ns": 1_447_145,
        "slowness": 1.5,
        "cold": {"used_ns": 1_100_000, "after_ns": 20_000_000},
        "fault_ns": 8_000,
        "refill_phase_ns": PERIOD_NS - 1,
        "tick_phase_ns": TICK_NS - 1,
        "usage": "/group/usage",
        "counts": "ns_per_cpu",
        "hold": "/group/hold",
        "freeze": "FROZEN",
        "thaw": "THAWED",
    }
    pace = {"busy_ns": 20_000, "cycle_ns": 100_000, "alone": None}
    assert first == {"open": {"id": 0, "cpus": [0, 3], "pace": pace, "limit": limit}}
    assert second == {"open": {"id": 1, "cpus": [1], "pace": None, "limit": None}}


def test_an_order_is_one_line(recorder: Path, orders: Path) -> None:
    pacer = Pacer.start(recorder)
    one = pacer.open((0,))
    for order in (one.run, one.rest, one.throttle, one.unthrottle, one.close, one.close):
        order()
    pacer.close()
    lines = orders.read_text().splitlines()[1:]
    expected = [{name: 0} for name in ("run", "rest", "throttle", "unthrottle", "close")]
    assert list(map(json.loads, lines)) == expected


def test_a_process_is_told_of(recorder: Path, orders: Path) -> None:
    pacer = Pacer.start(recorder)
    pacer.open((0,)).add_process(99)
    pacer.close()
    assert json.loads(orders.read_text().splitlines()[-1]) == {"process": {"id": 0, "pid": 99}}


@pytest.mark.parametrize(("word", "blind"), [("ready", ""), ("ready, but no perf", "no perf")])
def test_a_host_that_counts_no_page_faults_says_so_when_it_starts(
    tmp_path: Path, word: str, blind: str
) -> None:
    pacer = Pacer.start(script(tmp_path, f"print({word!r}, flush=True); sys.stdin.read()"))
    assert pacer.uncounted_faults == blind
    pacer.close()


def test_what_others_used_is_an_order_too(recorder: Path, orders: Path) -> None:
    pacer = Pacer.start(recorder)
    pacer.open((0,)).charge(0.4)
    pacer.close()
    charge = json.loads(orders.read_text().splitlines()[-1])
    assert charge == {"charge": {"id": 0, "used_ns": 400_000}}


def test_the_held_time_of_each_environment_is_its_own(tmp_path: Path) -> None:
    """Five numbers each; the first is ns, doubled, and odd while it is held, less since when."""
    body = """
held = open(sys.argv[2], "r+b", buffering=0)
held.write(struct.pack("<5q", 2 * 3_000_000, 5_000_000, 6_000_000, 250_000, 125_000))
held.write(struct.pack("<5q", 2 * -10**9 + 1, 0, 0, 0, 0))
print("ready", flush=True)
sys.stdin.read()
"""
    pacer = Pacer.start(script(tmp_path, body))
    finished, held, unheard = (pacer.open((0,), slowness=Slowness(2.0)) for _ in range(3))
    assert finished.held_ms() == 3.0
    before = time.monotonic_ns() / 1e6 - 1_000
    assert before <= held.held_ms() <= time.monotonic_ns() / 1e6 - 1_000
    assert unheard.held_ms() == 0.0
    # Of what was used since it looked, as much as it said is not slowed.
    used = [finished.used(used, at_rest=False).cpu_ms for used in (5.0, 5.25, 6.25)]
    assert used == [6.0, 6.25, 8.25]
    assert finished.used(5.0, at_rest=True) == Used(6.0, 0.125)
    assert unheard.used(7.0, at_rest=True) == Used(14.0, 0.0)
    pacer.close()


def test_one_that_may_not_says_so(tmp_path: Path) -> None:
    body = "print('no right', file=sys.stderr); sys.exit(3)"
    with pytest.raises(HostError, match="no right") as refusal:
        Pacer.start(script(tmp_path, body))
    assert "CAP_SYS_NICE" in refusal.value.next_step


DIES = "print('ready', flush=True); sys.stdin.readline(); print('a fault', file=sys.stderr)"


def test_its_death_is_noticed_by_the_next_order_with_its_last_words(tmp_path: Path) -> None:
    pacer = Pacer.start(script(tmp_path, DIES))
    one = pacer.open((0,))
    pacer._process.wait()
    with pytest.raises(HostError, match="died, with the message: a fault"):
        one.run()
    one.close()
    pacer.close()


async def test_its_death_is_told_to_whoever_watches(tmp_path: Path) -> None:
    pacer = Pacer.start(script(tmp_path, DIES))
    died = pacer.watch()
    assert not died.done()
    pacer.open((0,))
    assert "a fault" in (await died).cause
    pacer.close()


async def test_an_end_by_order_is_no_death(recorder: Path) -> None:
    pacer = Pacer.start(recorder)
    died = pacer.watch()
    pacer.close()
    await asyncio.sleep(0)
    assert not died.done()


def _may_be_real_time() -> bool:
    probe = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    tried = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True)
    return tried.returncode == 0


real_time = pytest.mark.skipif(
    not _may_be_real_time(), reason="this user may not run real-time threads"
)
CPU = max(os.sched_getaffinity(0))


@pytest.fixture
def pacer() -> Iterator[Pacer]:
    started = Pacer.start(binaries.find(program.PROGRAM))
    yield started
    started.close()


@real_time
def test_the_real_one_takes_its_part_of_a_cpu_and_gives_it_back(pacer: Pacer) -> None:
    process = psutil.Process(pacer.pid)

    def used(while_s: float) -> float:
        before, began = sum(process.cpu_times()[:2]), time.perf_counter()
        # Of what is slowed, so that the CPU does not sleep.
        while time.perf_counter() - began < while_s:
            pass
        return (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - began)

    assert used(0.2) < 0.05
    slow, slower = pacer.open((CPU,), SLOW), pacer.open((CPU,), SLOWER)
    slow.run()
    slower.run()
    assert 0.4 < used(0.5) < 0.75
    slower.rest()
    slow.close()
    assert used(0.3) < 0.1


@real_time
def test_it_ends_with_whoever_started_it() -> None:
    code = (
        "from lambdameter.emulator.speed.pacer import *\n"
        "from lambdameter import binaries\n"
        "print(Pacer.start(binaries.find(PROGRAM)).pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        paced = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    paced.wait(10)


@pytest.fixture
def pacer_files(tmp_path: Path) -> PacerFiles:
    """Files that stand for a cgroup's."""
    (tmp_path / "hold").touch()
    (tmp_path / "usage").touch()
    _use(tmp_path / "usage", 0)
    return msgspec.structs.replace(PACER_FILES, usage=tmp_path / "usage", hold=tmp_path / "hold")


def _use(file: Path, used_ns: int) -> None:
    """In one call, as the kernel does it: whoever reads meanwhile reads a whole line."""
    with file.open("r+b", buffering=0) as usage:
        usage.write(b"%012d " % used_ns * (CPU + 1))


def _overdraw(pacer_files: PacerFiles, by_ns: int) -> None:
    """Again and again: orders are carried out when they are."""
    for times in itertools.count(1):
        _use(pacer_files.usage, times * by_ns)
        if pacer_files.hold.read_text() == "FROZEN":
            return


def _until_thawed(pacer_files: PacerFiles) -> None:
    while pacer_files.hold.read_text() != "THAWED":
        pass


@real_time
def test_who_overdraws_is_held_and_let_go_when_it_is_paid(
    pacer: Pacer, pacer_files: PacerFiles
) -> None:
    one = pacer.open((CPU,), pacer_files=pacer_files)
    one.throttle()
    one.run()
    _overdraw(pacer_files, 1_000_000)
    _until_thawed(pacer_files)
    assert one.held_ms() > 0
    one.close()


@real_time
@pytest.mark.parametrize("end", ["close", "unthrottle", "leave"])
def test_who_is_closed_or_left_behind_is_held_no_more(
    pacer: Pacer, pacer_files: PacerFiles, end: str
) -> None:
    one = pacer.open((CPU,), pacer_files=pacer_files)
    one.throttle()
    one.run()
    _overdraw(pacer_files, 900_000_000)
    if end == "leave":
        pacer.close()
    else:
        getattr(one, end)()
    _until_thawed(pacer_files)


@real_time
@pytest.mark.parametrize(
    "line",
    [
        "",
        "0 20000 100000",
        "{}",
        '{"run": 7}',
        '{"open": {"id": 0, "cpus": [9999], "pace": null, "limit": null}}',
        '{"open": {"id": 0, "cpus": [], "pace": null, "limit": null}}',
    ],
)
def test_a_line_that_is_no_order_ends_it(line: str, tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.touch()
    ended = subprocess.run(
        [binaries.find(program.PROGRAM), "keep", held],
        input=f"{line}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == HostError.exit_code
    assert ended.stderr.startswith("lambdameter-slow-core: ")


def _simulate(profile: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [binaries.find(program.PROGRAM), *(arguments or ("simulate",))],
        input=json.dumps(profile),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_profile_is_simulated() -> None:
    threads = [[{"cpu_ms": 1.0, "mark": "handler"}, {"wait_ms": 2.0}]]
    told = json.loads(_simulate({"memory_mb": 1769, "threads": threads}).stdout)
    assert told["ends_ms"] == [[[[1.0, 3.0]]]]
    assert told["marks"]["handler"]["mean"] == 1.0
    assert told["marks"]["end"]["p90"] == 3.0


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ([], "not a profile"),
        ({"threads": [[{"cpu_ms": 1}]]}, "give either memory_mb or quota_ms"),
        ({"memory_mb": 128, "threads": [[{"cpu": 1}]]}, "unknown field `cpu`"),
    ],
)
def test_what_is_no_profile_is_bad_input(profile: Any, words: str) -> None:
    told = _simulate(profile)
    assert (told.returncode, told.stdout) == (2, "")
    assert words in told.stderr


@pytest.mark.parametrize("arguments", [("walk",), ("keep",), ("simulate", "more")])
def test_another_use_is_told_the_right_one(arguments: tuple[str, ...]) -> None:
    told = _simulate({}, *arguments)
    assert told.returncode == 2
    assert "usage: lambdameter-slow-core keep FILE" in told.stderr


@real_time
def test_what_stands_for_a_service_runs_before_it() -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        program.exempt(process.pid)
        policy = os.sched_getscheduler(process.pid)
        process.kill()
    assert policy == os.SCHED_FIFO


def test_a_process_that_is_gone_need_not_run() -> None:
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    program.exempt(child.pid)
