"""The name of what an emulator makes on its host tells whose it is, and so whether it may go."""

from __future__ import annotations

import re
from pathlib import Path

from lambdameter.emulator.sandbox.processes import PROC, start_ticks

_OWNED = re.compile(r"lambdameter-(?P<pid>\d+)-(?P<ticks>\d+)-(?P<namespace>\d+)-\w+")


def name(pid: int, which: int | str, proc: Path = PROC) -> str:
    """Pid and start time of the owner, in which PID namespace; `which` tells its things apart."""
    return f"lambdameter-{pid}-{start_ticks(pid, proc)}-{pid_namespace(proc)}-{which}"


def is_dead(name: str, proc: Path = PROC) -> bool:
    """Whether this is such a name and its owner surely dead.

    Of another PID namespace's one cannot tell: process ids mean nothing outside it.
    """
    owned = _OWNED.fullmatch(name)
    return (
        owned is not None
        and int(owned["namespace"]) == pid_namespace(proc)
        and int(owned["ticks"]) != start_ticks(int(owned["pid"]), proc)
    )


def pid_namespace(proc: Path = PROC) -> int:
    """The one that this process is in."""
    return (proc / "self" / "ns" / "pid").stat().st_ino
