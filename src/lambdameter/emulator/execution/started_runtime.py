"""A runtime that was started: its process in a sandbox, and the Runtime API that it calls."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from lambdameter.emulator.execution.blueprint import Address, Blueprint, EmulatorServices
from lambdameter.emulator.execution.process import FunctionProcess
from lambdameter.emulator.execution.runtime_api.peer import Delivery, RuntimePeer
from lambdameter.emulator.execution.start_note import StartNote
from lambdameter.emulator.sandbox.base import NOTHING_USED, Counters, ProcessSpec, Sandbox


class StartedRuntime:
    """From a start until a kill; make it with `StartedRuntime.open`, then `spawn` its process.

    Attributes:
        counters: as they were last read.
        api: the Runtime API.
        note: where the launcher writes when the process begins.
    """

    def __init__(self, api: Address, sandbox: Sandbox, note: StartNote) -> None:
        self.sandbox = sandbox
        self.counters = NOTHING_USED
        self.api = api
        self.note = note
        self._process: FunctionProcess | None = None
        self._next: asyncio.Future[Delivery | None] | None = None

    @classmethod
    async def open(
        cls, peer: RuntimePeer, emulator: EmulatorServices, name: str, blueprint: Blueprint
    ) -> StartedRuntime:
        """Make what the process needs: its Runtime API and its sandbox.

        Args:
            peer: the environment that answers the Runtime API.
            emulator: what opens and makes them.
            name: the environment's.
            blueprint: what the environment is made from.

        Raises:
            LambdameterError: this host does not grant one of them.
        """
        with contextlib.ExitStack() as undo:
            note = StartNote()
            undo.callback(note.close)
            api = await emulator.listen(peer)
            undo.callback(api.close)
            sandbox = emulator.enclose(name, blueprint)
            undo.pop_all()
        return cls(api, sandbox, note)

    async def spawn(
        self, spec: ProcessSpec, output: Callable[[bytes], None], exited: Callable[[], None]
    ) -> None:
        """Start the process; `output` and `exited` as in FunctionProcess."""
        process = await self.sandbox.spawn(spec)
        self.note.handed_over()
        self._process = FunctionProcess(process, output, exited)

    @property
    def returncode(self) -> int | None:
        """The process's, negative where a signal killed it; None: it has not ended."""
        return self._process.returncode if self._process else None

    def began_ms(self, not_before_ms: float) -> float:
        """When the process began, on the monotonic clock; that moment where it began earlier."""
        return max(not_before_ms, self.note.at_ms() or not_before_ms)

    def read_counters(self) -> Counters:
        """Read the sandbox's counters."""
        self.counters = self.sandbox.counters()
        return self.counters

    def wait_for_event(self) -> asyncio.Future[Delivery | None]:
        """The runtime asks for its next event; a question of it that still waits gets None."""
        self.deliver(None)
        self._next = asyncio.get_running_loop().create_future()
        return self._next

    def deliver(self, delivery: Delivery | None) -> None:
        """Answer the runtime that waits for an event; None: the environment goes away."""
        if self._next is not None and not self._next.done():
            self._next.set_result(delivery)
        self._next = None

    async def drain(self) -> None:
        """Wait until everything that the process wrote so far has been passed on."""
        if self._process is not None:
            await self._process.drain()

    async def kill(self) -> None:
        """End the process and close its API. To be called again where it was cancelled."""
        self.deliver(None)
        if self._process is not None:
            self._process.disown()
        await self.sandbox.destroy()
        if self._process is not None:
            await self._process.ended()
        self.api.close()
        self.note.close()
