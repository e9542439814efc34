"""The published texts whose figures may stand beside ours."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.model import ClaimSource


def sources() -> tuple[ClaimSource, ...]:
    """Every source that is shipped, by id."""
    files = (
        file
        for file in resources.files("lambdameter.claims").iterdir()
        if file.name.endswith(".toml")
    )
    found = (msgspec.toml.decode(file.read_bytes(), type=ClaimSource) for file in files)
    return tuple(sorted(found, key=lambda source: source.id))
