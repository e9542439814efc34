"""Stores calibrations of this host in the user's cache, one file for each architecture."""

from __future__ import annotations

import platform
from pathlib import Path

import msgspec
import platformdirs

from lambdameter.emulator import atomic
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.base import Architecture
from lambdameter.model.calibration import Calibration

MAKE = "Run `lambdameter doctor --calibrate`."


def file(architecture: Architecture) -> Path:
    """The file of the calibration against this architecture."""
    return platformdirs.user_cache_path("lambdameter") / f"speed-{architecture}.json"


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The name of this host's CPU."""
    lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} ({platform.machine()})" if names else platform.machine()


def load(path: Path, cpu: str) -> Calibration | None:
    """The stored calibration of this CPU; None: there is no file.

    Raises:
        BadInputError: the file is not a calibration, or belongs to another CPU.
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
    """Store a calibration.

    Raises:
        HostError: the cache cannot be written.
    """
    try:
        atomic.write(path, msgspec.json.format(msgspec.json.encode(calibration)) + b"\n")
    except OSError as error:
        raise HostError(
            f"The calibration cannot be stored: {error.strerror}",
            place=str(path),
            next_step="Make the folder writable, or set XDG_CACHE_HOME to a writable folder.",
        ) from error
