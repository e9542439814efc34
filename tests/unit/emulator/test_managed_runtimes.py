from __future__ import annotations

import asyncio
import platform
import sys
from pathlib import Path

import pytest

from lambdameter import emulator
from lambdameter.emulator.managed_runtimes import (
    HostRuntimes,
    Interpreter,
    find_interpreter,
    finished,
    label,
    nearest_first,
    os_only,
)
from lambdameter.emulator.settings import MANAGED_RUNTIMES

PINS = Path(emulator.__file__).parent / "runtimes"


async def test_a_program_does_not_outlive_whoever_waits_for_it():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    waiting = asyncio.ensure_future(finished(process))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert process.returncode == -9


def test_the_runtime_asked_for_comes_first_and_then_the_nearest():
    assert nearest_first("python3.12", MANAGED_RUNTIMES) == [
        "python3.12",
        "python3.13",
        "python3.11",
    ]
    assert nearest_first("python3.11", MANAGED_RUNTIMES)[1] == "python3.12"


async def test_the_interpreter_is_an_installation_and_no_virtual_environment():
    ours = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    found = await find_interpreter(ours)
    assert found.name == ours
    assert (Path(found.prefix) / "bin" / ours).exists()
    assert not (Path(found.prefix) / "pyvenv.cfg").exists()


def test_the_label_names_what_really_runs(tmp_path: Path):
    for name in ("awslambdaric-4.2.2.dist-info", "boto3-1.42.0.dist-info", "six-1.dist-info"):
        (tmp_path / name).mkdir()
    interpreter = Interpreter(prefix="/p", version="3.13.0", name="python3.13")
    assert label("python3.13", interpreter, tmp_path) == (
        "CPython 3.13.0, awslambdaric 4.2.2, boto3 1.42.0"
    )
    assert "nearest to python3.12" in label("python3.12", interpreter, tmp_path)


@pytest.mark.parametrize("runtime", MANAGED_RUNTIMES)
def test_every_managed_runtime_pins_all_that_it_installs(runtime: str):
    lines = (PINS / f"{runtime}.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert "awslambdaric==4.2.2" in pins
    assert all("==" in pin for pin in pins)


def test_a_package_without_bootstrap_cannot_be_started(tmp_path: Path):
    assert os_only(tmp_path).error == (
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    )


def test_a_bootstrap_that_is_not_executable_cannot_be_started(tmp_path: Path):
    (tmp_path / "bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "bootstrap").chmod(0o644)
    assert os_only(tmp_path).error == "fork/exec /var/task/bootstrap: permission denied"


async def test_an_os_only_runtime_runs_the_packages_own_bootstrap(tmp_path: Path):
    (tmp_path / "bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "bootstrap").chmod(0o755)
    launch = await HostRuntimes(tmp_path, PINS).launch("provided.al2023", "x", str(tmp_path))
    assert launch.error is None
    assert launch.argv == ("/var/task/bootstrap",)
    assert launch.mounts == {"/var/task": str(tmp_path)}
    assert platform.libc_ver()[1] in launch.label
