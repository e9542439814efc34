from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lambdameter.emulator.sandbox import processes
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.none import NoSandbox

Output = Callable[[asyncio.subprocess.Process], Awaitable[str]]
Program = Callable[..., ProcessSpec]
BUSY = "print('ready', flush=True)\nwhile True: pass"
FAMILY = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(1000)
    os._exit(0)
time.sleep(1000)
"""
pytestmark = pytest.mark.usefixtures("require_launcher")


@pytest.fixture
async def sandbox() -> AsyncIterator[NoSandbox]:
    made = NoSandbox()
    yield made
    await made.destroy()


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def test_the_function_finds_its_code(
    sandbox: NoSandbox, program: Program, output: Output
) -> None:
    process = await sandbox.spawn(program("print(open('code.txt').read())"))
    assert await output(process) == "the code\n"


async def test_a_stopped_environment_uses_no_cpu(sandbox: NoSandbox, program: Program) -> None:
    process = await sandbox.spawn(program(BUSY))
    await _line(process)
    sandbox.freeze()
    before = sandbox.counters()
    assert not processes.is_running(process.pid)
    assert {sandbox.counters() for _ in range(50)} == {before}
    sandbox.thaw()
    while sandbox.counters().cpu_ms == before.cpu_ms:
        pass


async def test_the_peak_outlives_the_process(sandbox: NoSandbox, program: Program) -> None:
    code = "b = bytearray(60 << 20); del b\nprint('ready', flush=True)\nwhile True: pass"
    process = await sandbox.spawn(program(code))
    await _line(process)
    peak = sandbox.counters().peak_memory_mb
    assert peak is not None
    assert 60 < peak < 90
    await sandbox.destroy()
    assert sandbox.counters().peak_memory_mb == peak


async def test_what_it_cannot_tell_is_none(sandbox: NoSandbox) -> None:
    assert sandbox.counters().throttled_ms is None
    assert sandbox.counters().oom_kills is None


async def test_destroy_kills_orphans_and_may_be_called_twice(
    sandbox: NoSandbox, program: Program
) -> None:
    process = await sandbox.spawn(program(FAMILY))
    orphan = int(await _line(process))
    sandbox.freeze()
    await sandbox.destroy()
    await sandbox.destroy()
    assert process.returncode == -signal.SIGKILL
    assert processes.start_ticks(orphan) is None


async def test_the_function_dies_with_the_emulator(program: Program) -> None:
    spec = program("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(1000)")
    emulator_code = f"""
import asyncio
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.none import NoSandbox
async def main():
    process = await NoSandbox().spawn({spec!r})
    print((await process.stdout.readline()).decode(), end="", flush=True)
    await process.wait()
asyncio.run(main())
"""
    emulator = await asyncio.create_subprocess_exec(
        sys.executable, "-c", emulator_code, stdout=asyncio.subprocess.PIPE
    )
    function = int(await _line(emulator))
    os.kill(emulator.pid, signal.SIGKILL)
    await emulator.wait()
    while processes.start_ticks(function) is not None:
        pass
