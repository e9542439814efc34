"""Which of Lambda's limits this host enforces, checked before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from lambdameter.analysis import caveats
from lambdameter.errors import HostError
from lambdameter.model.sample import TargetInfo


def check_granted(
    info: TargetInfo, memory_sizes: Sequence[int], console: Console, *, required: bool
) -> None:
    """Print a warning for each limit that this host does not enforce or cannot grant.

    Raises:
        HostError: a limit is not enforced, and `required` is set.
    """
    lacking = caveats.enforcement(info.enforcement, memory_sizes)
    if lacking and required:
        raise HostError(
            f"This host does not enforce Lambda's limits: {lacking[0]}",
            place="--require-enforcement",
            next_step="Follow this advice, or omit --require-enforcement: reports then "
            "say which limits are not enforced.",
        )
    for warning in lacking:
        console.print(f"warning: {warning}", markup=False, soft_wrap=True)
