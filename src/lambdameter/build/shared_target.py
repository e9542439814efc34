"""One build folder for cargo in the user's cache, shared by all checkouts and workloads.

The AWS SDK is therefore built only once. This module separates what cargo does not separate itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import platformdirs
from rich.console import Console

from lambdameter.errors import HostError

_LOCK = "lambdameter.lock"
_ROOTS = "lambdameter-roots.json"
# Fingerprints of builds for this host, and of cargo-lambda's builds for an architecture.
_FINGERPRINTS = ("release/.fingerprint", "lambda/*/*/release/.fingerprint")
# https://doc.rust-lang.org/nightly/nightly-rustc/cargo/core/compiler/fingerprint/index.html
_OF_PACKAGE = re.compile(r"(.+)-[0-9a-f]{16}")


def folder() -> Path:
    """The folder that cargo builds in."""
    return platformdirs.user_cache_path("lambdameter") / "cargo-target"


@contextlib.contextmanager
def alone(manifest: Path, console: Console) -> Iterator[None]:
    """Lock the build folder, and make sure that cargo builds this manifest's packages.

    Cargo's own lock ends with cargo, and executables of the same name share one file. Cargo also
    takes packages of the same name and path in different workspaces for the same: if another
    workspace's package was built after ours was written, cargo would use it.

    Raises:
        HostError: the folder cannot be written.
    """
    target = folder()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (target / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                console.print("waiting for another build to finish", highlight=False)
                fcntl.flock(lock, fcntl.LOCK_EX)
            _claim(target, _roots(manifest))
            yield
    except OSError as failure:
        raise HostError(
            f"Rust cannot be built: {failure}",
            place=str(target),
            next_step="Make this folder yours and writable, with free space.",
        ) from failure


def _roots(manifest: Path) -> dict[str, str]:
    """Package -> its workspace's root, for the manifest's workspace; empty if cargo fails."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1", "--manifest-path"]
    ended = subprocess.run(
        [*command, str(manifest)], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    try:
        document = msgspec.json.decode(ended.stdout)
        return {package["name"]: document["workspace_root"] for package in document["packages"]}
    except (msgspec.DecodeError, KeyError, TypeError):
        return {}


def _claim(target: Path, roots: Mapping[str, str]) -> None:
    """Delete cargo's fingerprints of these packages from other workspaces."""
    file = target / _ROOTS
    try:
        recorded = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, msgspec.MsgspecError):
        recorded = {}
    others = {name for name, root in roots.items() if recorded.get(name) != root}
    if not others:
        return
    for fingerprints in (path for where in _FINGERPRINTS for path in target.glob(where)):
        for fingerprint in fingerprints.iterdir():
            package = _OF_PACKAGE.fullmatch(fingerprint.name)
            if package and package[1] in others:
                shutil.rmtree(fingerprint)
    file.write_bytes(msgspec.json.encode({**recorded, **roots}))
