"""The published texts whose figures may stand beside ours."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.model import ClaimSource


def tables() -> dict[str, bytes]:
    """The published texts as tables for an audit: id -> CSV."""
    folder = resources.files("lambdameter.claims") / "tables"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".csv"): file.read_bytes()
        for file in files
        if file.name.endswith(".csv")
    }


def sources() -> tuple[ClaimSource, ...]:
    """Every source that is shipped, by id."""
    files = (
        file
        for file in resources.files("lambdameter.claims").iterdir()
        if file.name.endswith(".toml")
    )
    found = (msgspec.toml.decode(file.read_bytes(), type=ClaimSource) for file in files)
    return tuple(sorted(found, key=lambda source: source.id))
