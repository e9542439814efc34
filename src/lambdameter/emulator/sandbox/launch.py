"""Starting a function's process through `lambdameter-launch`, the same way in every sandbox."""

from __future__ import annotations

import asyncio
import os

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


class Mount(msgspec.Struct, frozen=True):
    """A file or folder of the host (`source`) that is shown inside as `target`."""

    source: str
    target: str
    writable: bool


class User(msgspec.Struct, frozen=True):
    """Who the function is."""

    uid: int
    gid: int


class LaunchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The launcher's argument; its fields are explained in crates/launch/src/spec.rs."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    mounts: tuple[Mount, ...] = ()
    cgroups: tuple[str, ...] = ()
    user: User | None = None
    cpus: tuple[int, ...] | None = None
    descriptors: int = DESCRIPTORS
    parent: int = msgspec.field(default_factory=os.getpid)


# https://github.com/localstack/localstack/issues/7722 and `id` in any Lambda function.
SANDBOX_USER = User(uid=993, gid=990)


def mounts_of(spec: ProcessSpec) -> tuple[Mount, ...]:
    """The mounts of a process that sees them where Lambda has them: only /tmp is writable."""
    return tuple(
        Mount(source=source, target=target, writable=target == TMP)
        for target, source in spec.mounts.items()
    )


async def start(spec: LaunchSpec) -> asyncio.subprocess.Process:
    """Start the process in a session of its own; stdout and stderr are one pipe.

    The launcher gets no environment: LD_LIBRARY_PATH is the function's, not its own.

    Raises:
        HostError: the launcher is missing or cannot be started. What fails later is a line on
            the process's stdout, and its exit status is 126.
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
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(
            f"Cannot start a function's process: {error.strerror}",
            place=str(launcher),
            next_step="Free memory or processes on this host, or use fewer environments at once.",
        ) from error
