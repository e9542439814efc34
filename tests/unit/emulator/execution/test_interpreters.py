from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
import uvloop

from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.execution import interpreters
from lambdameter.emulator.execution.interpreters import (
    Interpreter,
    Timings,
    candidates,
    communicate,
    fastest,
    find_interpreter,
    nearest_first,
)

OURS = f"python{sys.version_info[0]}.{sys.version_info[1]}"


async def test_a_program_does_not_outlive_whoever_waits_for_it() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    waiting = asyncio.ensure_future(communicate(process))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert process.returncode == -9


def test_a_program_that_ends_without_reading_is_no_interpreter_under_any_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = program(tmp_path, "#!/bin/sh\nexec 0<&-\nexit 127\n")
    real = program(tmp_path / "real", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    monkeypatch.setattr(interpreters, "candidates", lambda _name: [shim, real, shim])
    for run in (asyncio.run, uvloop.run):
        # Which end closes first is a race: several, so that it is met.
        for _ in range(5):
            assert run(find_interpreter(OURS)).name == OURS


def test_the_runtime_asked_for_comes_first_and_then_the_nearest() -> None:
    assert nearest_first("python3.12", MANAGED_RUNTIMES) == [
        "python3.12",
        "python3.13",
        "python3.11",
    ]
    assert nearest_first("python3.11", MANAGED_RUNTIMES)[1] == "python3.12"


async def test_the_interpreter_is_an_installation_and_no_virtual_environment() -> None:
    found = await find_interpreter(OURS)
    assert found.name == OURS
    assert (Path(found.prefix) / "bin" / OURS).exists()
    assert not (Path(found.prefix) / "pyvenv.cfg").exists()


def program(folder: Path, text: str) -> str:
    """A program named as an interpreter of its own installation."""
    path = folder / "bin" / OURS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def installation(folder: Path) -> Interpreter:
    return Interpreter(prefix=str(folder), version="3.13.0", name=OURS)


class Known(Timings):
    """Timings that were made before, by the prefix's last part; what is not there is an error."""

    def __init__(self, ms: dict[str, float]) -> None:
        self._ms = ms

    async def of(self, program: str) -> float:
        return self._ms[Path(program).parents[1].name]


@pytest.mark.parametrize(
    ("ms", "chosen"),
    [
        ({"first": 24.0, "second": 15.0}, "second"),
        # Noise is no reason to leave what the user has first on the path.
        ({"first": 16.0, "second": 15.0}, "first"),
        ({"first": 15.0, "second": 24.0}, "first"),
        ({"first": 24.0, "second": float("inf")}, "first"),
        ({"first": float("inf"), "second": 24.0}, "second"),
    ],
)
async def test_an_interpreter_that_is_clearly_faster_is_preferred(
    tmp_path: Path, ms: dict[str, float], chosen: str
) -> None:
    present = [installation(tmp_path / name) for name in ("first", "second")]
    assert Path((await fastest(present, Known(ms))).prefix).name == chosen


async def test_a_single_one_is_not_timed(tmp_path: Path) -> None:
    only = installation(tmp_path / "only")
    assert await fastest([only], Known({})) == only


async def test_what_was_timed_is_kept_until_the_program_is_another(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "timings.json"
    ours = program(tmp_path / "one", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    first = await Timings(file).of(ours)
    assert 0 < first < float("inf")
    assert await Timings(file).of(ours) == first
    program(tmp_path / "one", "#!/bin/sh\nexit 1\n")
    assert await Timings(file).of(ours) == float("inf")


async def test_a_broken_file_of_timings_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "timings.json"
    file.write_text("{")
    ours = program(tmp_path / "one", "#!/bin/sh\nexit 1\n")
    assert await Timings(file).of(ours) == float("inf")
    assert file.read_text() != "{"


async def test_where_nothing_can_be_kept_nothing_is_timed(tmp_path: Path) -> None:
    ours = program(tmp_path / "one", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    # A folder of the kernel's, where even root makes no file.
    assert await Timings(Path("/proc/1/timings.json")).of(ours) == float("inf")
    assert not (tmp_path / "ran").exists()


def test_every_folder_of_the_path_is_looked_at_then_the_usual_places_then_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ["a", "b", "home/.pyenv/versions/3.9", "home/.local/share/uv/python/x"]
    expected = [program(tmp_path / place, "") for place in (*places, "cache/interpreters/debian")]
    monkeypatch.setenv("PATH", f"{tmp_path}/a/bin:{tmp_path}/none:{tmp_path}/b/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda _: tmp_path / "cache")
    assert list(candidates(OURS)) == expected


def test_the_search_for_debians_own_is_quiet_where_there_is_no_apt(tmp_path: Path) -> None:
    script = Path(__file__).parents[4] / "scripts" / "interpreter" / "debian.sh"
    (tmp_path / "bin").mkdir()
    done = subprocess.run(
        ["/bin/sh", script, str(tmp_path / "cache")],
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        check=True,
    )
    assert done.stdout + done.stderr == b""
    assert not (tmp_path / "cache").exists()
