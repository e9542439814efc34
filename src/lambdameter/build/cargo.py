"""`cargo build` with a progress bar, and its failures as errors with a next step.

`python -m lambdameter.build.cargo` builds lambdameter's own programs. Every binary is built with
the features that the whole workspace asks for (`--workspace --bin`), so that what one build made is
not made again by another.
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console

from lambdameter.binaries import PROGRAMS
from lambdameter.build import compiled, shared_target
from lambdameter.build.compiled import Build
from lambdameter.build.progress import Bar
from lambdameter.errors import BadInputError, HostError, LambdameterError

# A build that has nothing to do ends before this time and shows no bar.
_QUIET_S = 1.0
_REDRAW_S = 0.5

_Line = tuple[str, str]


def build(manifest: Path, console: Console, binaries: Sequence[str]) -> None:
    """Build these binary targets of a workspace.

    Raises:
        BadInputError: the manifest or the code has an error.
        HostError: cargo or a C compiler is missing, or a crate cannot be downloaded.
    """
    _check_tools()
    with shared_target.alone(manifest, console):
        _run(manifest, console, binaries)


def executable(
    manifest: Path,
    console: Console,
    binary: str,
    *,
    features: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Build one binary target.

    `features` replace the default features of all crates in the workspace: cargo unifies features
    within a build, so another crate's defaults would change this crate's dependencies.
    `environment` has additional variables for build scripts.

    Raises:
        BadInputError: the manifest or the code has an error, or several crates have a binary of
            this name.
        HostError: cargo or a C compiler is missing, or a crate cannot be downloaded.
    """
    _check_tools()
    with shared_target.alone(manifest, console):
        built = _run(manifest, console, [binary], features, environment)
        if binary in built.ambiguous:
            raise BadInputError(
                "Several crates of this workspace have a binary target "
                f"{binary!r}, and cargo would write all of them to one file",
                place=str(manifest),
                next_step="Give each binary target a different name, under [[bin]].",
            )
        if binary not in built.executables:
            raise BadInputError(
                f"cargo did not build an executable named {binary!r}",
                place=str(manifest),
                next_step="Name one of the crate's binary targets in workload.toml.",
            )
        return built.executables[binary].read_bytes()


def _run(
    manifest: Path,
    console: Console,
    binaries: Sequence[str],
    features: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Build:
    command = _command(manifest, binaries, features)
    result = Build()
    with subprocess.Popen(
        [*command, "--message-format=json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        # A process group of its own, so that cargo's compilers end with cargo.
        process_group=0,
        env=os.environ | {"CARGO_TARGET_DIR": str(shared_target.folder()), **(environment or {})},
    ) as cargo:
        try:
            _watch(cargo, result, console, lambda: compiled.weights(_metadata(manifest), binaries))
        except BaseException:
            os.killpg(cargo.pid, signal.SIGTERM)
            raise
    if cargo.returncode:
        raise _failure(result, manifest, command)
    return result


def _command(manifest: Path, binaries: Sequence[str], features: Sequence[str] | None) -> list[str]:
    command = ["cargo", "build", "--release", "--locked", "--manifest-path", str(manifest)]
    command += ["--workspace", *(word for name in binaries for word in ("--bin", name))]
    if features is None:
        return command
    return [*command, "--no-default-features", "--features", ",".join(features)]


def _check_tools() -> None:
    for tool, why, how in (
        ("cargo", "Rust variants are built with cargo", "Install Rust: https://rustup.rs"),
        ("cc", "Rust links with a C compiler", "Install gcc (Debian: apt install gcc)"),
    ):
        if shutil.which(tool) is None:
            raise HostError(
                f"{why}, and {tool} was not found", place=f"{tool}, on PATH", next_step=f"{how}."
            )


def _watch(
    cargo: subprocess.Popen[str],
    result: Build,
    console: Console,
    weigh: Callable[[], dict[str, int]],
) -> None:
    """Feed cargo's output to the result until cargo ends; show a bar for a long build."""
    lines = _lines(cargo)
    started = time.monotonic()
    bar: Bar | None = None
    try:
        for line in lines:
            if line is not None:
                result.feed(*line)
            elapsed = time.monotonic() - started
            if bar is None and elapsed > _QUIET_S:
                bar = Bar(console, weigh())
            if bar is not None:
                bar.show(result, elapsed)
    finally:
        if bar is not None:
            bar.close()


def _lines(cargo: subprocess.Popen[str]) -> Iterator[_Line | None]:
    """Each line with its stream's name, as it arrives; None at regular times in between."""
    output: queue.SimpleQueue[_Line | None] = queue.SimpleQueue()

    def read(name: str, stream: IO[str]) -> None:
        for line in stream:
            output.put((name, line))
        output.put(None)

    for name, stream in (("stdout", cargo.stdout), ("stderr", cargo.stderr)):
        if stream is not None:
            threading.Thread(target=read, args=(name, stream), daemon=True).start()
    open_streams = 2
    while open_streams:
        try:
            line = output.get(timeout=_REDRAW_S)
        except queue.Empty:
            yield None
            continue
        if line is None:
            open_streams -= 1
        else:
            yield line


def _metadata(manifest: Path) -> bytes:
    """Cargo's metadata on the dependencies for this machine; empty if cargo fails."""

    def ask(*command: str) -> bytes:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).stdout

    host = re.search(rb"^host: (\S+)$", ask("cargo", "--version", "--verbose"), re.MULTILINE)
    platform = ["--filter-platform", host[1].decode()] if host else []
    about = ["--format-version=1", "--locked", "--manifest-path", str(manifest)]
    return ask("cargo", "metadata", *about, *platform)


def _failure(result: Build, manifest: Path, command: list[str]) -> LambdameterError:
    again = " ".join(command)
    if result.error is not None:
        return BadInputError(
            f"The code does not compile: {result.error.message}",
            place=_place(result.error.place, manifest),
            next_step=f"See the full output with: {again}",
        )
    if "--locked" in result.complaint:
        return BadInputError(
            "The crate's Cargo.lock is missing or out of date",
            place=str(manifest),
            next_step=f"Create Cargo.lock with: cargo generate-lockfile --manifest-path {manifest}",
        )
    if result.lacks_host:
        return HostError(
            f"cargo cannot build here: {result.complaint}",
            place=str(manifest),
            next_step=f"See the full output with: {again}",
        )
    return BadInputError(
        f"cargo failed: {result.complaint}",
        place=str(manifest),
        next_step=f"See the full output with: {again}",
    )


def _place(reported: str | None, manifest: Path) -> str:
    """The full path of a file that the compiler names relative to the workspace's root."""
    if reported is None:
        return str(manifest)
    file = reported.rpartition(":")[0]
    roots = manifest.absolute().parents
    return next((str(root / reported) for root in roots if (root / file).is_file()), reported)


def main(arguments: list[str] | None = None) -> int:
    """Build lambdameter's own programs; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lambdameter.build.cargo",
        description="Build binary targets of a Cargo workspace into lambdameter's cache.",
    )
    parser.add_argument("binaries", nargs="*", default=PROGRAMS, help="binary targets to build")
    parser.add_argument("--manifest-path", type=Path, default=Path("Cargo.toml"))
    parsed = parser.parse_args(arguments)
    console = Console(stderr=True)
    try:
        build(parsed.manifest_path, console, parsed.binaries)
    except LambdameterError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
