"""Lambda's managed Python runtimes, out of an interpreter of this host and pinned packages.

The packages live in a runtime folder per Python version in the user's cache, made once; they
never come from lambdameter's own environment.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
from uv import find_uv_bin

from lambdameter.emulator.process_environment import LANG_DIR, RUNTIME_DIR, TASK_ROOT
from lambdameter.emulator.settings import MANAGED_RUNTIMES
from lambdameter.errors import HostError

_PROBE = (
    "import json, sys; print(json.dumps({'prefix': sys.base_prefix, "
    "'version': '.'.join(map(str, sys.version_info[:3])), "
    "'name': 'python%d.%d' % sys.version_info[:2]}))"
)

# pyenv's and uv's own places; a Debian or a built Python is found on PATH.
_PLACES = (".pyenv/versions/*/bin/{name}", ".local/share/uv/python/*/bin/{name}")


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A Python of this host: its installation, not a virtual environment on top of it."""

    prefix: str
    version: str
    name: str


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """How a function's process is started.

    Attributes:
        label: what really runs, for the manifest.
        error: why nothing can be started; None where it can.
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
        cache: runtime folders are made below it.
        pins: the folder with one requirements file per runtime.
    """

    def __init__(self, cache: Path, pins: Path) -> None:
        self._cache = cache
        self._pins = pins
        self._ready: dict[str, tuple[Interpreter, Path]] = {}
        self._lock = asyncio.Lock()

    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        """As Runtimes has it."""
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
        label=f"the package's own bootstrap on this host's libraries ({libc})",
        error=error,
    )


async def find_interpreter(runtime: str) -> Interpreter:
    """The Python that a runtime asks for, or the nearest one that this host has.

    Raises:
        HostError: there is none at all.
    """
    for name in nearest_first(runtime, MANAGED_RUNTIMES):
        for program in candidates(name):
            found = await _probe(program)
            if found is not None and found.name == name:
                return found
    raise HostError(
        f"No Python for the runtime {runtime} was found",
        place=", ".join(["PATH", *(f"~/{place.format(name=runtime)}" for place in _PLACES)]),
        next_step=f"Install one of {', '.join(MANAGED_RUNTIMES)}, for instance with pyenv.",
    )


def nearest_first(runtime: str, known: Sequence[str]) -> list[str]:
    """The runtime itself, then its neighbours; the newer one first at the same distance."""
    at = known.index(runtime)
    return sorted(known, key=lambda name: (abs(known.index(name) - at), -known.index(name)))


def candidates(name: str) -> Iterable[str]:
    """Programs that may be the interpreter `name`."""
    on_path = shutil.which(name)
    if on_path is not None:
        yield on_path
    for place in _PLACES:
        # The newest patch release last, so reversed.
        found = sorted(Path.home().glob(place.format(name=name)), reverse=True)
        yield from map(str, found)


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
    nearest = "" if interpreter.name == runtime else f" (the nearest to {runtime} on this host)"
    return f"CPython {interpreter.version}{nearest}, {packages}"


async def finished(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """What it said on stdout and stderr; where we are cancelled it does not go on without us."""
    try:
        stdout, stderr = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        raise
    return stdout or b"", stderr or b""


async def _probe(program: str) -> Interpreter | None:
    process = await asyncio.create_subprocess_exec(
        program,
        "-I",
        "-c",
        _PROBE,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await finished(process)
    # pyenv's shims fail for versions that are installed but not chosen.
    return msgspec.json.decode(output, type=Interpreter) if process.returncode == 0 else None


async def _install(interpreter: Interpreter, pins: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}-making-"))
    try:
        process = await asyncio.create_subprocess_exec(
            find_uv_bin(),
            *("pip", "install", "--quiet", "--no-config", "--compile-bytecode", "--no-deps"),
            *("--target", str(partial)),
            *("--python", f"{interpreter.prefix}/bin/{interpreter.name}"),
            *("-r", str(pins)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await finished(process)
        if process.returncode != 0:
            raise HostError(
                f"The packages of {interpreter.name} could not be installed: "
                f"{complaint.decode(errors='replace').strip()}",
                place=str(pins),
                next_step="Check the connection to PyPI; set UV_INDEX_URL behind a proxy.",
            )
        _publish(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, folder: Path) -> None:
    partial.chmod(0o755)
    try:
        partial.rename(folder)
    except OSError:
        # Another emulator made the same folder meanwhile.
        if not folder.is_dir():
            raise
