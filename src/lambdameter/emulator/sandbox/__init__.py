"""Sandboxes, which enclose an execution environment; `detect` picks the best that a host grants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lambdameter.emulator.sandbox import cgroup_v1, cgroup_v2, duty_cycle, none
from lambdameter.emulator.sandbox.base import SandboxFactory
from lambdameter.emulator.sandbox.cgroup import AbsentError
from lambdameter.errors import BadInputError, HostError

__all__ = ["AUTO", "WAYS", "Grant", "detect"]

AUTO = "auto"
Grant = Callable[[Path, str], SandboxFactory]
"""(state folder, why better sandboxes are not granted) -> factory, or HostError."""

WAYS: Mapping[str, Grant] = {
    "cgroup-v2": cgroup_v2.grant,
    "cgroup-v1": cgroup_v1.grant,
    "duty-cycle": duty_cycle.grant,
    "none": none.grant,
}
"""Every sandbox by its name, the best first."""


def detect(state: Path, wanted: str = AUTO, ways: Mapping[str, Grant] = WAYS) -> SandboxFactory:
    """The factory of the sandbox `wanted`, or of the best one that this host grants ("auto").

    Args:
        state: the emulator's own folder, which must exist; functions' code is below it.
        wanted: "auto" or a key of `ways`.
        ways: name -> what makes the factory, the best sandbox first.

    Raises:
        BadInputError: there is no sandbox of that name.
        HostError: this host does not grant that sandbox, or none at all.
    """
    if wanted != AUTO and wanted not in ways:
        raise BadInputError(
            f"There is no sandbox named {wanted!r}",
            place="--sandbox",
            next_step=f"Choose from {AUTO}, {', '.join(ways)}.",
        )
    refusals: list[HostError] = []
    for name, grant in ways.items():
        if wanted in (AUTO, name):
            try:
                return grant(state, _why(refusals))
            except HostError as refusal:
                refusals.append(refusal)
    raise refusals[-1]


def _why(refusals: list[HostError]) -> str:
    """The refusals that the user can do something about; all of them, if there are none."""
    curable = [refusal for refusal in refusals if not isinstance(refusal, AbsentError)]
    return " ".join(map(str, curable or refusals))
