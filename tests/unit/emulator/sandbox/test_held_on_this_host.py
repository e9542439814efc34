"""What programs notice of being held for their quota, in whatever call they wait: nothing."""

from __future__ import annotations

import asyncio
import sysconfig
from collections.abc import Awaitable, Callable

import pytest

from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.paced import PacedFactory

Output = Callable[[asyncio.subprocess.Process], Awaitable[str]]
Program = Callable[..., ProcessSpec]

# Another thread uses up the quota, so that the one that waits is held in the middle of its wait.
WAITS_WHILE_HELD = """
import threading, time, traceback
over = threading.Event()
def burn():
    while not over.is_set(): pass
{prepare}
threading.Thread(target=burn, daemon=True).start()
began = time.monotonic()
try:
    while time.monotonic() < began + 1:
{wait}
    print("unnoticed", flush=True)
except BaseException:
    traceback.print_exc()
over.set()
"""
SOCKETS = "import socket; a, b = socket.socketpair()"
PIPE = "import os; r, w = os.pipe()"
LATER = "threading.Timer(0.03, lambda: {}).start()"
WAITS = {
    "time.sleep": ("", "time.sleep(0.03)"),
    "Event.wait": ("", "threading.Event().wait(0.03)"),
    "select": (f"import select; {SOCKETS}", "select.select([a], [], [], 0.03)"),
    "poll": (
        f"import select; {SOCKETS}; p = select.poll(); p.register(a)",
        "p.poll(30) and time.sleep(0.01)",
    ),
    "epoll": (
        f"import select; {SOCKETS}; e = select.epoll(); e.register(a, select.EPOLLIN)",
        "e.poll(0.03)",
    ),
    "read of a pipe": (PIPE, LATER.format("os.write(w, b'x')") + "; assert os.read(r, 1) == b'x'"),
    "recv": (SOCKETS, LATER.format("b.send(b'x')") + "; assert a.recv(1) == b'x'"),
    "recv with a time-out": (
        f"{SOCKETS}; a.settimeout(9)",
        LATER.format("b.send(b'x')") + "; assert a.recv(1) == b'x'",
    ),
    "accept": (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); at = s.getsockname()",
        LATER.format("socket.create_connection(at).close()") + "; s.accept()[0].close()",
    ),
    "asyncio": ("import asyncio", "asyncio.run(asyncio.sleep(0.03))"),
    "asyncio by libuv": (
        "import asyncio, uvloop",
        "asyncio.Runner(loop_factory=uvloop.new_event_loop).run(asyncio.sleep(0.03))",
    ),
    "child": ("import subprocess", "subprocess.run(['/opt/bin/sleep', '0.03'], check=True)"),
}


@pytest.mark.parametrize("name", WAITS)
async def test_a_wait_in_which_a_program_is_held_ends_as_if_it_had_not_been(
    paced: PacedFactory, program: Program, output: Output, name: str
) -> None:
    prepare, wait = WAITS[name]
    if "libuv" in name:
        pytest.importorskip("uvloop")
    spec = program(
        WAITS_WHILE_HELD.format(prepare=prepare, wait=" " * 8 + wait), PYTHONPATH="/opt/packages"
    )
    spec.mounts["/opt/packages"] = sysconfig.get_path("platlib")
    spec.mounts["/opt/bin"] = "/usr/bin"
    sandbox = paced.create("waits", 256, "interpreter", 0.0)
    sandbox.throttle()
    process = await sandbox.spawn(spec)
    assert await output(process) == "unnoticed\n"
    held_ms = sandbox.counters().throttled_ms
    assert held_ms is not None
    assert held_ms > 0
    await sandbox.destroy()
