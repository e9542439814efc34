"""One variant of a workload -> its deployment package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import platformdirs
from rich.console import Console

from lambdameter.build import cargo, elf
from lambdameter.build.archive import Member, folder_members, write
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.artifact import Artifact
from lambdameter.model.base import Architecture
from lambdameter.model.race_declaration import RaceFunction
from lambdameter.model.workload import Variant, Workload

# The file that Lambda starts on an OS-only runtime:
# https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
BOOTSTRAP = "bootstrap"


def make(
    workload: Workload,
    variant: Variant,
    architecture: Architecture,
    console: Console,
    cache: Path | None = None,
) -> Artifact:
    """Build a variant if necessary, and package it.

    Args:
        workload: the workload of the variant.
        variant: the variant to package.
        architecture: architecture of every binary in the package.
        console: shows the progress of a long build (stderr).
        cache: folder for packages; None: the user's cache.

    Raises:
        BadInputError: the code does not compile, or a binary is for another architecture.
        HostError: a tool is missing, or the cache cannot be written.
    """
    source = Path(workload.root) / variant.source

    def members() -> dict[str, Member]:
        if variant.build == "copy":
            return folder_members(source)
        return _bootstrap(source, variant, console)

    return packaged(variant, architecture, source, members, cache)


def packaged(
    about: Variant | RaceFunction,
    architecture: Architecture,
    source: Path,
    members: Callable[[], dict[str, Member]],
    cache: Path | None,
) -> Artifact:
    """The deployment package of a function.

    Args:
        about: the function.
        architecture: architecture of every binary in the package.
        source: source folder, for errors.
        members: builds or reads the files.
        cache: folder for packages; None: the user's cache.

    Raises:
        BadInputError: a binary is for another architecture.
        HostError: a source cannot be read, or the cache cannot be written.
    """
    packages = cache or platformdirs.user_cache_path("lambdameter") / "packages"
    try:
        files = members()
        check(files, architecture, source)
        archive = write(files, packages)
    except OSError as failure:
        raise HostError(
            f"The package of {about.name} cannot be built: {failure}",
            place=str(source),
            next_step=f"Make the source readable, and {packages} writable with free space.",
        ) from failure
    return Artifact(
        variant=about.name,
        path=str(archive.path),
        sha256=archive.sha256,
        zip_bytes=archive.zip_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        runtime=about.runtime,
        handler=about.handler,
        architecture=architecture,
    )


def _bootstrap(source: Path, variant: Variant, console: Console) -> dict[str, Member]:
    binary = variant.binary or variant.name
    built = cargo.executable(
        source / "Cargo.toml",
        console,
        binary,
        features=variant.features,
        environment=variant.build_environment,
    )
    return {BOOTSTRAP: Member(built, runnable=True)}


def check(members: Mapping[str, Member], architecture: Architecture, source: Path) -> None:
    """Raise BadInputError if there is no file, or a binary for another architecture."""
    if not members:
        raise BadInputError(
            "There is nothing to package in this folder",
            place=str(source),
            next_step="Put the handler into this folder; dotfiles and __pycache__ are "
            "never packaged.",
        )
    for name, member in members.items():
        if not elf.is_elf(member.content):
            continue
        built_for = elf.machine(member.content)
        if built_for != architecture:
            raise BadInputError(
                f"{name} is built for {built_for}, and the function runs on {architecture}",
                place=str(source),
                next_step=f"Build this file for {architecture}, or remove it from the package.",
            )
