"""The Python interpreters of this host: which one serves a runtime, and how it was built.

One version built with and without profile-guided optimisation differs by 1.6 times in what handlers
do, and nothing in `sysconfig` tells which it is, so those that are there are timed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import platformdirs

from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.speed import kernels
from lambdameter.errors import HostError

_PROBE = (
    "import json, sys; print(json.dumps({'prefix': sys.base_prefix, "
    "'version': '.'.join(map(str, sys.version_info[:3])), "
    "'name': 'python%d.%d' % sys.version_info[:2]}))"
)
# pyenv's and uv's own places; a Debian's or a built Python is found on PATH.
_PLACES = (".pyenv/versions/*/bin/{name}", ".local/share/uv/python/*/bin/{name}")
# Where scripts/interpreter puts one.
_OURS = "interpreters/*/bin/{name}"
# An interpreter is preferred to one that comes before it in the search where it is faster by more.
_FASTER = 1.15
_TIMED, _RUNS = 20, 5


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A Python of this host: its installation, not a virtual environment on top of it."""

    prefix: str
    version: str
    name: str

    @property
    def program(self) -> str:
        """Its path on the host."""
        return f"{self.prefix}/bin/{self.name}"


async def find_interpreter(runtime: str) -> Interpreter:
    """The Python that a runtime asks for, or the nearest one that this host has.

    Of several of one version it is the first on PATH, or one that is clearly faster.

    Raises:
        HostError: there is none at all.
    """
    for name in nearest_first(runtime, MANAGED_RUNTIMES):
        # At once: each takes the start of a Python, and pyenv's shims take several.
        probed = await asyncio.gather(*map(_probe, candidates(name)))
        # A shim and what it leads to are one; the first of them stays where it is.
        present = dict.fromkeys(one for one in probed if one is not None and one.name == name)
        if present:
            return await fastest(list(present), Timings(timings_file()))
    raise HostError(
        f"No Python interpreter for the runtime {runtime} was found",
        place=", ".join(["PATH", *(f"~/{place.format(name=runtime)}" for place in _PLACES)]),
        next_step=f"Install one of {', '.join(MANAGED_RUNTIMES)}, for instance with uv or pyenv.",
    )


def nearest_first(runtime: str, known: Sequence[str]) -> list[str]:
    """The runtime itself, then its neighbours; the newer one first at the same distance."""
    at = known.index(runtime)
    return sorted(known, key=lambda name: (abs(known.index(name) - at), -known.index(name)))


def candidates(name: str) -> Iterable[str]:
    """Programs that may be the interpreter `name`."""
    for folder in os.get_exec_path():
        on_path = shutil.which(name, path=folder)
        if on_path is not None:
            yield on_path
    for place in _PLACES:
        # The newest patch release last, so reversed.
        yield from map(str, sorted(Path.home().glob(place.format(name=name)), reverse=True))
    ours = platformdirs.user_cache_path("lambdameter").glob(_OURS.format(name=name))
    yield from map(str, sorted(ours, reverse=True))


class Timings:
    """What handlers' work takes in each interpreter that was timed; kept in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def of(self, program: str) -> float:
        """CPU time, ms; infinite where it cannot run it, or where nothing can be kept.

        Timing takes some tenths of a second, which nobody is to wait for at every start.
        """
        key = _key(program)
        known = self._read()
        if key not in known:
            if not self._may_keep():
                return float("inf")
            known[key] = await _time(program)
            self._write(known)
        return known[key]

    def _may_keep(self) -> bool:
        parents = (folder for folder in self._file.parents if folder.is_dir())
        return os.access(next(parents), os.W_OK)

    def _read(self) -> dict[str, float]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, float])
        except (OSError, msgspec.MsgspecError):
            return {}

    def _write(self, known: dict[str, float]) -> None:
        fresh = self._file.with_suffix(f".{os.getpid()}")
        # A cache that cannot be written makes it slower, no more.
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(msgspec.json.encode(known))
            fresh.replace(self._file)


def _key(program: str) -> str:
    return f"{program} {Path(program).stat().st_mtime_ns}"


def timings_file() -> Path:
    """Where timings are kept."""
    return platformdirs.user_cache_path("lambdameter") / "interpreters.json"


async def fastest(present: Sequence[Interpreter], timings: Timings) -> Interpreter:
    """The first, or one that is clearly faster; a single one is not timed."""
    best = present[0]
    if len(present) == 1:
        return best
    for other in present[1:]:
        if await timings.of(other.program) * _FASTER < await timings.of(best.program):
            best = other
    return best


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


async def _run(program: str, code: str, said: bytes = b"") -> bytes | None:
    """What a program of Python says; None where it fails."""
    # A file, not a pipe: a program that ends without reading closes a pipe before all is written,
    # and what a loop then raises differs from loop to loop.
    with tempfile.TemporaryFile() as stdin:
        stdin.write(said)
        stdin.seek(0)
        process = await asyncio.create_subprocess_exec(
            *(program, "-I", "-c", code),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    output, _ = await finished(process)
    return output if process.returncode == 0 else None


async def _probe(program: str) -> Interpreter | None:
    # pyenv's shims fail for versions that are installed but not chosen.
    output = await _run(program, _PROBE)
    return None if output is None else msgspec.json.decode(output, type=Interpreter)


async def _time(program: str) -> float:
    """The least of several: what else runs on the host only adds."""
    output = await _run(program, kernels.HANDLER, f"{_TIMED}\n".encode() * _RUNS)
    if output is None:
        return float("inf")
    return min(float(line.split()[1]) for line in output.splitlines())
