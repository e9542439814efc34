"""What the emulator costs on top of a function: a warm no-op, as its client sees it.

    .venv/bin/python benchmarks/emulator.py

Two functions that give their event back (Rust with `lambda_runtime`, Python with `awslambdaric`,
the clients that AWS publishes) are called over one raw keep-alive connection, in turns:

* floor     `emulator/relay.py bare`: a socket server with an HTTP parser that hands the POST to
            the function over the Runtime API. No freeze, no metering, no cgroup, no log
* stack     the same relay on the emulator's HTTP stack and Runtime API
* emulator  all of it, data plane included, LogType=Tail, at 1,769 MB: a whole vCPU, so that the
            tier's share, which is Lambda's rule and not our cost, takes no part

and the emulator once more with a stopwatch on its parts (`emulator/timed.py`). The figure to
look at is the ratio of medians, which is to stay below TARGET.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import platform
import random
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import numpy as np
import platformdirs
from rich.console import Console
from rich.table import Table

from lambdameter import binaries
from lambdameter.emulator.control.code_store import CodeStore
from lambdameter.emulator.execution.managed_runtimes import HostRuntimes
from lambdameter.emulator.execution.placement import new_identity
from lambdameter.emulator.execution.process_environment import FunctionFacts, process_environment
from lambdameter.emulator.options import Options
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.launch import on_host
from lambdameter.emulator.server import PINS
from lambdameter.measure.local_lambda import local_lambda

HERE = Path(__file__).parent / "emulator"
TARGET = 3.0
MEMORY_MB = 1_769
ROUNDS, CALLS, WARM_UP = 30, 100, 200
ANSWER_S = 10
BESIDE = "usage query to the data plane"
EVENT = b'"event"'
HANDLER = "def handler(event, context):\n    return event\n"
INVOKE = "/2015-03-31/functions/noop/invocations"


class Connection:
    """A client that does nothing but one POST after another."""

    def __init__(self, address: str, path: str) -> None:
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"POST {path} HTTP/1.1\r\nHost: {address}\r\nX-Amz-Log-Type: Tail\r\n"
        self._request = f"{head}Content-Length: {len(EVENT)}\r\n\r\n".encode() + EVENT

    def call(self) -> float:
        """One call, ms."""
        began = time.perf_counter_ns()
        self._socket.sendall(self._request)
        answer = b""
        while not answer.endswith(b"\r\n\r\n" + EVENT):
            part = self._socket.recv(65_536)
            if not part or not answer + part < b"HTTP/1.1 3":
                sys.exit(f"no answer: {(answer + part).decode()}")
            answer += part
        return (time.perf_counter_ns() - began) / 1e6

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class Function(msgspec.Struct, frozen=True):
    """A no-op: how Lambda is told of it, and its zip."""

    runtime: str
    package: bytes


def functions() -> dict[str, Function]:
    """By language."""
    bootstrap = binaries.find("noop").read_bytes()
    return {
        "rust": Function("provided.al2023", zipped("bootstrap", bootstrap)),
        "python": Function("python3.13", zipped("handler.py", HANDLER)),
    }


def zipped(name: str, content: bytes | str) -> bytes:
    """A package of one executable file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, content)
    return buffer.getvalue()


@contextlib.contextmanager
def relay(kind: str, function: Function, scratch: Path) -> Iterator[Connection]:
    """The function behind a bare relay, as a plain process."""
    command = [sys.executable, str(HERE / "relay.py"), kind]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as server:
        addresses = json.loads(server.stdout.readline() if server.stdout else "")
        spec = on_host(process_spec(function, addresses["runtime"], scratch))
        with subprocess.Popen(spec.argv, env=spec.environment, cwd=spec.directory) as process:
            try:
                yield Connection(addresses["front"], INVOKE)
            finally:
                process.kill()


def process_spec(function: Function, runtime_api: str, scratch: Path) -> ProcessSpec:
    """As the emulator starts it, but without a sandbox."""
    code = CodeStore(scratch).store(function.package)
    runtimes = HostRuntimes(platformdirs.user_cache_path("lambdameter") / "runtimes", PINS)
    launch = asyncio.run(runtimes.launch(function.runtime, "handler.handler", code.folder))
    facts = FunctionFacts(
        name="noop",
        memory_mb=MEMORY_MB,
        handler="handler.handler",
        runtime=function.runtime,
        variables={},
    )
    environment = process_environment(
        facts, new_identity(0.0), region="us-east-1", runtime_api=runtime_api, endpoints=None
    )
    return ProcessSpec(argv=launch.argv, environment=environment, mounts=launch.mounts)


