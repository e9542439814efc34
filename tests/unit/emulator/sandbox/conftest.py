from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import cpu_share, detect
from lambdameter.emulator.sandbox.allowance import Allotment
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.emulator.sandbox.paced import PacedFactory

Program = Callable[..., ProcessSpec]


@pytest.fixture
def allotment() -> Allotment:
    """Of 128 MB."""
    return Allotment(
        limit_mb=128,
        bandwidth=cpu_share.bandwidth(128),
        cpus=(0, 1),
        quota_ns=cpu_share.quota_ns(128, cpus=2),
    )


@pytest.fixture
def task(tmp_path: Path) -> Path:
    folder = tmp_path / "task"
    folder.mkdir()
    (folder / "code.txt").write_text("the code")
    return folder


@pytest.fixture
def own_tmp(tmp_path: Path) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture
def program(task: Path, own_tmp: Path) -> Program:
    """Python code as a function's process, with the mounts that Lambda has."""

    def make(code: str, **environment: str) -> ProcessSpec:
        python = f"/var/lang/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        return ProcessSpec(
            argv=(python, "-c", code),
            environment={"LD_LIBRARY_PATH": "/var/lang/lib", **environment},
            mounts={
                "/var/task": str(task),
                "/var/lang": sys.base_prefix,
                "/tmp": str(own_tmp),  # noqa: S108
            },
        )

    return make


@pytest.fixture
def paced(
    cgroup_way: str, tmp_path: Path, require: Callable[[bool, str], None]
) -> Iterator[PacedFactory]:
    """Sandboxes of this host's own speed, kept to their shares by Lambda's rule."""
    factory = detect(tmp_path, cgroup_way)
    kept = PacedFactory.start(factory, None)
    granted = "Lambda's rule" in kept.enforcement().cpu
    if not granted and os.geteuid() != 0:
        pytest.skip("this user may not have real-time threads")
    require(granted, "needs real-time threads")
    yield kept
    kept.close()
    factory.close()


async def _output(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    text = (await process.stdout.read()).decode()
    await process.wait()
    return text


@pytest.fixture
def output() -> Callable[[asyncio.subprocess.Process], object]:
    """Everything that a process prints until it ends."""
    return _output
