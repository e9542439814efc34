"""A clock, a sandbox and a runtime that do what a test says, and nothing by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

import msgspec
import pytest

from lambdameter.emulator.execution.blueprint import Blueprint, EmulatorServices
from lambdameter.emulator.execution.process_environment import FunctionFacts
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.sandbox.base import Counters, ProcessSpec
from lambdameter.model.sample import Enforcement, ServiceTime

Script = Callable[[RuntimePeer, "FakeProcess"], "asyncio.Future[None]"]


class FakeTimer:
    def __init__(self, due_ms: float, callback: Callable[[], None]) -> None:
        self.due_ms = due_ms
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    def __init__(self) -> None:
        self.ms = 1_000.0
        self.timers: list[FakeTimer] = []
        self.waits: list[float] = []

    def now_ms(self) -> float:
        return self.ms

    def epoch_ms(self) -> float:
        return 1_700_000_000_000.0 + self.ms

    def call_later(self, delay_ms: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.ms + delay_ms, callback)
        self.timers.append(timer)
        return timer

    async def wait(self, ms: float) -> None:
        self.waits.append(ms)
        self.advance(ms)

    def advance(self, ms: float) -> None:
        self.ms += ms
        for timer in [one for one in self.timers if one.due_ms <= self.ms]:
            self.timers.remove(timer)
            if not timer.cancelled:
                timer.callback()


class FakeProcess:
    """An asyncio process without a process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.returncode: int | None = None
        self.stdout = asyncio.StreamReader()
        self._ended = asyncio.Event()

    def write(self, text: str) -> None:
        self.stdout.feed_data(text.encode())

    def exit(self, returncode: int) -> None:
        if self.returncode is None:
            self.returncode = returncode
            self.stdout.feed_eof()
            self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode


class FakeSandbox:
    """Records what is asked of it; its counters are what a test sets."""

    def __init__(self, host: FakeHost, name: str, memory_mb: int) -> None:
        self.host = host
        self.name = name
        self.memory_mb = memory_mb
        self.calls: list[str] = []
        self.spec: ProcessSpec | None = None
        self.process: FakeProcess | None = None
        self.used = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=10.0, oom_kills=0)

    async def spawn(self, spec: ProcessSpec) -> FakeProcess:
        self.calls.append("spawn")
        self.spec = spec
        if self.host.launch_ms is not None:
            self.host.clock.advance(self.host.launch_ms)
            assert spec.start_note is not None
            os.write(spec.start_note, b"%d\n" % (self.host.clock.ms * 1_000_000))
        self.process = FakeProcess()
        self.host.spawned(self)
        return self.process

    def throttle(self) -> None:
        self.calls.append("throttle")

    def unthrottle(self) -> None:
        self.calls.append("unthrottle")

    def charge(self, cpu_ms: float) -> None:
        self.calls.append(f"charge {cpu_ms}")

    def freeze(self) -> None:
        self.calls.append("freeze")

    def thaw(self) -> None:
        self.calls.append("thaw")

    def counters(self) -> Counters:
        return self.used

    async def destroy(self) -> None:
        self.calls.append("destroy")
        if self.process is not None:
            self.process.exit(-9)


class FakeAddress:
    def __init__(self, number: int) -> None:
        self.address = f"127.0.0.1:{number}"
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeHost:
    """What environments need of the emulator: every process runs the test's script."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sandboxes: list[FakeSandbox] = []
        self.peers: list[RuntimePeer] = []
        self.addresses: list[FakeAddress] = []
        self.served = ServiceTime(requests={}, modelled_ms=0.0)
        self.script: Callable[[FakeRuntime], object] | None = None
        self.tasks: list[asyncio.Task[object]] = []
        self.forgotten: list[str] = []
        # How long the launcher takes until it notes that the program starts; None: it never does.
        self.launch_ms: float | None = None

    enforcement = Enforcement(by="fake", cpu="", memory="", freeze="", isolation="")

    def enclose(self, name: str, blueprint: Blueprint) -> FakeSandbox:
        self.sandboxes.append(FakeSandbox(self, name, blueprint.facts.memory_mb))
        return self.sandboxes[-1]

    def close(self) -> None:
        pass

    async def listen(self, peer: RuntimePeer) -> FakeAddress:
        self.peers.append(peer)
        self.addresses.append(FakeAddress(len(self.addresses)))
        return self.addresses[-1]

    async def usage(self, _access_key_id: str) -> ServiceTime:
        return self.served

    def spawned(self, sandbox: FakeSandbox) -> None:
        runtime = FakeRuntime(self, self.peers[-1], sandbox)
        assert self.script is not None
        self.tasks.append(asyncio.ensure_future(self.script(runtime)))  # type: ignore[call-overload]

    async def forget(self, access_key_id: str) -> None:
        self.forgotten.append(access_key_id)

    def services(self) -> EmulatorServices:
        return EmulatorServices(
            enclose=self.enclose,  # type: ignore[arg-type]
            clock=self.clock,
            listen=self.listen,
            usage=self.usage,
            forget=self.forget,
            awake=contextlib.nullcontext(),
        )


class FakeRuntime:
    """What a script does as the function's process."""

    def __init__(self, host: FakeHost, peer: RuntimePeer, sandbox: FakeSandbox) -> None:
        self.host = host
        self.peer = peer
        self.sandbox = sandbox
        assert sandbox.process is not None
        self.process = sandbox.process

    def work(self, ms: float, cpu_ms: float = 0.0) -> None:
        used = self.sandbox.used
        self.sandbox.used = Counters(
            cpu_ms=(used.cpu_ms or 0.0) + cpu_ms,
            throttled_ms=used.throttled_ms,
            peak_memory_mb=used.peak_memory_mb,
            oom_kills=used.oom_kills,
        )
        self.host.clock.advance(ms)

    def take(self, peak_memory_mb: float) -> None:
        self.sandbox.used = msgspec.structs.replace(
            self.sandbox.used, peak_memory_mb=peak_memory_mb
        )

    def out_of_memory(self) -> None:
        self.sandbox.used = Counters(
            cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=128.0, oom_kills=1
        )
        self.process.exit(-9)


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def blueprint() -> Blueprint:
    return Blueprint(
        facts=FunctionFacts(
            name="f", memory_mb=128, handler="h.f", runtime="python3.12", variables={}
        ),
        arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        timeout_s=3,
        argv=("run",),
        mounts={"/var/task": "/code"},
        region="us-east-1",
    )
