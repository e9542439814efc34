"""Rust functions for AWS: `cargo lambda build`, which cross-compiles with zig."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from lambdameter.build import shared_target
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.base import Architecture

Run = Callable[[Sequence[str], Path, Mapping[str, str]], int]

# https://www.cargo-lambda.info/commands/build.html
_FLAGS: dict[Architecture, str] = {"arm64": "--arm64", "x86_64": "--x86-64"}


def check(run: Run, folder: Path) -> None:
    """Raise HostError if cargo-lambda is missing."""
    if run(["cargo", "lambda", "--version"], folder, {}):
        raise HostError(
            "Functions for AWS are built with cargo-lambda, which was not found",
            place="cargo lambda, on PATH",
            next_step="Install cargo-lambda with its zig: uv pip install --python .venv "
            "cargo-lambda",
        )


def build(crate: Path, binary: str, architecture: Architecture, run: Run) -> bytes:
    """Build one binary of a crate.

    Returns:
        The executable.

    Raises:
        BadInputError: the code does not compile; cargo printed the reason on stderr.
    """
    target = shared_target.folder() / "lambda" / architecture
    command = ["cargo", "lambda", "build", "--release", "--locked", _FLAGS[architecture]]
    command += ["--manifest-path", str(crate / "Cargo.toml"), "--bin", binary]
    command += ["--lambda-dir", str(target / "functions")]
    with shared_target.alone(crate / "Cargo.toml", Console(stderr=True)):
        if run(command, crate, {"CARGO_TARGET_DIR": str(target)}):
            raise BadInputError(
                f"cargo lambda could not build {binary} for {architecture}",
                place=str(crate),
                next_step=f"Read its output above; repeat with: {' '.join(command)}",
            )
        return (target / "functions" / binary / "bootstrap").read_bytes()
