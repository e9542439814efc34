"""The output of `cargo build --message-format=json` as counts, executables and errors.

https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

# Messages of cargo and build scripts about the machine instead of the code.
_HOST_FAULTS = (
    "failed to download",
    "failed to fetch",
    "failed to get",
    "could not resolve",
    "failed to find tool",
    "is not installed",
    "linker `",
    "No space left",
    "requires rustc",
)
# The weight of an empty crate: a guess that steadies the remaining time in the first minute.
_ANY_CRATE = 50_000


class CompileError(msgspec.Struct, frozen=True, kw_only=True):
    """The compiler's first error; place: file:line."""

    message: str
    place: str | None


class Build:
    """The progress of one cargo process.

    Attributes:
        fresh: ids of packages that were built before.
        built: ids of packages that this process built.
        executables: binary target -> its file.
        ambiguous: binary targets of several packages, which overwrite each other's file.
        current: the crate that cargo named last, or what cargo waits for.
        compiling: whether cargo compiles; before, it downloads, or waits for another cargo in the
            same folder.
        error: the compiler's first error.
    """

    def __init__(self) -> None:
        self.fresh: set[str] = set()
        self.built: set[str] = set()
        self.executables: dict[str, Path] = {}
        self.ambiguous: set[str] = set()
        self._package_of: dict[str, str] = {}
        self.current = ""
        self.compiling = False
        self.error: CompileError | None = None
        self._output: list[str] = []

    @property
    def complaint(self) -> str:
        """Cargo's own first error, or its last message."""
        errors = [line for line in self._output if line.startswith("error")]
        first = (errors or self._output[-1:] or ["no reason given"])[0]
        return first.removeprefix("error: ").rstrip(".")

    @property
    def lacks_host(self) -> bool:
        """Whether the build failed because of the machine, not because of the code."""
        output = "\n".join(self._output)
        if self.error is not None and "linker" not in self.error.message:
            return False
        return any(sign in output for sign in _HOST_FAULTS)

    def feed(self, stream: str, line: str) -> None:
        """Take one line of cargo's stdout (JSON messages) or stderr (messages for users)."""
        if stream == "stderr":
            self._take_status(line.strip())
            return
        try:
            message = msgspec.json.decode(line)
        except msgspec.DecodeError:
            return  # a wrapper around cargo may print other lines
        if message.get("reason") == "compiler-artifact":
            self._take_artifact(message)
        elif message.get("reason") == "compiler-message":
            self._take_diagnostic(message["message"])

    def _take_status(self, text: str) -> None:
        if not text:
            return
        self._output.append(text)
        verb, _, rest = text.partition(" ")
        if verb in ("Compiling", "Downloading", "Downloaded", "Blocking", "Updating"):
            self.current = rest.strip() if verb == "Compiling" else text
            self.compiling = self.compiling or verb == "Compiling"

    def _take_artifact(self, message: Mapping[str, Any]) -> None:
        if "custom-build" not in message["target"]["kind"]:
            (self.fresh if message["fresh"] else self.built).add(message["package_id"])
        if message.get("executable") and "bin" in message["target"]["kind"]:
            name = message["target"]["name"]
            self.executables[name] = Path(message["executable"])
            if self._package_of.setdefault(name, message["package_id"]) != message["package_id"]:
                self.ambiguous.add(name)

    def _take_diagnostic(self, diagnostic: Mapping[str, Any]) -> None:
        if diagnostic["level"] != "error" or self.error is not None:
            return
        spans = [span for span in diagnostic["spans"] if span["is_primary"]]
        place = f"{spans[0]['file_name']}:{spans[0]['line_start']}" if spans else None
        label = (spans[0].get("label") if spans else None) or ""
        text = f"{diagnostic['message']}: {label}" if label else diagnostic["message"]
        self.error = CompileError(message=text, place=place)


def weights(metadata: bytes, binaries: Sequence[str]) -> dict[str, int]:
    """Package id -> its weight, for every package that a build needs.

    The weight is the bytes of the Rust sources plus a constant for starting a compiler: a generated
    SDK is as much work as a hundred small crates.

    Args:
        metadata: output of `cargo metadata`.
        binaries: the names of the binary targets to build.

    Returns:
        Empty if the metadata is not JSON.
    """
    try:
        document = msgspec.json.decode(metadata)
    except msgspec.DecodeError:
        return {}
    nodes = {node["id"]: node for node in document["resolve"]["nodes"]}
    needed: set[str] = set()
    waiting = [
        package["id"]
        for package in document["packages"]
        if package["id"] in document["workspace_members"]
        and any(target["name"] in binaries for target in package["targets"])
    ]
    while waiting:
        package = waiting.pop()
        if package in needed:
            continue
        needed.add(package)
        waiting += [
            dependency["pkg"]
            for dependency in nodes[package]["deps"]
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
        ]
    return {
        package["id"]: _source_bytes(Path(package["manifest_path"]).parent)
        for package in document["packages"]
        if package["id"] in needed
    }


def _source_bytes(folder: Path) -> int:
    return _ANY_CRATE + sum(
        Path(parent, name).stat().st_size
        for parent, _, files in os.walk(folder / "src")
        for name in files
        if name.endswith(".rs")
    )
