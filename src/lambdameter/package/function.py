"""One function of the race -> its package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs

from lambdameter.errors import BadInputError, HostError
from lambdameter.model import Architecture, RaceFunction
from lambdameter.package import artifact
from lambdameter.package.archive import Archive, Member, folder_members, write

Build = Callable[[Path, str], Path]


def make(
    function: RaceFunction,
    root: Path,
    architecture: Architecture,
    build: Build,
    cache: Path | None = None,
) -> Archive:
    """Build a function if need be, and package it.

    Args:
        function: what is packaged.
        root: of the checkout, where its sources are found.
        architecture: what every binary in the package must be built for.
        build: makes an executable of a crate's folder and the name of a binary: cargo's for this
            host, cross.build for AWS.
        cache: where packages are kept; defaults to the user's.

    Raises:
        BadInputError: it does not compile, two sources have one file, or a binary is for another
            architecture.
        HostError: a source cannot be read, or the cache not written.
    """
    kept = cache or platformdirs.user_cache_path("lambdameter") / "packages"
    sources = [root / one for one in function.sources]
    try:
        if function.build == "cargo":
            executable = build(sources[0], function.binary or function.name)
            members = {artifact.BOOTSTRAP: Member(executable.read_bytes(), runnable=True)}
        else:
            members = _together(sources)
        artifact.check(members, architecture, sources[-1])
        return write(members, kept)
    except OSError as failure:
        raise HostError(
            f"The package of {function.name} cannot be made: {failure}",
            place=str(sources[-1]),
            next_step=f"The source must be readable, and {kept} writable with space left.",
        ) from failure


def _together(sources: list[Path]) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for source in sources:
        added = folder_members(source)
        for name in members.keys() & added.keys():
            raise BadInputError(
                f"Two sources of one function have a file {name}",
                place=str(source),
                next_step="Rename one of them.",
            )
        members |= added
    return members
