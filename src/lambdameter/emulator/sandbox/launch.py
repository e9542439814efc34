"""Starting a function's process through `lambdameter-launch`, the same way in every sandbox."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Protocol

import msgspec

from lambdameter import binaries
from lambdameter.emulator.sandbox.base import ProcessSpec
from lambdameter.errors import HostError

LAUNCHER = "lambdameter-launch"
TASK_ROOT = "/var/task"
TMP = "/tmp"  # noqa: S108  the function's own
# File descriptors, and processes with threads.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
DESCRIPTORS = PROCESSES = 1024
# `enclosed` and `on_host` in the words of `Enforcement.isolation`.
ENCLOSED = (
    "unprivileged user; mount namespace where only /tmp is writable; /tmp without "
    "size limit; network and process list shared with the host"
)
ON_HOST = "own session; the user's own permissions; the host's file system as it is"


class Mount(msgspec.Struct, frozen=True):
    """A file or folder of the host (`source`) that the function sees as `target`."""

    source: str
    target: str
    writable: bool


class User(msgspec.Struct, frozen=True):
    """The user that the function runs as."""

    uid: int
    gid: int


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The launcher's argument; crates/launch/src/spec.rs explains its fields."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    mounts: tuple[Mount, ...] = ()
    start_note: int | None = None
    cgroups: tuple[str, ...] = ()
    user: User | None = None
    cpus: tuple[int, ...] | None = None
    descriptors: int = DESCRIPTORS
    parent: int = msgspec.field(default_factory=os.getpid)


# https://github.com/localstack/localstack/issues/7722 and `id` in any Lambda function.
SANDBOX_USER = User(uid=993, gid=990)


def mounts_of(spec: ProcessSpec) -> tuple[Mount, ...]:
    """The mounts at Lambda's paths; only /tmp is writable."""
    return tuple(
        Mount(source=source, target=target, writable=target == TMP)
        for target, source in spec.mounts.items()
    )


class Arrange(Protocol):
    """Makes the launcher's argument for a process."""

    def __call__(
        self,
        spec: ProcessSpec,
        *,
        cgroups: tuple[str, ...] = (),
        cpus: tuple[int, ...] | None = None,
    ) -> LaunchSpec:
        """Make the argument.

        Args:
            spec: the process.
            cgroups: cgroup.procs files of the groups that the process joins.
            cpus: the CPUs that it may run on; None: all.
        """
        ...


def enclosed(
    spec: ProcessSpec, *, cgroups: tuple[str, ...] = (), cpus: tuple[int, ...] | None = None
) -> LaunchSpec:
    """Run as Lambda's user in a mount namespace of its own; this needs root."""
    return LaunchSpec(
        argv=spec.argv,
        environment=spec.environment,
        directory=TASK_ROOT if TASK_ROOT in spec.mounts else "/",
        mounts=mounts_of(spec),
        start_note=spec.start_note,
        cgroups=cgroups,
        user=SANDBOX_USER,
        cpus=cpus,
    )


def on_host(
    spec: ProcessSpec, *, cgroups: tuple[str, ...] = (), cpus: tuple[int, ...] | None = None
) -> LaunchSpec:
    """Run without mounts as the present user: Lambda's paths are replaced by the host's.

    Only whole path names are replaced, also inside a list or an option: with /var/task on /srv/x,
    "/var/task:/var/tasks" becomes "/srv/x:/var/tasks".
    """
    longest_first = sorted(spec.mounts, key=len, reverse=True)
    inside = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w.-])")

    def rewrite(text: str) -> str:
        return inside.sub(lambda match: spec.mounts[match[0]], text) if spec.mounts else text

    return LaunchSpec(
        argv=tuple(rewrite(argument) for argument in spec.argv),
        environment={name: rewrite(value) for name, value in spec.environment.items()},
        directory=spec.mounts.get(TASK_ROOT, "/"),
        start_note=spec.start_note,
        cgroups=cgroups,
        cpus=cpus,
    )


async def start(spec: LaunchSpec) -> asyncio.subprocess.Process:
    """Start the process in a session of its own; stdout and stderr are one pipe.

    The launcher gets no environment, since LD_LIBRARY_PATH is for the function.

    Raises:
        HostError: the launcher is missing or cannot be started. A later failure is a line on the
            process's stdout, with the exit status 126.
    """
    launcher = binaries.find(LAUNCHER)
    try:
        return await asyncio.create_subprocess_exec(
            launcher,
            msgspec.json.encode(spec),
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=() if spec.start_note is None else (spec.start_note,),
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(
            f"Cannot start a function's process: {error.strerror}",
            place=str(launcher),
            next_step="Free memory or processes on this host, or use fewer environments "
            "at the same time.",
        ) from error
