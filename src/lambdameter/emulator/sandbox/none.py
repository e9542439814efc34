"""No enforcement: a process of the user, which can be stopped, counted and killed."""

from __future__ import annotations

from pathlib import Path

from lambdameter.emulator.sandbox import launch, sessions
from lambdameter.emulator.sandbox.base import NO_ADJUSTMENT, HostAdjustment
from lambdameter.emulator.sandbox.sessions import SessionSandbox
from lambdameter.model.sample import Enforcement


class NoSandbox(SessionSandbox):
    """One execution environment without limits."""

    def throttle(self) -> None:
        """Nothing is enforced."""

    def unthrottle(self) -> None:
        """Nothing is enforced."""


class NoEnforcement:
    """Makes sandboxes that enforce nothing, on any Linux host and for any user."""

    has_pacer_files = False

    def __init__(self, missing: str) -> None:
        self.enforcement = Enforcement(
            by="none",
            cpu="",
            memory="",
            freeze="SIGSTOP",
            isolation=f"{launch.ON_HOST}, {launch.DESCRIPTORS:,} descriptors",
            missing=missing,
        )

    def create(
        self,
        name: str,  # noqa: ARG002  the sandbox has no name
        memory_mb: int,  # noqa: ARG002  nothing is enforced
        adjustment: HostAdjustment = NO_ADJUSTMENT,  # noqa: ARG002  as memory_mb
    ) -> NoSandbox:
        """Make an empty sandbox."""
        return NoSandbox()

    def close(self) -> None:
        """Do nothing: the sandboxes share nothing."""


def grant(state: Path, missing: str) -> NoEnforcement:
    """Make the factory. Raises HostError: this host cannot start functions."""
    sessions.check(state)
    return NoEnforcement(
        missing
        or 'The sandbox "none" was chosen, so neither CPU share nor memory limit is enforced.'
    )
