"""The file system and the user that a function is given; needs root."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from lambdameter.emulator.sandbox import detect
from lambdameter.emulator.sandbox.base import ProcessSpec, SandboxFactory

Output = Callable[[asyncio.subprocess.Process], Awaitable[str]]
Program = Callable[..., ProcessSpec]


@pytest.fixture
def enclosing(enclosing_way: str, tmp_path: Path) -> Iterator[SandboxFactory]:
    granted = detect(tmp_path, enclosing_way)
    yield granted
    granted.close()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_the_function_is_an_unprivileged_user_in_no_other_group(
    enclosing: SandboxFactory, program: Program, output: Output
) -> None:
    sandbox = enclosing.create("user", 256)
    code = """
import os, pathlib
print(os.getresuid(), os.getresgid(), os.getgroups())
print(*[l for l in pathlib.Path("/proc/self/status").read_text().splitlines()
        if l.startswith(("CapPrm", "CapEff", "NoNewPrivs"))])
"""
    lines = (await output(await sandbox.spawn(program(code)))).splitlines()
    assert lines[0] == "(993, 993, 993) (990, 990, 990) []"
    assert lines[1] == "CapPrm:\t0000000000000000 CapEff:\t0000000000000000 NoNewPrivs:\t1"
    await sandbox.destroy()


async def test_only_tmp_can_be_written(
    enclosing: SandboxFactory, program: Program, output: Output, own_tmp: Path
) -> None:
    sandbox = enclosing.create("files", 256)
    code = """
import os
for folder in ("/var/task", "/var/lang", "/var", "/opt", "/dev/shm", "/", "/tmp"):
    try:
        open(folder + "/lambdameter-probe", "w").close()
        print(folder, "written")
    except OSError as error:
        print(folder, os.strerror(error.errno))
print(open("code.txt").read(), os.getcwd(), sorted(os.listdir("/var")), os.listdir("/opt"))
"""
    lines = (await output(await sandbox.spawn(program(code)))).splitlines()
    assert lines[-2].split() == ["/tmp", "written"]  # noqa: S108
    assert {line.split(" ", 1)[1] for line in lines[:-2]} == {"Read-only file system"}
    assert lines[-1] == "the code /var/task ['lang', 'task'] []"
    assert _names(own_tmp) == {"lambdameter-probe"}
    assert "lambdameter-probe" not in _names(Path("/tmp"))  # noqa: S108
    await sandbox.destroy()


async def test_a_single_file_can_be_mounted(
    enclosing: SandboxFactory, program: Program, output: Output, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificates")
    spec = program("print(open('/var/lambdameter/ca.pem').read())")
    spec.mounts["/var/lambdameter/ca.pem"] = str(bundle)
    sandbox = enclosing.create("file", 256)
    assert await output(await sandbox.spawn(spec)) == "certificates\n"
    await sandbox.destroy()


async def test_a_mount_that_is_not_there_is_named(
    enclosing: SandboxFactory, program: Program, output: Output
) -> None:
    spec = program("")
    spec.mounts["/var/runtime"] = "/nowhere/runtime"
    sandbox = enclosing.create("absent", 256)
    process = await sandbox.spawn(spec)
    assert "cannot open /nowhere/runtime: ENOENT" in await output(process)
    assert process.returncode == 126
    await sandbox.destroy()


async def test_the_environment_is_exactly_what_was_given(
    enclosing: SandboxFactory, program: Program, output: Output
) -> None:
    sandbox = enclosing.create("environment", 256)
    spec = program(
        "import json, os; print(json.dumps(dict(os.environ)))", ACCENT="é", LANG="C.UTF-8"
    )
    assert json.loads(await output(await sandbox.spawn(spec))) == spec.environment
    await sandbox.destroy()
