"""A function's process, watched: what it writes, and its end."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import Callable

_CHUNK_BYTES = 65_536

# After so many turns of the event loop without output the pipe is empty. One turn may pass between
# the poll that finds data and the read that takes it, another until the data is passed on.
_QUIET_TURNS = 3

# A grandchild may hold the pipe open although everything was killed that could be.
_END_LIMIT_S = 5.0


def _drop(_data: bytes) -> None:
    pass


class FunctionProcess:
    """Passes output on as it comes, and reports the exit once.

    Args:
        process: started by a sandbox; its stdout and stderr are one pipe.
        output: called with every piece of output.
        exited: called when the process has ended by itself.
    """

    def __init__(
        self, process: Process, output: Callable[[bytes], None], exited: Callable[[], None]
    ) -> None:
        self._process = process
        self._output = output
        self._exited: Callable[[], None] | None = exited
        self._received = 0
        self._tasks = (asyncio.ensure_future(self._pump()), asyncio.ensure_future(self._watch()))

    @property
    def returncode(self) -> int | None:
        """Negative: killed by that signal. None: still running."""
        return self._process.returncode

    async def drain(self) -> None:
        """Wait until everything that was written so far has been passed on."""
        quiet = 0
        while quiet < _QUIET_TURNS:
            before = self._received
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._received == before else 0

    def disown(self) -> None:
        """Ignore the process's end and output from now on."""
        self._exited = None
        self._output = _drop

    async def ended(self) -> None:
        """Wait until a process that is being killed has ended, and its output too."""
        _, pending = await asyncio.wait(self._tasks, timeout=_END_LIMIT_S)
        for task in pending:
            task.cancel()

    async def _pump(self) -> None:
        stdout = self._process.stdout
        while stdout is not None and (data := await stdout.read(_CHUNK_BYTES)):
            self._received += len(data)
            self._output(data)

    async def _watch(self) -> None:
        await self._process.wait()
        if self._exited is not None:
            self._exited()
