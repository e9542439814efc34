"""`lambdameter doctor`: what is installed, what this host enforces, and what is missing."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
import platformdirs
import psutil
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lambdameter import binaries, units
from lambdameter.emulator import sandbox
from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.execution.interpreters import Interpreter, find_interpreter
from lambdameter.emulator.sandbox.base import SandboxFactory
from lambdameter.emulator.sandbox.paced import PacedFactory
from lambdameter.emulator.speed import store
from lambdameter.emulator.speed.keep_awake import KeepAwake
from lambdameter.errors import BadInputError, HostError
from lambdameter.measure import cpu_speed as speed
from lambdameter.model.base import Architecture
from lambdameter.report import terminal

# Cargo's output for the local services and the built-in variants takes about 1.5 GB.
_CACHE_BYTES = 3_000_000_000
_RUST = (1, 95)
_BINARIES = ("lambdameter-services", "lambdameter-launch", "lambdameter-slow-core")
_MARKS = {"ok": "ok", "limited": "limited", "missing": "MISSING"}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        state: "limited": lambdameter works without it, and every report says so.
        detail: what was found, or why it is missing; `found` in JSON.
        next_step: what to type if the state is not "ok".
    """

    name: str
    state: Literal["ok", "limited", "missing"]
    detail: str = msgspec.field(name="found")
    next_step: str = ""


