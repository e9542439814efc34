from __future__ import annotations

import platform
from pathlib import Path

import pytest

from lambdameter import emulator
from lambdameter.emulator.control.settings import MANAGED_RUNTIMES
from lambdameter.emulator.execution.interpreters import Interpreter
from lambdameter.emulator.execution.managed_runtimes import HostRuntimes, label, os_only

PINS = Path(emulator.__file__).parent / "runtimes"


def test_the_label_names_what_really_runs(tmp_path: Path) -> None:
    for name in ("awslambdaric-4.2.2.dist-info", "boto3-1.42.0.dist-info", "six-1.dist-info"):
        (tmp_path / name).mkdir()
    interpreter = Interpreter(prefix="/p", version="3.13.0", name="python3.13")
    assert label("python3.13", interpreter, tmp_path) == (
        "CPython 3.13.0, awslambdaric 4.2.2, boto3 1.42.0"
    )
    assert "the nearest version to python3.12" in label("python3.12", interpreter, tmp_path)


@pytest.mark.parametrize("runtime", MANAGED_RUNTIMES)
def test_every_managed_runtime_pins_all_that_it_installs(runtime: str) -> None:
    lines = (PINS / f"{runtime}.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert "awslambdaric==4.2.2" in pins
    assert all("==" in pin for pin in pins)


def test_a_package_without_bootstrap_cannot_be_started(tmp_path: Path) -> None:
    assert os_only(tmp_path).error == (
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    )


def test_a_bootstrap_that_is_not_executable_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "bootstrap").chmod(0o644)
    assert os_only(tmp_path).error == "fork/exec /var/task/bootstrap: permission denied"


async def test_an_os_only_runtime_runs_the_packages_own_bootstrap(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_text("#!/bin/sh\n")
    (tmp_path / "bootstrap").chmod(0o755)
    launch = await HostRuntimes(tmp_path, PINS).launch("provided.al2023", "x", str(tmp_path))
    assert launch.error is None
    assert launch.argv == ("/var/task/bootstrap",)
    assert launch.mounts == {"/var/task": str(tmp_path)}
    assert platform.libc_ver()[1] in launch.label
