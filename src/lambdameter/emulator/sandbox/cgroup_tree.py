"""cgroups as a file system: where the controllers are, groups across them, removing leftovers.

https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html
https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from lambdameter.emulator.sandbox import owner, processes
from lambdameter.emulator.sandbox.processes import PROC

THAWED = "THAWED"
# The hierarchy of v2 names no controllers in /proc/PID/cgroup: "0::/path".
UNIFIED = ""
# A page; no control file that stays open is larger.
_ENOUGH_BYTES = 4_096
# A process that v1 froze does not die, and a process without CPU time dies slowly. cgroup.kill
# kills all at once; for processes that fork and kernels before 5.14, each gets a signal as well.
_BEFORE_DEATH = (
    ("freezer.state", THAWED),
    ("cpu.cfs_quota_us", "-1"),
    ("cpu.max", "max"),
    ("cgroup.freeze", "0"),
    ("cgroup.kill", "1"),
)
_ESCAPED = re.compile(r"\\([0-7]{3})")


def own_folders(wanted: frozenset[str], proc: Path = PROC) -> dict[str, Path]:
    """Controller -> the folder of the cgroup that we are in, for controllers mounted as v1.

    Controllers that are mounted together share a folder. The key UNIFIED has the folder of v2.
    """
    memberships = _memberships((proc / "self" / "cgroup").read_text())
    folders: dict[str, Path] = {}
    for controllers, root, mount_point in _mounts((proc / "self" / "mountinfo").read_text()):
        for controller in controllers & wanted & memberships.keys():
            membership = PurePosixPath(memberships[controller])
            inside = membership.is_relative_to(root) and ".." not in membership.parts
            below = membership.relative_to(root) if inside else PurePosixPath()
            folders.setdefault(controller, mount_point / below)
    return folders


def mount_points(wanted: frozenset[str], proc: Path = PROC) -> set[Path]:
    """The roots of these controllers' hierarchies, and of v2's, which has all controllers."""
    mounts = _mounts((proc / "self" / "mountinfo").read_text())
    return {mount_point for has, _, mount_point in mounts if has & (wanted | {UNIFIED})}


def _memberships(text: str) -> dict[str, str]:
    memberships = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        memberships.update(dict.fromkeys(controllers.split(","), path))
    return memberships


def _mounts(text: str) -> Iterator[tuple[frozenset[str], str, Path]]:
    """For each mount of cgroups: its controllers, the cgroup at its root, its mount point."""
    for line in text.splitlines():
        fields, _, rest = line.partition(" - ")
        file_system, _, options = rest.split(" ", 2)
        if file_system in ("cgroup", "cgroup2"):
            root, mount_point = (_unescape(field) for field in fields.split(" ")[3:5])
            of_v1 = frozenset(options.split(","))
            controllers = of_v1 if file_system == "cgroup" else frozenset({UNIFIED})
            yield controllers, root, Path(mount_point)


def _unescape(field: str) -> str:
    return _ESCAPED.sub(lambda code: chr(int(code[1], 8)), field)


class ControlFile:
    """A control file that stays open after its first use, for use in every invocation.

    Not for cgroup.procs: while that is open, the kernel renews its list only once a second.
    """

    def __init__(self, path: Path, flags: int) -> None:
        self._path = path
        self._flags = flags | os.O_CLOEXEC
        self._descriptor: int | None = None

    def read(self) -> bytes:
        """The whole file. Raises OSError: ENOENT or ENODEV once the cgroup has been removed."""
        return os.pread(self._opened(), _ENOUGH_BYTES, 0)

    def write(self, value: int | str) -> None:
        """Write a value. Raises OSError with the file's name."""
        try:
            os.pwrite(self._opened(), f"{value}\n".encode(), 0)
        except OSError as error:
            error.filename = self._path
            raise

    def close(self) -> None:
        """Close it; the next use opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, self._flags)
        return self._descriptor


class Group:
    """One cgroup in several hierarchies: controller -> folder."""

    def __init__(self, folders: dict[str, Path]) -> None:
        self._folders = folders

    @property
    def controllers(self) -> tuple[str, ...]:
        """Its controllers, sorted."""
        return tuple(sorted(self._folders))

    def below(self, name: str, controllers: Iterable[str] | None = None) -> Group:
        """The group `name` inside this one, which need not exist yet.

        Args:
            name: its name.
            controllers: the controllers that it has; None: all of this group.
        """
        chosen = self.controllers if controllers is None else controllers
        return Group({controller: self._folders[controller] / name for controller in chosen})

    def __or__(self, other: Group) -> Group:
        """This group, with the other group's folders for the controllers that it has."""
        return Group(self._folders | other._folders)

    def make(self) -> None:
        """Make the folders. Raises OSError."""
        for folder in self._distinct():
            folder.mkdir()

    def path(self, controller: str, file: str) -> Path:
        """The path of a control file."""
        return self._folders[controller] / file

    def has(self, controller: str, file: str = "") -> bool:
        """Whether this host has the controller and its file."""
        return controller in self._folders and (self._folders[controller] / file).exists()

    def file(self, controller: str, file: str, flags: int = os.O_RDONLY) -> ControlFile:
        """A control file that stays open until the caller closes it."""
        return ControlFile(self.path(controller, file), flags)

    def write(self, controller: str, file: str, value: int | str) -> None:
        """Set a control file. Raises OSError."""
        (self._folders[controller] / file).write_text(str(value))

    def join_files(self) -> tuple[str, ...]:
        """The files to which a process writes its id to join the group."""
        return tuple(str(folder / "cgroup.procs") for folder in self._distinct())

    def pids(self, controller: str) -> list[int]:
        """The processes in the group, in one controller's hierarchy."""
        return _pids(self._folders[controller])

    def erase(self) -> bool:
        """Kill all processes and remove the folders; False: call again, something is left."""
        # One step in each hierarchy: without the freezer's step the others would wait in vain.
        waiting = [folder for folder in self._distinct() if not erase(folder)]
        return not waiting

    def _distinct(self) -> list[Path]:
        return sorted(set(self._folders.values()))


