"""Lambda's managed Python runtimes, made of an interpreter of this host and pinned packages.

The packages are in a runtime folder for each Python version, made once in the user's cache. They
never come from lambdameter's own virtual environment.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
from pathlib import Path
from typing import Protocol

import msgspec
from uv import find_uv_bin

from lambdameter.emulator import atomic
from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.execution.interpreters import Interpreter, communicate, find_interpreter
from lambdameter.emulator.execution.process_environment import LANG_DIR, RUNTIME_DIR, TASK_ROOT
from lambdameter.errors import HostError


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a function's process is started.

    Attributes:
        label: what really runs, for the manifest.
        error: why nothing can be started; None: it can be started.
    """

    argv: tuple[str, ...]
    mounts: dict[str, str]
    label: str
    error: str | None = None


class Runtimes(Protocol):
    """Turns a runtime's name into something to start."""

    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        """Prepare the runtime and say how to start a function on it.

        Raises:
            HostError: this host has nothing to run it on.
        """
        ...


class HostRuntimes:
    """The runtimes that this host can run.

    Args:
        cache: the folder below which runtime folders are made.
        pins: the folder with one requirements file for each runtime.
    """

    def __init__(self, cache: Path, pins: Path) -> None:
        self._cache = cache
        self._pins = pins
        self._ready: dict[str, tuple[Interpreter, Path]] = {}
        self._lock = asyncio.Lock()

    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        """See `Runtimes.launch`."""
        if runtime not in MANAGED_RUNTIMES:
            return os_only(Path(code))
        async with self._lock:
            if runtime not in self._ready:
                self._ready[runtime] = await self._prepare(runtime)
        interpreter, folder = self._ready[runtime]
        return Launch(
            argv=(f"{LANG_DIR}/bin/{interpreter.name}", "-m", "awslambdaric", handler),
            mounts={TASK_ROOT: code, LANG_DIR: interpreter.prefix, RUNTIME_DIR: str(folder)},
            label=label(runtime, interpreter, folder),
        )

    async def _prepare(self, runtime: str) -> tuple[Interpreter, Path]:
        interpreter = await find_interpreter(runtime)
        pins = self._pins / f"{interpreter.name}.txt"
        digest = hashlib.sha256(pins.read_bytes() + interpreter.version.encode()).hexdigest()
        folder = self._cache / f"{interpreter.name}-{digest[:16]}"
        if not folder.is_dir():
            await _install(interpreter, pins, folder)
        return interpreter, folder


def os_only(code: Path) -> Launch:
    """A runtime that runs the package's own `bootstrap`.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    """
    bootstrap = code / "bootstrap"
    error = None
    if not bootstrap.is_file():
        error = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    elif not os.access(bootstrap, os.X_OK) or not bootstrap.stat().st_mode & 0o001:
        error = "fork/exec /var/task/bootstrap: permission denied"
    libc = " ".join(platform.libc_ver())
    return Launch(
        argv=(f"{TASK_ROOT}/bootstrap",),
        mounts={TASK_ROOT: str(code)},
        label=f"the package's own bootstrap, with this host's libraries ({libc})",
        error=error,
    )


def label(runtime: str, interpreter: Interpreter, folder: Path) -> str:
    """What really runs: the interpreter and the versions of its packages."""
    versions = {
        path.name.rsplit("-", 1)[0].split("-")[0]: path.name.removesuffix(".dist-info")
        for path in folder.glob("*.dist-info")
    }
    packages = ", ".join(
        versions[name].replace("-", " ")
        for name in ("awslambdaric", "boto3", "botocore")
        if name in versions
    )
    nearest = (
        "" if interpreter.name == runtime else f" (the nearest version to {runtime} on this host)"
    )
    return f"CPython {interpreter.version}{nearest}, {packages}"


async def _install(interpreter: Interpreter, pins: Path, folder: Path) -> None:
    with atomic.folder(folder) as partial:
        process = await asyncio.create_subprocess_exec(
            find_uv_bin(),
            *("pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--no-deps"),
            *("--target", str(partial)),
            *("--python", interpreter.program),
            *("-r", str(pins)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await communicate(process)
        if process.returncode != 0:
            raise HostError(
                f"The packages of {interpreter.name} could not be installed: "
                f"{complaint.decode(errors='replace').strip()}",
                place=str(pins),
                next_step="Check the connection to PyPI; behind a proxy, set UV_INDEX_URL.",
            )
