"""What AWS adds to an execution environment and a local one lacks: modelled, and labelled so."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.model import CodeKind, Modelled

_BYTES_PER_MB = 1_000_000


class Added(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To each environment of one kind of code.

    Attributes:
        init_ms: to the Init phase; it is really waited for, so that every clock has it.
        memory_mb: of AWS's own processes: in Max Memory Used, and taken from the tier.
    """

    init_ms: float
    memory_mb: int


class HiddenStart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What comes before Init and is in no log line: fetching and mounting the package."""

    floor_ms: float
    ms_per_mb: float


class Overheads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """overheads.toml."""

    name: str
    interpreter: Added
    compiled: Added
    hidden_start: HiddenStart

    def of(self, kind: CodeKind, package_bytes: int) -> Modelled:
        """For a function with a package of this size (the zip)."""
        added = self.interpreter if kind == "interpreter" else self.compiled
        hidden = self.hidden_start
        return Modelled(
            init_ms=added.init_ms,
            memory_mb=added.memory_mb,
            hidden_start_ms=hidden.floor_ms + hidden.ms_per_mb * package_bytes / _BYTES_PER_MB,
        )


def shipped() -> Overheads:
    """The model that comes with lambdameter."""
    text = (resources.files("lambdameter.emulator") / "overheads.toml").read_bytes()
    return msgspec.toml.decode(text, type=Overheads)
