"""The live race's page, as one HTML file in the user's cache."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from lambdameter.errors import HostError


def find() -> Path:
    """The built page. Raises HostError where it was never built."""
    page = platformdirs.user_cache_path("lambdameter") / "page" / "index.html"
    if page.is_file():
        return page
    raise HostError(
        "The live race's page is not built",
        place=str(page),
        next_step="Install Node.js 20.19 or newer with npm, and run `make setup`.",
    )
