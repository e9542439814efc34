"""A function of the race -> its package, and its source files."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from lambdameter.build import artifact
from lambdameter.build.archive import Member, folder_members
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.artifact import Artifact
from lambdameter.model.base import Architecture
from lambdameter.model.race_declaration import RaceFunction
from lambdameter.model.race_records import SourceFile

Build = Callable[[Path, str], bytes]
_LANGUAGES = {".py": "python", ".rs": "rust"}


def make(
    function: RaceFunction,
    root: Path,
    architecture: Architecture,
    build: Build,
    cache: Path | None = None,
) -> Artifact:
    """Build a function if necessary, and package it.

    Args:
        function: the function to package.
        root: root of the checkout.
        architecture: architecture of every binary in the package.
        build: a crate's folder and the name of a binary -> executable: cargo for this host,
            cross.build for AWS.
        cache: folder for packages; None: the user's cache.

    Raises:
        BadInputError: the code does not compile, two sources have the same file, or a binary is for
            another architecture.
        HostError: a source cannot be read, or the cache cannot be written.
    """
    sources = [root / folder for folder in function.sources]

    def members() -> dict[str, Member]:
        if function.build == "copy":
            return _together(sources)
        executable = build(sources[0], function.binary or function.name)
        return {artifact.BOOTSTRAP: Member(executable, runnable=True)}

    return artifact.packaged(function, architecture, sources[-1], members, cache)


def sources(function: RaceFunction, root: Path) -> tuple[SourceFile, ...]:
    """The source files of a function; for cargo also of the local crates that it depends on.

    Raises:
        HostError: a source cannot be read.
    """
    folders = [root / folder for folder in function.sources]
    if function.build == "cargo":
        folders = [*_crates_beside(folders[0]), folders[0]]
    try:
        return tuple(
            SourceFile(
                path=str(file.relative_to(root)),
                language=_LANGUAGES[file.suffix],
                text=file.read_text(encoding="utf-8"),
            )
            for folder in folders
            for file in sorted(folder.rglob("*"))
            if file.suffix in _LANGUAGES and not {"examples", "target"} & set(file.parts)
        )
    except (OSError, UnicodeDecodeError) as failure:
        raise HostError(
            f"The source of {function.name} cannot be read: {failure}",
            place=str(root),
            next_step="Run lambdameter from a complete checkout.",
        ) from failure


def _crates_beside(crate: Path) -> Iterator[Path]:
    manifest = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))
    for wanted in manifest.get("dependencies", {}).values():
        if isinstance(wanted, dict) and "path" in wanted:
            yield (crate / wanted["path"]).resolve()


def _together(sources: list[Path]) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for source in sources:
        added = folder_members(source)
        for name in members.keys() & added.keys():
            raise BadInputError(
                f"Two source folders of one function contain a file {name}",
                place=str(source),
                next_step="Rename one of the two files.",
            )
        members |= added
    return members
