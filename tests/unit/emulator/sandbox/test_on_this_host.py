"""The rules as this host keeps them, by each way that it grants."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cgroup_tree, cgroup_v1, detect, processes
from lambdameter.emulator.sandbox.base import PacerFiles, ProcessSpec, Sandbox, SandboxFactory
from lambdameter.emulator.sandbox.paced import PacedFactory
from lambdameter.model.sample import Enforcement

Output = Callable[[asyncio.subprocess.Process], Awaitable[str]]
Program = Callable[..., ProcessSpec]
READY_AND_BUSY = "print('ready', flush=True)\nwhile True: pass"
SHARE_OF_A_CPU = """
import time
wall, cpu = time.monotonic(), time.process_time()
while time.monotonic() - wall < 2: pass
print((time.process_time() - cpu) / (time.monotonic() - wall))
"""


@pytest.fixture
def factory(way: str, tmp_path: Path) -> Iterator[SandboxFactory]:
    granted = detect(tmp_path, way)
    yield granted
    granted.close()


@pytest.fixture
def by_the_kernel(cgroup_way: str, tmp_path: Path) -> Iterator[SandboxFactory]:
    granted = detect(tmp_path, cgroup_way)
    yield granted
    granted.close()


async def _ready(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def _groups_of(pid: int) -> set[Path]:
    hierarchies = cgroup_tree.mount_points(cgroup_v1.WANTED)
    return {path for top in hierarchies for path in top.rglob(f"lambdameter-{pid}-*")}


def _on_host() -> tuple[str, set[Path]]:
    """What must be the same before and after: our mounts, and cgroups of this process."""
    return Path("/proc/self/mountinfo").read_text(), _groups_of(os.getpid())


def test_this_kernel_enforces(
    require: Callable[[bool, str], None], granted: dict[str, Enforcement]
) -> None:
    told = [enforcement for enforcement in granted.values() if not enforcement.missing]
    require(bool(told), "needs cgroups and the right to make some")


def test_by_the_kernel_everything_is_enforced_and_nothing_missing(
    by_the_kernel: SandboxFactory,
) -> None:
    told = by_the_kernel.enforcement
    assert all((told.cpu, told.memory, told.freeze, told.isolation))
    assert told.missing == ""


async def test_throttled_it_gets_its_share_and_unthrottled_a_cpu(
    factory: SandboxFactory, program: Program, output: Output
) -> None:
    sandbox = factory.create("share", 128)
    unthrottled = float(await output(await sandbox.spawn(program(SHARE_OF_A_CPU))))
    assert sandbox.counters().throttled_ms == 0
    sandbox.throttle()
    throttled = float(await output(await sandbox.spawn(program(SHARE_OF_A_CPU))))
    assert 0.5 * 128 / 1769 < throttled < 1.5 * 128 / 1769
    assert unthrottled > 4 * throttled
    held_ms = sandbox.counters().throttled_ms
    assert held_ms is not None
    assert held_ms > 0
    await sandbox.destroy()


async def test_cpu_time_counts_what_the_function_used(
    factory: SandboxFactory, program: Program, output: Output
) -> None:
    sandbox = factory.create("cpu", 1769)
    code = """
