"""This kernel's tick: it is then that a CFS quota is looked at, and until then it is overdrawn."""

from __future__ import annotations

import gzip
import platform
import re
from collections.abc import Sequence
from pathlib import Path

LAMBDA_HZ = 250
"""Lambda's own kernel's: https://arxiv.org/abs/2506.01283, table 3."""
_HZ = re.compile(rb"^CONFIG_HZ=(\d+)$", re.MULTILINE)
_MS_PER_S = 1_000


def config_files(release: str | None = None) -> tuple[Path, Path]:
    """Where a kernel's configuration may be read: its own copy, or the distribution's."""
    return Path("/proc/config.gz"), Path(f"/boot/config-{release or platform.release()}")


def hz(files: Sequence[Path] | None = None) -> int | None:
    """How often it ticks a second; None: its configuration cannot be read."""
    for file in config_files() if files is None else files:
        try:
            text = file.read_bytes()
            setting = _HZ.search(gzip.decompress(text) if file.suffix == ".gz" else text)
        except (OSError, EOFError):
            continue
        if setting is not None:
            return int(setting[1])
    return None


def line(ticks: int | None) -> str:
    """In the words of an Enforcement."""
    if ticks is None:
        return "at its tick, which cannot be read here"
    told = f"at its tick of {_MS_PER_S / ticks:.3g} ms ({ticks} Hz)"
    if ticks == LAMBDA_HZ:
        return told
    return f"{told}, where Lambda's is {_MS_PER_S / LAMBDA_HZ:.3g} ms"