def deployed(endpoint: str, function: Function) -> Connection:
    """The function on an emulator."""
    client = boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - it lets everyone in
    )
    client.create_function(
        FunctionName="noop",
        Runtime=function.runtime,
        Handler="handler.handler",
        Role="arn:aws:iam::000000000000:role/r",
        MemorySize=MEMORY_MB,
        Code={"ZipFile": function.package},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="noop")
    return Connection(endpoint.removeprefix("http://"), INVOKE)


def in_turns(connections: dict[str, Connection]) -> dict[str, list[float]]:
    """Rounds of calls, the order shuffled in each, ms."""
    samples: dict[str, list[float]] = {name: [] for name in connections}
    shuffle = random.Random(1)  # noqa: S311 - an order, no secret
    for connection in connections.values():
        for _ in range(WARM_UP):
            connection.call()
    for _ in range(ROUNDS):
        for name in shuffle.sample(sorted(connections), len(connections)):
            samples[name] += [connections[name].call() for _ in range(CALLS)]
    return samples


def parts(function: Function) -> dict[str, float]:
    """Part of the emulator -> median ms an invocation, by stopwatches in the emulator."""
    command = [sys.executable, str(HERE / "timed.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        ready = json.loads(server.stdout.readline() if server.stdout else "")
        connection = deployed(ready["endpoint"], function)
        for _ in range(ROUNDS * CALLS // 3):
            connection.call()
        told = json.loads(server.communicate()[1].splitlines()[-1])
    return {
        part: sum(float(np.median(samples)) for samples in calls.values() if samples)
        for part, calls in told.items()
    }


def measure(function: Function) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Samples of each way, and where the emulator's time goes."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        with (
            relay("bare", function, Path(scratch)) as bare,
            relay("stack", function, Path(scratch)) as stack,
            local_lambda(Options(overheads=False)) as endpoints,
        ):
            emulator = deployed(endpoints.functions, function)
            samples = in_turns({"floor": bare, "stack": stack, "emulator": emulator})
    return samples, parts(function)


def p90(samples: list[float]) -> float:
    """The 90th percentile."""
    return float(np.quantile(samples, 0.9))


def report(console: Console, language: str, function: Function) -> bool:
    """Measure one function and print it; whether it is within TARGET."""
    samples, spent = measure(function)
    medians = {name: float(np.median(taken)) for name, taken in samples.items()}
    table = Table("", "median ms", "p90 ms", "to the floor", title=f"{language}, warm no-op")
    for name, taken in samples.items():
        ratio = f"{medians[name] / medians['floor']:.2f}x"
        table.add_row(name, f"{medians[name]:.3f}", f"{p90(taken):.3f}", ratio)
    console.print(table)
    difference = medians["emulator"] - medians["floor"]
    spent = {"HTTP framework": medians["stack"] - medians["floor"]} | spent
    beside = spent.pop(BESIDE)
    spent["everything else"] = difference - sum(spent.values())
    where = Table("where the difference goes", "ms", "share")
    for part, ms in spent.items():
        where.add_row(part, f"{ms:.3f}", f"{ms / difference:.0%}")
    where.add_row("difference", f"{difference:.3f}", "100%")
    where.add_row(f"({BESIDE}, beside all that)", f"{beside:.3f}", "")
    console.print(where)
    return medians["emulator"] / medians["floor"] <= TARGET


def main() -> int:
    """Measure and print; 1 where a ratio is above TARGET."""
    console = Console(width=100, highlight=False)
    console.print("Generated by benchmarks/emulator.py: all of it in one run, on this machine:")
    console.print(
        f"{os.cpu_count()} CPUs, Linux {platform.release()}, CPython {platform.python_version()}; "
        f"{ROUNDS} rounds of {CALLS} calls in turns; load before: {os.getloadavg()[0]:.1f}"
    )
    within = [report(console, language, one) for language, one in functions().items()]
    console.print(f"target: at most {TARGET:g}x the floor: {'met' if all(within) else 'NOT met'}")
    return 0 if all(within) else 1


if __name__ == "__main__":
    sys.exit(main())
