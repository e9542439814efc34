from __future__ import annotations

import asyncio
import sys

from lambdameter.emulator.execution.process import FunctionProcess


async def start(code: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def test_everything_that_was_written_is_passed_on_before_drain_returns() -> None:
    # More than a pipe and a stream reader hold, so that several turns are needed.
    code = "import os,sys; os.write(1, b'x' * 60000); os.write(2, b'end'); sys.stdin.read()"
    spawned = await start(code)
    received: list[bytes] = []
    process = FunctionProcess(spawned, received.append, lambda: None)
    while not b"".join(received).endswith(b"end"):
        await process.drain()
    assert len(b"".join(received)) == 60_003
    process.disown()
    spawned.kill()
    await process.ended()


async def test_an_exit_is_told_once_with_its_code() -> None:
    exits = asyncio.Event()
    process = FunctionProcess(await start("raise SystemExit(5)"), lambda _: None, exits.set)
    await asyncio.wait_for(exits.wait(), 10)
    assert process.returncode == 5
    await process.ended()


async def test_a_disowned_process_ends_in_silence() -> None:
    exits: list[int] = []
    spawned = await start("import sys; sys.stdin.read()")
    process = FunctionProcess(spawned, lambda _: None, lambda: exits.append(1))
    process.disown()
    spawned.kill()
    await process.ended()
    assert exits == []
    assert process.returncode == -9
