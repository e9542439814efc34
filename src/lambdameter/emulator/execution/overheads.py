"""What AWS adds to an execution environment and a local one lacks: modelled, and labelled so."""

from __future__ import annotations

from importlib import resources

import msgspec

from lambdameter.model.sample import Modelled

_BYTES_PER_MB = 1_000_000


class PerPackage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time for each MB of the package (the zip, as CodeSize has it)."""

    ms_per_mb: float


class Init(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time for each MB of the package, and for each MiB that is resident after Init."""

    ms_per_mb: float
    ms_per_init_mb: float = 0.0

    def of(self, package_mb: float, init_peak_mb: float) -> float:
        """The time that Init takes longer, ms."""
        return self.ms_per_mb * package_mb + self.ms_per_init_mb * init_peak_mb


class PerInvocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time of each, within Duration; and CPU time beside the function's processes, of its share.

    Half of that is used before the event is handed over, the other half after the answer.
    """

    ms: float
    cpu_ms: float = 0.0


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Used beside the function's own processes: a base, and for each MiB resident after Init."""

    base_mb: float
    mb_per_init_mb: float


class Overheads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """overheads.toml."""

    name: str
    init: Init
    invocation: PerInvocation
    memory: Memory
    hidden_start: PerPackage

    def of(self, package_bytes: int, init_peak_mb: float) -> Modelled:
        """For an environment with this package, whose processes had this much after Init."""
        package_mb = package_bytes / _BYTES_PER_MB
        return Modelled(
            init_ms=self.init.of(package_mb, init_peak_mb),
            invocation_ms=self.invocation.ms,
            invocation_cpu_ms=self.invocation.cpu_ms,
            memory_mb=self.memory.base_mb + self.memory.mb_per_init_mb * init_peak_mb,
            hidden_start_ms=self.hidden_start.ms_per_mb * package_mb,
        )


def shipped() -> Overheads:
    """The model that comes with lambdameter."""
    text = (resources.files("lambdameter.emulator.execution") / "overheads.toml").read_bytes()
    return msgspec.toml.decode(text, type=Overheads)
