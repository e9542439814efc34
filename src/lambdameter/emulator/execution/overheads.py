"""What AWS adds to an execution environment and a local one lacks: a model, labelled as one."""

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
    """Time added to each Duration, and CPU time of AWS's own processes, from the function's share.

    Half of the CPU time is used before the event is delivered, the other half after the answer.
    """

    ms: float
    cpu_ms: float = 0.0


class Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Memory of AWS's own processes: a base, and more for each MiB that is resident after Init."""

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
        """What is added to an environment.

        Args:
            package_bytes: the size of its zip.
            init_peak_mb: the peak resident size of its processes after Init, MiB.
        """
        package_mb = package_bytes / _BYTES_PER_MB
        return Modelled(
            init_ms=self.init.of(package_mb, init_peak_mb),
            invocation_ms=self.invocation.ms,
            invocation_cpu_ms=self.invocation.cpu_ms,
            memory_mb=self.memory.base_mb + self.memory.mb_per_init_mb * init_peak_mb,
            hidden_start_ms=self.hidden_start.ms_per_mb * package_mb,
        )


def shipped() -> Overheads:
    """The built-in model."""
    text = (resources.files("lambdameter.emulator.execution") / "overheads.toml").read_bytes()
    return msgspec.toml.decode(text, type=Overheads)
