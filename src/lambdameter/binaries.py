"""Where our own compiled programs are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

from lambdameter.errors import HostError

PROGRAMS = (
    "lambdameter-services",
    "lambdameter-launch",
    "lambdameter-slow-core",
    "lambdameter-kernel",
)


def find(name: str) -> Path:
    """The program `name`: installed beside this Python, else built in the user's cache.

    Raises:
        HostError: it is in neither place.
    """
    places = (
        Path(sys.prefix) / "bin" / name,
        platformdirs.user_cache_path("lambdameter") / "cargo-target" / "release" / name,
    )
    for place in places:
        if os.access(place, os.X_OK):
            return place
    raise HostError(
        f"The program {name} is not built",
        place=" or ".join(str(place.parent) for place in places),
        next_step="Run `make setup`.",
    )
