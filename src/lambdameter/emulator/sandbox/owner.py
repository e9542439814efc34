"""Names of what an emulator makes on its host: they tell the owner, and so whether it is dead."""

from __future__ import annotations

import re
from pathlib import Path

from lambdameter.emulator.sandbox.processes import PROC, start_ticks

_OWNED = re.compile(r"lambdameter-(?P<pid>\d+)-(?P<ticks>\d+)-(?P<namespace>\d+)-\w+")


def name(pid: int, suffix: int | str, proc: Path = PROC) -> str:
    """A name with its owner's pid, start time and PID namespace; `suffix` makes it unique."""
    return f"lambdameter-{pid}-{start_ticks(pid, proc)}-{pid_namespace(proc)}-{suffix}"


def is_dead(name: str, proc: Path = PROC) -> bool:
    """Whether this is such a name, and its owner is certainly dead.

    False for another PID namespace: its process ids mean nothing here.
    """
    owned = _OWNED.fullmatch(name)
    return (
        owned is not None
        and int(owned["namespace"]) == pid_namespace(proc)
        and int(owned["ticks"]) != start_ticks(int(owned["pid"]), proc)
    )


def pid_namespace(proc: Path = PROC) -> int:
    """The PID namespace of this process."""
    return (proc / "self" / "ns" / "pid").stat().st_ino