def erase(folder: Path) -> bool:
    """Take one step to remove a cgroup with everything in it; False: call again."""
    if not folder.is_dir():
        return True
    below = [erase(Path(entry)) for entry in os.scandir(folder) if entry.is_dir()]
    for file, value in _BEFORE_DEATH:
        with contextlib.suppress(OSError):
            if (folder / file).exists():
                (folder / file).write_text(value)
    for pid in _pids(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        if all(below):
            folder.rmdir()
    return not folder.is_dir()


def _pids(folder: Path) -> list[int]:
    try:
        listed = processes.read(f"{folder}/cgroup.procs")
    except OSError:  # ENODEV while it is being removed
        return []
    # 0 is a process of another PID namespace; to kill(2) it would be our own process group.
    return [pid for pid in map(int, listed.split()) if pid > 0]


def remove_leftovers(
    hierarchies: set[Path], pause: Callable[[float], None], proc: Path = PROC
) -> list[Path]:
    """Kill and remove what dead emulators left behind, except in other PID namespaces.

    Returns:
        The folders that were removed.
    """
    leftovers = {folder for hierarchy in hierarchies for folder in _ownerless(hierarchy, proc)}
    removed: set[Path] = set()
    for _ in range(100):
        removed |= {folder for folder in leftovers - removed if erase(folder)}
        if removed == leftovers:
            break
        pause(0.01)
    return sorted(removed)


def _ownerless(hierarchy: Path, proc: Path) -> Iterator[Path]:
    for folder, names, _ in os.walk(hierarchy):
        for name in names:
            if owner.is_dead(name, proc) and _is_ours(Path(folder) / name):
                yield Path(folder) / name


def _is_ours(folder: Path) -> bool:
    """Whether this user may remove it."""
    try:
        return os.geteuid() in (0, folder.stat().st_uid)
    except FileNotFoundError:  # another emulator of its user removed it meanwhile
        return False