import time
start = time.process_time()
while time.process_time() < start + 0.2: pass
print(time.process_time() - start, time.process_time())
"""
    told = (await output(await sandbox.spawn(program(code)))).split()
    # Before `start` the launcher joined its group; after the end the interpreter cleans up.
    looped_ms, all_ms = (float(seconds) * 1000 for seconds in told)
    cpu_ms = sandbox.counters().cpu_ms
    assert cpu_ms is not None
    assert looped_ms <= cpu_ms < all_ms * 1.5 + 100
    await sandbox.destroy()


async def test_a_frozen_environment_uses_no_cpu_until_it_is_thawed(
    factory: SandboxFactory, program: Program
) -> None:
    sandbox = factory.create("freeze", 1769)
    await _ready(await sandbox.spawn(program(READY_AND_BUSY)))
    sandbox.freeze()
    before = sandbox.counters()
    assert {sandbox.counters() for _ in range(200)} == {before}
    sandbox.thaw()
    while sandbox.counters().cpu_ms == before.cpu_ms:
        pass
    await sandbox.destroy()


def _hold(sandbox: Sandbox) -> PacerFiles:
    """Hold it as whoever keeps a rule of its own would."""
    pacer_files = sandbox.pacer_files
    assert pacer_files is not None
    pacer_files.hold.write_text(pacer_files.freeze)
    return pacer_files


def _until_it_stands_still(sandbox: Sandbox) -> None:
    """What holds it has to reach all its threads first, and a busy host may keep it waiting."""
    used, times = sandbox.counters().cpu_ms, 0
    while times < 2_000:
        before, used = used, sandbox.counters().cpu_ms
        times = times + 1 if used == before else 0


async def test_one_that_is_held_stays_held_through_a_freeze_and_a_thaw(
    by_the_kernel: SandboxFactory, program: Program
) -> None:
    sandbox = by_the_kernel.create("held", 128)
    await _ready(await sandbox.spawn(program(READY_AND_BUSY)))
    pacer_files = _hold(sandbox)
    _until_it_stands_still(sandbox)
    sandbox.freeze()
    sandbox.thaw()
    _until_it_stands_still(sandbox)
    pacer_files.hold.write_text(pacer_files.thaw)
    used = sandbox.counters().cpu_ms
    while sandbox.counters().cpu_ms == used:
        pass
    await sandbox.destroy()


async def test_let_go_while_it_is_frozen_it_stays_frozen(
    by_the_kernel: SandboxFactory, program: Program
) -> None:
    sandbox = by_the_kernel.create("frozen", 128)
    await _ready(await sandbox.spawn(program(READY_AND_BUSY)))
    pacer_files = _hold(sandbox)
    sandbox.freeze()
    pacer_files.hold.write_text(pacer_files.thaw)
    _until_it_stands_still(sandbox)
    await sandbox.destroy()


@pytest.mark.parametrize("frozen", [False, True])
async def test_one_that_is_held_can_be_killed(
    by_the_kernel: SandboxFactory, program: Program, *, frozen: bool
) -> None:
    """Whoever holds it may be dead."""
    sandbox = by_the_kernel.create("killed", 128)
    process = await sandbox.spawn(program(READY_AND_BUSY))
    await _ready(process)
    _hold(sandbox)
    if frozen:
        sandbox.freeze()
    await sandbox.destroy()
    assert process.returncode == -signal.SIGKILL


async def test_by_lambdas_rule_it_gets_its_share_and_is_told_for_how_long_it_was_held(
    paced: PacedFactory, program: Program, output: Output
) -> None:
    sandbox = paced.create("rule", 256, "interpreter", 0.0)
    sandbox.throttle()
    share = float(await output(await sandbox.spawn(program(SHARE_OF_A_CPU))))
    assert 0.5 * 256 / 1769 < share < 1.5 * 256 / 1769
    held_ms = sandbox.counters().throttled_ms
    assert held_ms is not None
    assert held_ms > 0
    sandbox.unthrottle()
    assert float(await output(await sandbox.spawn(program(SHARE_OF_A_CPU)))) > 2 * share
    await sandbox.destroy()


@pytest.mark.parametrize("its_keeper", ["lives", "is dead"])
async def test_one_that_is_held_by_the_rule_is_frozen_thawed_and_killed_as_any(
    paced: PacedFactory, program: Program, its_keeper: str
) -> None:
    sandbox = paced.create("rule", 128, "interpreter", 0.0)
    process = await sandbox.spawn(program(READY_AND_BUSY))
    await _ready(process)
    sandbox.throttle()
    while not sandbox.counters().throttled_ms:
        pass
    sandbox.freeze()
    _until_it_stands_still(sandbox)
    sandbox.thaw()
    if its_keeper == "is dead":
        assert paced.pid is not None
        os.kill(paced.pid, signal.SIGKILL)
    await sandbox.destroy()
    assert process.returncode == -signal.SIGKILL


async def test_more_memory_than_the_tier_is_killed_and_counted(
    factory: SandboxFactory, program: Program
) -> None:
    sandbox = factory.create("oom", 128)
    process = await sandbox.spawn(program("b = bytearray(200 << 20)\nwhile True: pass"))
    assert await process.wait() == -signal.SIGKILL
    assert sandbox.counters().oom_kills == 1
    assert sandbox.counters().peak_memory_mb == 128
    await sandbox.destroy()


async def test_the_peak_outlives_what_was_freed_and_the_process(
    factory: SandboxFactory, program: Program
) -> None:
    sandbox = factory.create("peak", 256)
    code = "b = bytearray(60 << 20); del b\n" + READY_AND_BUSY
    await _ready(await sandbox.spawn(program(code)))
    peak = sandbox.counters().peak_memory_mb
    assert peak is not None
    assert 60 < peak < 90
    await sandbox.destroy()
    assert sandbox.counters().peak_memory_mb == peak


async def test_processes_are_limited_per_environment(
    by_the_kernel: SandboxFactory, program: Program, output: Output
) -> None:
    sandbox = by_the_kernel.create("pids", 1769)
    code = """