def doctor(
    *,
    require_enforcement: Annotated[
        bool,
        typer.Option(help="Also exit with code 3 if this host does not enforce Lambda's limits."),
    ] = False,
    calibrate: Annotated[
        bool,
        typer.Option(
            help="First measure this host's speed against a Lambda vCPU; takes a minute "
            "on an idle host."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Output as JSON.")] = False,
) -> None:
    """Check what is installed and enforced on this host, and print how to get what is missing.

    Exit code 0: everything that is needed is there; 3: something is missing.
    """
    if calibrate:
        speed.calibrate(Console(stderr=True, highlight=False))
    checks = examine()
    if json:
        sys.stdout.write(msgspec.json.encode(checks).decode() + "\n")
    else:
        _show(checks, terminal.console(sys.stdout))
    failing = {"missing", "limited"} if require_enforcement else {"missing"}
    if any(check.state in failing for check in checks):
        raise typer.Exit(HostError.exit_code)


def examine() -> tuple[Check, ...]:
    """Run every check; nothing is changed on this host."""
    return (
        Check(name="Python", state="ok", detail=f"{sys.version.split()[0]} at {sys.prefix}"),
        rust(_output("cargo", "--version")),
        _tool("C compiler", "cc", "apt-get install gcc libc6-dev"),
        *(_binary(name) for name in _BINARIES),
        *_runtimes(store.file, store.cpu_model()),
        *enforcement(),
        *calibrations(store.file, store.cpu_model()),
        disk(_cache(), shutil.disk_usage),
        machine(os.sched_getaffinity(0), psutil.virtual_memory().total),
    )


def rust(version: str | None) -> Check:
    """The Rust toolchain; `version` is the output of `cargo --version`."""
    next_step = "Install it with rustup (https://rustup.rs), or `rustup update`."
    if version is None:
        return Check(
            name="Rust", state="missing", detail="cargo was not found on PATH", next_step=next_step
        )
    numbers = tuple(int(part) for part in version.split()[1].split("-")[0].split(".")[:2])
    if numbers < _RUST:
        needed = ".".join(map(str, _RUST))
        return Check(
            name="Rust",
            state="missing",
            detail=f"{version}; {needed} or newer is needed",
            next_step=next_step,
        )
    return Check(name="Rust", state="ok", detail=version)


def enforcement(
    detect: Callable[[Path], SandboxFactory] = sandbox.detect,
) -> Iterator[Check]:
    """The limits that a sandbox on this host enforces."""
    with tempfile.TemporaryDirectory() as state:
        try:
            factory = detect(Path(state))
        except HostError as refusal:
            yield Check(
                name="limits", state="missing", detail=refusal.cause, next_step=refusal.next_step
            )
            return
        paced = PacedFactory.start(factory, None)
        enforced = KeepAwake(SystemClock()).describe(paced.enforcement())
        paced.close()
        factory.close()
    yield Check(
        name="limits",
        state="limited" if enforced.missing else "ok",
        detail=f"by {enforced.by}",
        next_step=enforced.missing,
    )
    for name, how in (
        ("CPU", enforced.cpu),
        ("memory", enforced.memory),
        ("freeze", enforced.freeze),
        ("isolation", enforced.isolation),
    ):
        yield Check(name=f"  {name}", state="ok" if how else "limited", detail=how or "none")


def calibrations(file: Callable[[Architecture], Path], cpu: str) -> Iterator[Check]:
    """The calibrations of this host."""
    for architecture in get_args(Architecture):
        name = f"speed, {architecture}"
        try:
            calibration = store.load(file(architecture), cpu)
        except BadInputError as refusal:
            yield Check(name=name, state="limited", detail=refusal.cause, next_step=store.MAKE)
            continue
        if calibration is None:
            yield Check(name=name, state="limited", detail="not calibrated", next_step=store.MAKE)
        else:
            yield Check(name=name, state="ok", detail=calibration.line)


def disk(folder: Path, usage: Callable[[Path], shutil._ntuple_diskusage]) -> Check:
    """Whether the cache has room for a build."""
    free = usage(folder).free
    detail = f"{units.gigabytes(free)} free at {folder}"
    if free < _CACHE_BYTES:
        return Check(
            name="disk",
            state="missing",
            detail=detail,
            next_step=f"Free {units.gigabytes(_CACHE_BYTES)} there, or set "
            "XDG_CACHE_HOME to a folder on another disk.",
        )
    return Check(name="disk", state="ok", detail=detail)


def machine(cores: set[int], memory_bytes: int) -> Check:
    """Cores and memory: function, emulator and local services run at the same time."""
    detail = f"{len(cores)} cores, {units.gigabytes(memory_bytes)} of memory"
    if len(cores) == 1:
        return Check(
            name="machine",
            state="limited",
            detail=detail,
            next_step="Use a machine with two cores: on one core, the local services "
            "slow the function down.",
        )
    return Check(name="machine", state="ok", detail=detail)


def _tool(name: str, program: str, install: str) -> Check:
    path = shutil.which(program)
    if path is None:
        return Check(
            name=name,
            state="missing",
            detail=f"{program} was not found on PATH",
            next_step=f"{install}.",
        )
    return Check(name=name, state="ok", detail=path)


def _binary(name: str) -> Check:
    try:
        return Check(name=name, state="ok", detail=str(binaries.find(name)))
    except HostError as missing:
        return Check(name=name, state="missing", detail=missing.cause, next_step=missing.next_step)


def _runtimes(file: Callable[[Architecture], Path], cpu: str) -> Iterator[Check]:
    try:
        calibration = store.load(file("arm64"), cpu)
    except BadInputError:
        calibration = None
    speeds = calibration.interpreters if calibration else {}
    for runtime in MANAGED_RUNTIMES:
        try:
            python = asyncio.run(find_interpreter(runtime))
        except HostError as missing:
            yield Check(
                name=runtime, state="missing", detail=missing.cause, next_step=missing.next_step
            )
        else:
            speed = speeds.get(python.name)
            yield interpreter(runtime, python, plain=speed is not None and speed.build == "plain")


def interpreter(runtime: str, python: Interpreter, *, plain: bool) -> Check:
    """The interpreter of a runtime; `plain`: built without profile-guided optimisation."""
    where = f"CPython {python.version} at {python.prefix}"
    if python.name != runtime:
        return Check(
            name=runtime,
            state="limited",
            detail=f"{where}, the nearest version on this host",
            next_step=f"Install {runtime}, for instance by `uv python install {_number(runtime)}`.",
        )
    if plain:
        return Check(
            name=runtime,
            state="limited",
            detail=f"{where}, built without profile-guided optimisation: Python code "
            "is slower than on Lambda, compared with native libraries",
            next_step="Install an optimised build, like AWS's own: `uv python install "
            f"{_number(runtime)}`, then type `lambdameter doctor --calibrate`.",
        )
    return Check(name=runtime, state="ok", detail=where)


def _number(runtime: str) -> str:
    return runtime.removeprefix("python")


def _cache() -> Path:
    """The cache folder, or the nearest folder above it that exists."""
    folder = platformdirs.user_cache_path("lambdameter")
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _show(checks: tuple[Check, ...], console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for check in checks:
        state = Text(_MARKS[check.state], style="" if check.state == "ok" else "bold")
        text = Text(check.detail)
        if check.next_step:
            text.append(f"\nnext: {check.next_step}", style="italic")
        table.add_row(state, Text(check.name), text)
    console.print(table)
