"""What an emulator that was killed could not remove: its cgroups, its processes, its folder.

All of it is named for the process that owns it, so the next one can tell whose owner is dead.
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
    """An empty folder for this process below the system's temporary one."""
    return Path(tempfile.mkdtemp(prefix=owner.name(os.getpid(), "", proc)))


def clear(temporary: Path | None = None, proc: Path = PROC) -> tuple[str, ...]:
    """Kill and remove what dead emulators left; the paths of what was removed.

    Those of live ones are let be, and those of other PID namespaces, of which one cannot tell.
    """
    hierarchies = cgroup_tree.mount_points(cgroup_v1.WANTED, proc)
    groups: list[Path] = []
    with contextlib.suppress(PermissionError):  # another user's; that user's next run has it
        groups = cgroup_tree.remove_leftovers(hierarchies, time.sleep, proc)
    folders = []
    for folder in sorted((temporary or Path(tempfile.gettempdir())).glob("lambdameter-*")):
        if owner.is_dead(folder.name, proc):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                folders.append(folder)
    return tuple(str(path) for path in (*groups, *folders))
