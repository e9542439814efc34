"""What this host grants of Lambda's limits, told before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from lambdameter.analysis import caveats
from lambdameter.errors import HostError
from lambdameter.model.sample import Enforcement, TargetInfo


def check_granted(
    info: TargetInfo, tiers: Sequence[int], console: Console, *, required: bool
) -> None:
    """Before anything is measured: what this host does not enforce, or cannot grant, is told.

    Raises:
        HostError: something is lacking, and all is required.
    """
    lacking = not_granted(info.enforcement, tiers)
    if lacking and required:
        raise HostError(
            f"This host does not enforce Lambda's limits: {lacking[0]}",
            place="--require-enforcement",
            next_step="Follow this advice, or omit --require-enforcement: reports then "
            "say which limits are not enforced.",
        )
    for warning in lacking:
        console.print(f"warning: {warning}", markup=False, soft_wrap=True)


def not_granted(enforced: Enforcement | None, memory_mb: Sequence[int]) -> list[str]:
    """What a target does not enforce of Lambda's limits at these tiers; empty: it does."""
    if enforced is None:
        return []
    lacks = []
    if enforced.by == "none":
        lacks.append(f"NO LIMIT IS ENFORCED, neither CPU nor memory: {enforced.missing}")
    elif enforced.by == "duty cycle":
        lacks.append(
            f"CPU AND MEMORY LIMITS ARE ONLY APPROXIMATED BY A DUTY CYCLE: {enforced.missing}"
        )
    elif enforced.missing:
        lacks.append(enforced.missing)
    return lacks + [
        f"at {tier:,} MB: {lack}" for tier in memory_mb for lack in caveats.tier(enforced, tier)
    ]
