from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lambdameter import binaries
from lambdameter.emulator.speed import slow_cores
from lambdameter.emulator.speed.slow_cores import Pace, SlowCores
from lambdameter.errors import HostError

SLOW, SLOWER = Pace(20_000, 100_000), Pace(50_000, 100_000)


def program(folder: Path, body: str) -> Path:
    path = folder / "slow-core"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "told"


@pytest.fixture
def recorder(tmp_path: Path, told: Path) -> Path:
    """A program that writes down what it is told."""
    body = f"print('ready', flush=True); open({str(told)!r}, 'w').write(sys.stdin.read())"
    return program(tmp_path, body)


def test_a_cpu_is_slowed_until_it_is_released(recorder: Path, told: Path):
    cores = SlowCores.start(recorder)
    cores.hold((0, 3), SLOW)
    cores.release((0, 3), SLOW)
    cores.close()
    assert told.read_text() == "0 20000 100000\n3 20000 100000\n0 0 100000\n3 0 100000\n"


def test_of_several_holders_the_slowest_counts(recorder: Path, told: Path):
    cores = SlowCores.start(recorder)
    cores.hold((1,), SLOW)
    cores.hold((1,), SLOWER)
    cores.hold((1,), SLOW)
    cores.release((1,), SLOWER)
    cores.release((1,), SLOW)
    cores.close()
    assert told.read_text() == "1 20000 100000\n1 50000 100000\n1 20000 100000\n"


def test_one_that_may_not_says_so(tmp_path: Path):
    body = "print('no right', file=sys.stderr); sys.exit(3)"
    with pytest.raises(HostError, match="no right") as refusal:
        SlowCores.start(program(tmp_path, body))
    assert "CAP_SYS_NICE" in refusal.value.next_step


def test_its_death_is_noticed_by_the_next_hold(tmp_path: Path):
    cores = SlowCores.start(program(tmp_path, "print('ready', flush=True)"))
    cores._process.wait()
    with pytest.raises(HostError, match="has died"):
        cores.hold((0,), SLOW)
    cores.close()


def _may_be_real_time() -> bool:
    probe = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    tried = subprocess.run([sys.executable, "-c", probe], check=False, capture_output=True)
    return tried.returncode == 0


real_time = pytest.mark.skipif(
    not _may_be_real_time(), reason="this user may not have real-time threads"
)


@real_time
def test_the_real_one_takes_its_part_of_a_cpu_and_gives_it_back():
    cores = SlowCores.start(binaries.find(slow_cores.PROGRAM))
    process = psutil.Process(cores._process.pid)
    cpu = max(os.sched_getaffinity(0))

    def used(while_s: float) -> float:
        before, began = sum(process.cpu_times()[:2]), time.perf_counter()
        # Of what is slowed, so that the CPU does not sleep.
        while time.perf_counter() - began < while_s:
            pass
        return (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - began)

    assert used(0.2) < 0.05
    cores.hold((cpu,), SLOWER)
    assert 0.4 < used(0.5) < 0.75
    cores.release((cpu,), SLOWER)
    assert used(0.3) < 0.1
    cores.close()


@real_time
def test_it_ends_with_whoever_started_it():
    code = (
        "from lambdameter.emulator.speed.slow_cores import *\n"
        "from lambdameter import binaries\n"
        "print(SlowCores.start(binaries.find(PROGRAM))._process.pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        brake = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    brake.wait(10)


@real_time
def test_what_stands_for_a_service_runs_before_it():
    with subprocess.Popen(["/bin/sleep", "60"]) as process:
        slow_cores.run_before(process.pid)
        policy = os.sched_getscheduler(process.pid)
        process.kill()
    assert policy == os.SCHED_FIFO


def test_a_process_that_is_gone_need_not_run():
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    slow_cores.run_before(child.pid)
