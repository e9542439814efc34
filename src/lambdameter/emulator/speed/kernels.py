"""Work whose time on a Lambda vCPU is published: a chain of SHA-256 digests, in two languages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from importlib import resources
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from lambdameter.errors import HostError
from lambdameter.model import Architecture

# Without the instructions for SHA-256, which Lambda's x86 does not have: OpenSSL's own switches.
# https://docs.openssl.org/3.0/man3/OPENSSL_ia32cap/ and crypto/armcap.c
NO_HASH_INSTRUCTIONS = {"OPENSSL_ia32cap": ":~0x20000000", "OPENSSL_armcap": "0"}

# As crates/kernel has it.
PYTHON = """
import hashlib, sys, time
for line in sys.stdin:
    began, used = time.perf_counter(), time.process_time()
    digest = bytes(32)
    for _ in range(int(line)):
        digest = hashlib.sha256(digest).digest()
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(wall * 1e3, cpu * 1e3, digest.hex(), flush=True)
"""


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """published.toml: kernel -> ms, for each architecture."""

    digests: int
    vcpu_share: float
    arm64: dict[str, float]
    x86_64: dict[str, float]

    def whole_vcpu_ms(self, architecture: Architecture, kernel: str) -> float:
        """The kernel's time on one whole vCPU."""
        listed = self.arm64 if architecture == "arm64" else self.x86_64
        return listed[kernel] * self.vcpu_share


def published() -> Published:
    """What is known of Lambda."""
    text = (resources.files("lambdameter.emulator.speed") / "published.toml").read_bytes()
    return msgspec.toml.decode(text, type=Published)


class Timing(NamedTuple):
    """Of one chain; CPU time is less where something else took its turn on the CPU."""

    wall_ms: float
    cpu_ms: float


class Kernel:
    """A kernel's process, on one CPU; `with` ends it."""

    def __init__(
        self, command: Sequence[str], cpu: int, environment: Mapping[str, str] | None = None
    ) -> None:
        pipe = subprocess.PIPE
        self._command = command
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=dict(environment or {}), text=True, bufsize=1
        )
        os.sched_setaffinity(self._process.pid, {cpu})

    def __enter__(self) -> Self:
        """It is running."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def run(self, digests: int) -> Timing:
        """Time one chain.

        Raises:
            HostError: it does not answer.
        """
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(f"{digests}\n")
            line = self._process.stdout.readline() if self._process.stdout else ""
            wall_ms, cpu_ms, _ = line.split()
            return Timing(float(wall_ms), float(cpu_ms))
        except (BrokenPipeError, ValueError) as failure:
            raise HostError(
                "A kernel that this host is calibrated with has failed",
                place=" ".join(self._command)[:80],
                next_step="Run `make setup`, then calibrate again.",
            ) from failure
