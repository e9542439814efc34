"""Removes what a killed emulator left behind: its cgroups, its processes, its folder.

Their names tell the process that owns them, so the next emulator can see which owners are dead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from lambdameter.emulator.sandbox import cgroup_tree, cgroup_v1, owner
from lambdameter.emulator.sandbox.processes import PROC


def make_folder(proc: Path = PROC) -> Path:
    """Make an empty folder for this process in the system's temporary folder."""
    return Path(tempfile.mkdtemp(prefix=owner.name(os.getpid(), "", proc)))


def clear(temporary: Path | None = None, proc: Path = PROC) -> tuple[str, ...]:
    """Kill and remove what dead emulators left behind.

    What belongs to a live emulator stays, and so does what belongs to another PID namespace, where
    we cannot see whether the owner lives.

    Returns:
        The paths of the cgroups and folders that were removed.
    """
    hierarchies = cgroup_tree.mount_points(cgroup_v1.WANTED, proc)
    groups: list[Path] = []
    with contextlib.suppress(PermissionError):  # another user's, whose next run removes it
        groups = cgroup_tree.remove_leftovers(hierarchies, time.sleep, proc)
    folders = []
    for folder in sorted((temporary or Path(tempfile.gettempdir())).glob("lambdameter-*")):
        if owner.is_dead(folder.name, proc):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                folders.append(folder)
    return tuple(str(path) for path in (*groups, *folders))
