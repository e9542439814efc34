"""Where a host's calibrations are kept: the user's cache, one file for each architecture."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

import msgspec
import platformdirs

from lambdameter.errors import BadInputError, HostError
from lambdameter.model.base import Architecture
from lambdameter.model.calibration import Calibration

MAKE = "Run `lambdameter doctor --calibrate`."


def file(architecture: Architecture) -> Path:
    """Where the calibration against this architecture is."""
    return platformdirs.user_cache_path("lambdameter") / f"speed-{architecture}.json"


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """This host's CPU, as it names itself."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0]} ({platform.machine()})" if named else platform.machine()


def load(path: Path, cpu: str) -> Calibration | None:
    """What was stored for this CPU; None: nothing was.

    Raises:
        BadInputError: the file is no calibration, or another CPU's.
    """
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInputError(
            f"The calibration cannot be read: {error}", place=str(path), next_step=MAKE
        ) from error
    if stored.cpu != cpu:
        raise BadInputError(
            f"The calibration belongs to another CPU, {stored.cpu}; this CPU is {cpu}",
            place=str(path),
            next_step=MAKE,
        )
    return stored


def save(calibration: Calibration, path: Path) -> None:
    """Store it whole or not at all.

    Raises:
        HostError: the cache cannot be written.
    """
    fresh = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(calibration)) + b"\n")
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise HostError(
            f"The calibration cannot be stored: {error.strerror}",
            place=str(path),
            next_step="Make the folder writable, or set XDG_CACHE_HOME to a writable folder.",
        ) from error
