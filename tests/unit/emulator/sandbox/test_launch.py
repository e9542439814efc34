from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from lambdameter.emulator.clock import SystemClock
from lambdameter.emulator.execution.start_note import StartNote
from lambdameter.emulator.sandbox import launch
from lambdameter.emulator.sandbox.base import ProcessSpec

Output = Callable[[asyncio.subprocess.Process], Awaitable[str]]
pytestmark = pytest.mark.usefixtures("require_launcher")


def _placed(value: str) -> launch.LaunchSpec:
    mounts = {"/var/task": "/srv/x", "/tmp": "/srv/t"}  # noqa: S108
    return launch.on_host(ProcessSpec(argv=(value,), environment={"V": value}, mounts=mounts))


def _spec(*argv: str, parent: int | None = None, **environment: str) -> launch.LaunchSpec:
    return launch.LaunchSpec(
        argv=argv, environment=environment, directory="/", parent=parent or os.getpid()
    )


def test_only_tmp_is_writable() -> None:
    spec = ProcessSpec(argv=(), environment={}, mounts={"/tmp": "/a", "/var/task": "/b"})  # noqa: S108
    assert [mount.target for mount in launch.mounts_of(spec) if mount.writable] == [launch.TMP]


@pytest.mark.parametrize(
    ("inside", "host"),
    [
        ("/var/task", "/srv/x"),
        ("/var/task/bootstrap", "/srv/x/bootstrap"),
        ("--root=/var/task", "--root=/srv/x"),
        ("/lib:/var/task:/tmp/lib", "/lib:/srv/x:/srv/t/lib"),
        ("/var/tasks", "/var/tasks"),
        ("/var/task-2", "/var/task-2"),
        ("/srv/var/task", "/srv/var/task"),
        ("https://host/tmp/a", "https://host/tmp/a"),
    ],
)
def test_on_the_host_whole_paths_are_rewritten_and_nothing_else(inside: str, host: str) -> None:
    rewritten = _placed(inside)
    assert rewritten.argv == (host,)
    assert rewritten.environment == {"V": host}


def test_the_longest_mount_is_rewritten_first() -> None:
    mounts = {"/var/task": "/a", "/var/task/lib": "/b"}
    spec = ProcessSpec(argv=("/var/task/lib/x",), environment={}, mounts=mounts)
    assert launch.on_host(spec).argv == ("/b/x",)


def test_on_the_host_it_starts_in_the_task_folder() -> None:
    assert _placed("").directory == "/srv/x"


def test_without_mounts_nothing_is_rewritten() -> None:
    spec = ProcessSpec(argv=("/bin/true",), environment={"A": ""}, mounts={})
    assert launch.on_host(spec).environment == {"A": ""}


async def test_the_environment_is_exactly_what_was_given(output: Output) -> None:
    process = await launch.start(_spec("/usr/bin/env", ONLY="this one", ACCENT="é\n2"))
    assert sorted((await output(process)).splitlines()) == ["2", "ACCENT=é", "ONLY=this one"]


async def test_stderr_and_stdout_are_one_pipe(output: Output) -> None:
    process = await launch.start(_spec("/bin/sh", "-c", "echo out; echo err >&2"))
    assert await output(process) == "out\nerr\n"


async def test_descriptors_are_limited_as_on_lambda(output: Output) -> None:
    process = await launch.start(_spec("/bin/sh", "-c", "ulimit -Hn"))
    assert await output(process) == "1024\n"


async def test_no_descriptor_but_the_standard_ones_is_inherited(output: Output) -> None:
    process = await launch.start(_spec("/bin/ls", "/proc/self/fd"))
    assert (await output(process)).split() == ["0", "1", "2", "3"]  # 3 is what ls itself opens


async def test_no_signal_is_ignored_or_blocked(output: Output) -> None:
    process = await launch.start(_spec("/bin/grep", "-E", "^Sig(Ign|Blk)", "/proc/self/status"))
    masks = [line.split()[1] for line in (await output(process)).splitlines()]
    # Above 31 are real-time signals, two of them the C library's own, which it lets no one set.
    assert [int(mask, 16) & 0x7FFF_FFFF for mask in masks] == [0, 0]


async def test_the_start_is_noted_on_the_clock_that_init_is_measured_by(output: Output) -> None:
    note = StartNote()
    spec = msgspec.structs.replace(_spec("/bin/ls", "/proc/self/fd"), start_note=note.writer)
    asked_ms = SystemClock().now_ms()
    process = await launch.start(spec)
    note.handed_over()
    # 3 is what ls itself opens: the note's descriptor is the launcher's alone.
    assert (await output(process)).split() == ["0", "1", "2", "3"]
    at_ms = note.at_ms()
    assert at_ms is not None
    assert asked_ms < at_ms < SystemClock().now_ms()


async def test_a_launch_that_fails_before_its_program_notes_no_start(output: Output) -> None:
    note = StartNote()
    spec = msgspec.structs.replace(_spec("/bin/true", parent=1), start_note=note.writer)
    process = await launch.start(spec)
    note.handed_over()
    await output(process)
    assert process.returncode == 126
    assert note.at_ms() is None


async def test_a_program_that_is_not_there_is_one_line_and_status_126(output: Output) -> None:
    process = await launch.start(_spec("/nowhere/bootstrap"))
    line = "lambdameter-launch: cannot start /nowhere/bootstrap: ENOENT: No such file or directory"
    assert await output(process) == f"{line}\n"
    assert process.returncode == 126


async def test_without_its_parent_nothing_is_started(output: Output) -> None:
    process = await launch.start(_spec("/bin/echo", "started", parent=1))
    assert "the emulator (process 1) is gone" in await output(process)
    assert process.returncode == 126


async def test_a_cgroup_that_is_not_there_is_named(output: Output, tmp_path: Path) -> None:
    spec = launch.LaunchSpec(
        argv=("/bin/true",), environment={}, directory="/", cgroups=(str(tmp_path / "x" / "y"),)
    )
    assert f"cannot join {tmp_path}/x/y" in await output(await launch.start(spec))