import threading
stop = threading.Event()
try:
    for count in range(1, 2000):
        threading.Thread(target=stop.wait, daemon=True).start()
except RuntimeError:
    print(count, flush=True)
stop.set()
"""
    assert await output(await sandbox.spawn(program(code))) == "1024\n"
    await sandbox.destroy()


async def test_destroy_leaves_nothing_and_may_be_called_twice(
    tmp_path: Path, program: Program, cgroup_way: str
) -> None:
    before = _on_host()
    factory = detect(tmp_path, cgroup_way)
    sandbox = factory.create("gone", 128)
    code = "import os\nos.fork() or os.setsid()\nprint(os.getpid(), flush=True)\nwhile True: pass"
    process = await sandbox.spawn(program(code))
    family = [int(await _ready(process)), int(await _ready(process))]
    sandbox.throttle()
    sandbox.freeze()
    await sandbox.destroy()
    await sandbox.destroy()
    factory.close()
    assert process.returncode == -signal.SIGKILL
    assert [processes.start_ticks(pid) for pid in family] == [None, None]
    assert _on_host() == before


async def test_destroy_works_after_the_process_died(
    factory: SandboxFactory, program: Program
) -> None:
    sandbox = factory.create("dead", 128)
    await (await sandbox.spawn(program("raise SystemExit(3)"))).wait()
    await sandbox.destroy()


async def test_close_takes_what_was_not_destroyed(
    tmp_path: Path, program: Program, cgroup_way: str
) -> None:
    before = _on_host()
    factory = detect(tmp_path, cgroup_way)
    sandbox = factory.create("forgotten", 128)
    process = await sandbox.spawn(program(READY_AND_BUSY))
    await _ready(process)
    sandbox.freeze()
    factory.close()
    assert await process.wait() == -signal.SIGKILL
    assert _on_host() == before


async def test_the_function_dies_with_the_emulator(
    way: str, tmp_path: Path, program: Program
) -> None:
    emulator = await _emulator(way, tmp_path, program, "pass")
    function = int(await _ready(emulator))
    os.kill(emulator.pid, signal.SIGKILL)
    await emulator.wait()
    while processes.start_ticks(function) is not None:
        pass
    _remove_leftovers()


async def test_what_a_dead_emulator_left_is_removed_and_a_living_ones_kept(
    cgroup_way: str, tmp_path: Path, program: Program
) -> None:
    emulator = await _emulator(cgroup_way, tmp_path, program, "sandbox.freeze()")
    function = int(await _ready(emulator))
    groups = _groups_of(emulator.pid)
    assert groups
    _remove_leftovers()
    assert _groups_of(emulator.pid) == groups
    os.kill(emulator.pid, signal.SIGKILL)
    await emulator.wait()
    _remove_leftovers()
    assert _groups_of(emulator.pid) == set()
    while processes.start_ticks(function) is not None:
        pass


async def _emulator(
    way: str, state: Path, program: Program, then: str
) -> asyncio.subprocess.Process:
    """A process with a sandbox, which tells its function's process id and goes on."""
    spec = program("import os\nprint(os.getpid(), flush=True)\nwhile True: pass")
    code = f"""
import asyncio, pathlib
from lambdameter.emulator.sandbox import detect
from lambdameter.emulator.sandbox.base import ProcessSpec
async def main():
    sandbox = detect(pathlib.Path({str(state)!r}), {way!r}).create("x", 1769)
    process = await sandbox.spawn({spec!r})
    told = (await process.stdout.readline()).decode()
    {then}
    print(told, end="", flush=True)
    await process.wait()
asyncio.run(main())
"""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )


def _remove_leftovers() -> None:
    cgroup_tree.remove_leftovers(cgroup_tree.mount_points(cgroup_v1.WANTED), time.sleep)
