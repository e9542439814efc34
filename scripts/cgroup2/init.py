"""The first process of the virtual machine: cgroup v2, the tests as root and as a user, power off.

It is started by the kernel of an initramfs that machine.py packed, with the host's own paths.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import subprocess
import traceback
from pathlib import Path
from typing import TypedDict

CGROUPS = Path("/sys/fs/cgroup")
SLICE = Path("user.slice/user-1000.slice")
USER = 1000
POWER_OFF = 0x4321FEDC  # LINUX_REBOOT_CMD_POWER_OFF
LIBC = ctypes.CDLL(None, use_errno=True)
MOUNTS = (
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", ""),
    ("tmpfs", "/dev/shm", "mode=1777"),  # noqa: S108  the machine is all ours
    ("tmpfs", "/tmp", "mode=1777"),  # noqa: S108  as above
    ("cgroup2", str(CGROUPS), ""),
)


def mount(kind: str, where: str, options: str) -> None:
    """Mount a file system of the kernel's own. Raises OSError."""
    Path(where).mkdir(parents=True, exist_ok=True)
    if LIBC.mount(kind.encode(), where.encode(), kind.encode(), 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount {where}")


def delegate(controllers: str) -> Path:
    """A scope below a service manager of the user's, as systemd makes it with Delegate=yes."""
    folder = CGROUPS
    enabled = " ".join(f"+{controller}" for controller in controllers.split())
    service = f"with-{controllers.replace(' ', '-')}.service"
    for name in (*SLICE.parts, service, "lambdameter.scope"):
        (folder / "cgroup.subtree_control").write_text(enabled)
        folder /= name
        folder.mkdir(exist_ok=True)
    for path in (
        folder,
        *(folder / f"cgroup.{it}" for it in ("procs", "threads", "subtree_control")),
    ):
        os.chown(path, USER, USER)
    return folder


def enter(scope: Path) -> None:
    """Become the user in its scope, between fork and exec."""
    (scope / "cgroup.procs").write_text("0")
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)


class Told(TypedDict):
    """What is run as whom, and in which environment: machine.py writes it."""

    root: list[str]
    user: list[str]
    user_without_cpu: list[str]
    environment: dict[str, str]


def run(told: Told) -> int:
    """All of it; how many of the runs failed."""
    for one in MOUNTS:
        mount(*one)
    failed = 0
    for who, command, scope in (
        ("root", told["root"], None),
        ("a user with all controllers", told["user"], "cpu memory pids"),
        ("a user without cpu", told["user_without_cpu"], "memory pids"),
    ):
        print(f"\n==== as {who}", flush=True)
        place = delegate(scope) if scope else None
        home = Path("/home", who.replace(" ", "-"))
        home.mkdir(parents=True)
        if place:
            os.chown(home, USER, USER)
        status = subprocess.call(
            command,
            cwd=home,
            env={**told["environment"], "HOME": str(home), "TMPDIR": str(home)},
            preexec_fn=functools.partial(enter, place) if place else None,
        )
        failed += status != 0
    return failed


def main() -> None:
    """Tell the outcome on the console and power off, whatever happens."""
    failed = 1
    try:
        failed = run(json.loads(Path("/told.json").read_text()))
    except BaseException:  # noqa: BLE001  the kernel panics when its first process ends
        traceback.print_exc()
    print(f"\nlambdameter: {failed} failed", flush=True)
    LIBC.sync()
    LIBC.reboot(POWER_OFF)


main()
