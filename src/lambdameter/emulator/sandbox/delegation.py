"""Finds the group of cgroup v2 in which this process may make groups, and makes room there.

A group whose children have controllers may not hold processes itself, except the root of all groups
("no internal processes"). So its processes move to a leaf beside the children first.
https://docs.kernel.org/admin-guide/cgroup-v2.html#no-internal-process-constraint
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from lambdameter.emulator.sandbox import cgroup, cgroup_tree
from lambdameter.emulator.sandbox.processes import PROC
from lambdameter.errors import HostError

NEEDED = frozenset({"cpu", "memory"})
WANTED = NEEDED | {"pids"}
# Not the name of an owner, since no emulator may kill the processes in it.
LEAF = "lambdameter-beside"
_SYSTEMD = Path("/run/systemd/system")  # https://man7.org/linux/man-pages/man3/sd_booted.3.html
_TRIES, _STEP_S, _ANSWER_S = 200, 0.01, 10
_DROP_IN = "/etc/systemd/system/user@.service.d/lambdameter.conf"


class DelegatedGroup:
    """A group of v2 in which we may make groups.

    Args:
        top: the group; `open` moves its processes to its LEAF.
    """

    def __init__(self, top: Path) -> None:
        self.top = top
        self._enabled: list[str] = []

    def has(self, controllers: frozenset[str]) -> frozenset[str]:
        """The controllers of these that the group can pass on to its children."""
        return controllers & _words(self.top / "cgroup.controllers")

    def is_ours(self) -> bool:
        """Whether we may make groups, enable controllers and move processes in it."""
        wanted = (self.top, self.top / "cgroup.procs", self.top / "cgroup.subtree_control")
        return all(os.access(path, os.W_OK) for path in wanted)

    def is_free(self) -> bool:
        """Whether no process but ours has to move."""
        return self._is_root_of_all() or set(self._pids()) <= {os.getpid()}

    def open(self) -> None:
        """Enable the controllers for its children. Raises HostError."""
        control = self.top / "cgroup.subtree_control"
        missing = sorted(self.has(WANTED) - _words(control))
        if not missing:
            return
        with cgroup.kernel("make room for cgroups"):
            for last_try in (False, False, True):
                if not self._is_root_of_all():
                    self._move(self._pids(), self.top / LEAF)
                try:
                    control.write_text(" ".join(f"+{controller}" for controller in missing))
                except OSError as error:
                    # A process forked while it was moved.
                    if error.errno != errno.EBUSY or last_try:
                        raise
                else:
                    self._enabled = missing
                    return

    def close(self) -> None:
        """Undo `open`; the kernel refuses that while another emulator uses the group."""
        control, leaf = self.top / "cgroup.subtree_control", self.top / LEAF
        enabled = sorted(WANTED & _words(control)) if leaf.is_dir() else self._enabled
        with contextlib.suppress(OSError):
            control.write_text(" ".join(f"-{controller}" for controller in enabled))
            if leaf.is_dir():
                self._move(cgroup_tree.Group({"": leaf}).pids(""), self.top)
                leaf.rmdir()

    def _pids(self) -> list[int]:
        return cgroup_tree.Group({"": self.top}).pids("")

    def _is_root_of_all(self) -> bool:
        """Only the root of all groups has no cgroup.events, and it may hold processes."""
        return not (self.top / "cgroup.events").exists()

    @staticmethod
    def _move(pids: list[int], group: Path) -> None:
        group.mkdir(exist_ok=True)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (group / "cgroup.procs").write_text(str(pid))


def claim(
    enter_scope: Callable[[], bool] | None = None,
    proc: Path = PROC,
    pause: Callable[[float], None] = time.sleep,
) -> DelegatedGroup:
    """Find a group in which we may make groups; systemd makes one where ours is not free.

    Args:
        enter_scope: asks for a delegated group of its own for this process; False: it is not to be
            had.
        proc: /proc, or a test's own.
        pause: waits a number of seconds while systemd moves this process.

    Raises:
        AbsentError: this kernel does not use v2's controllers.
        HostError: it does, but we may not; the next step says what to type.
    """
    group = _home(proc)
    if group.is_ours() and group.is_free() and group.has(NEEDED) == NEEDED:
        return group
    before = group.top
    if (enter_scope or enter_systemd_scope)():
        for _ in range(_TRIES):
            group = _home(proc)
            if group.top != before:
                break
            pause(_STEP_S)
    if not group.is_ours():
        raise HostError(
            "This user may not create cgroups",
            place=str(group.top),
            next_step="Run as root, or in a systemd session (check with `systemctl "
            "--user status`).",
        )
    if lacking := sorted(NEEDED - group.has(NEEDED)):
        raise _undelegated(group, lacking)
    return group


def _home(proc: Path) -> DelegatedGroup:
    """The group that we are in, or whose leaf we moved to before."""
    folder = cgroup_tree.own_folders(frozenset({cgroup_tree.UNIFIED}), proc).get("")
    in_v1 = cgroup_tree.own_folders(NEEDED, proc)
    if folder is None or in_v1:
        raise cgroup.AbsentError(
            "This host has no cgroup v2"
            if folder is None
            else "The cgroup controllers of this host belong to cgroup v1",
            next_step="Boot with systemd.unified_cgroup_hierarchy=1.",
        )
    return DelegatedGroup(folder.parent if folder.name == LEAF else folder)


def _undelegated(group: DelegatedGroup, lacking: list[str]) -> HostError:
    """https://systemd.io/CGROUP_DELEGATION and https://rootlesscontaine.rs/getting-started/common/cgroup2."""
    cause = f"cgroup v2 is delegated to this user without the controller {' and '.join(lacking)}"
    if os.geteuid() == 0:
        above = group.top.parent / "cgroup.subtree_control"
        return HostError(
            cause, place=str(group.top), next_step=f"Enable the controller in {above}."
        )
    return HostError(
        cause,
        place=str(group.top),
        next_step=f"Type `sudo mkdir -p {Path(_DROP_IN).parent} && printf "
        f"'[Service]\\nDelegate=cpu memory pids\\n' | sudo tee {_DROP_IN} && "
        "sudo systemctl daemon-reload`, then log out of all sessions and in again.",
    )


def enter_systemd_scope() -> bool:
    """Ask for a scope with Delegate=yes around this process; False: there is no systemd.

    As `systemd-run --scope -p Delegate=yes`, but for a process that runs already.
    https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
    """
    if not _SYSTEMD.is_dir():
        return False
    whose = "--system" if os.geteuid() == 0 else "--user"
    unit = "org.freedesktop.systemd1"
    name = f"lambdameter-{os.getpid()}-{time.monotonic_ns()}.scope"
    properties = ("2", "PIDs", "au", "1", str(os.getpid()), "Delegate", "b", "true")
    method = (unit, "/org/freedesktop/systemd1", f"{unit}.Manager", "StartTransientUnit")
    arguments = ("ssa(sv)a(sa(sv))", name, "fail", *properties, "0")
    try:
        subprocess.run(
            ("busctl", whose, "call", *method, *arguments),
            check=True,
            capture_output=True,
            timeout=_ANSWER_S,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _words(file: Path) -> frozenset[str]:
    try:
        return frozenset(file.read_text().split())
    except OSError:
        return frozenset()
