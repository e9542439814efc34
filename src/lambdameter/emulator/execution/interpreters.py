"""The Python interpreters of this host, and which of them serves a runtime.

Without profile-guided optimisation a Python takes 1.6 times as long for what handlers do. Nothing
in `sysconfig` says how a Python was built, so interpreters of the same version are timed.
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

from lambdameter.emulator import atomic
from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.speed import kernels
from lambdameter.errors import HostError

_PROBE = (
    "import json, sys; print(json.dumps({'prefix': sys.base_prefix, "
    "'version': '.'.join(map(str, sys.version_info[:3])), "
    "'name': 'python%d.%d' % sys.version_info[:2]}))"
)
# Where pyenv and uv install; Debian's Python, or one built from source, is on PATH.
_PLACES = (".pyenv/versions/*/bin/{name}", ".local/share/uv/python/*/bin/{name}")
# Where scripts/interpreter installs.
_OURS = "interpreters/*/bin/{name}"
# An interpreter replaces the one that was found before it if it is faster by more than this factor.
_FASTER = 1.15
_REPETITIONS, _RUNS = 20, 5


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
    """The Python of a runtime's version, or of the nearest version that this host has.

    Of several with the same version it is the first on PATH, or one that is clearly faster.

    Raises:
        HostError: this host has no Python of any runtime's version.
    """
    for name in nearest_first(runtime, MANAGED_RUNTIMES):
        # At the same time: each probe starts a Python, and each of pyenv's shims starts several.
        probed = await asyncio.gather(*map(_probe, candidates(name)))
        # A shim and the interpreter behind it are equal; the first keeps its place.
        interpreters = dict.fromkeys(
            interpreter for interpreter in probed if interpreter and interpreter.name == name
        )
        if interpreters:
            return await fastest(list(interpreters), Timings(timings_file()))
    raise HostError(
        f"No Python interpreter for the runtime {runtime} was found",
        place=", ".join(["PATH", *(f"~/{place.format(name=runtime)}" for place in _PLACES)]),
        next_step=f"Install one of {', '.join(MANAGED_RUNTIMES)}, for instance with uv or pyenv.",
    )


def nearest_first(runtime: str, runtimes: Sequence[str]) -> list[str]:
    """`runtimes`, which begin with the oldest, by their distance from `runtime`.

    At the same distance the newer runtime comes first.
    """
    index = runtimes.index
    return sorted(runtimes, key=lambda name: (abs(index(name) - index(runtime)), -index(name)))


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
    """How long a handler's work takes in each interpreter: a cache in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def of(self, program: str) -> float:
        """CPU time of a handler's work in the interpreter `program`, ms.

        Infinite where the interpreter fails, or where the cache cannot be written: timing takes
        some tenths of a second, which is too long for every start.
        """
        key = _key(program)
        timings = self._read()
        if key not in timings:
            if not self._is_writable():
                return float("inf")
            timings[key] = await _time(program)
            # A cache that cannot be written after all only makes the next start slower.
            with contextlib.suppress(OSError):
                atomic.write(self._file, msgspec.json.encode(timings))
        return timings[key]

    def _is_writable(self) -> bool:
        parents = (folder for folder in self._file.parents if folder.is_dir())
        return os.access(next(parents), os.W_OK)

    def _read(self) -> dict[str, float]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, float])
        except (OSError, msgspec.MsgspecError):
            return {}


def _key(program: str) -> str:
    return f"{program} {Path(program).stat().st_mtime_ns}"


def timings_file() -> Path:
    """The file of `Timings`."""
    return platformdirs.user_cache_path("lambdameter") / "interpreters.json"


async def fastest(interpreters: Sequence[Interpreter], timings: Timings) -> Interpreter:
    """The first interpreter, or one that is clearly faster; a single interpreter is not timed."""
    best = interpreters[0]
    for other in interpreters[1:]:
        if await timings.of(other.program) * _FASTER < await timings.of(best.program):
            best = other
    return best


async def communicate(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """Wait for a process; its stdout and stderr. Where we are cancelled, it is killed."""
    try:
        stdout, stderr = await process.communicate()
    except asyncio.CancelledError:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        raise
    return stdout or b"", stderr or b""


async def _run(program: str, code: str, stdin_text: bytes = b"") -> bytes | None:
    """Run Python code in the interpreter `program`: its stdout, or None where it fails."""
    # A file, not a pipe: code that ends without reading closes a pipe before all is written, and
    # what is then raised differs between event loops.
    with tempfile.TemporaryFile() as stdin:
        stdin.write(stdin_text)
        stdin.seek(0)
        process = await asyncio.create_subprocess_exec(
            *(program, "-I", "-c", code),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    output, _ = await communicate(process)
    return output if process.returncode == 0 else None


async def _probe(program: str) -> Interpreter | None:
    # pyenv's shims fail for versions that are installed but not chosen.
    output = await _run(program, _PROBE)
    return None if output is None else msgspec.json.decode(output, type=Interpreter)


async def _time(program: str) -> float:
    """The shortest of several runs: other work on this host only makes a run longer."""
    output = await _run(program, kernels.HANDLER, f"{_REPETITIONS}\n".encode() * _RUNS)
    if output is None:
        return float("inf")
    return min(float(line.split()[1]) for line in output.splitlines())
