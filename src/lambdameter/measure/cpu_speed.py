"""The CPU speed that the command line asks for, and the calibration of this host."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, get_args

from rich.console import Console

from lambdameter import binaries
from lambdameter.emulator.options import HOST_SPEED
from lambdameter.emulator.speed import store
from lambdameter.emulator.speed.calibrate import calibrations
from lambdameter.emulator.speed.pacer import PROGRAM, Pacer
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.base import Architecture
from lambdameter.model.calibration import Calibration

SpeedChoice = Literal["auto", "lambda", "host"]
# Slowed CPUs that miss the calibrated factor by more than this share do not reach it.
_MISSED = 0.03


def chosen(choice: SpeedChoice, architecture: Architecture) -> str:
    """The speed option of the emulator: the file of this host's calibration, or "host".

    Raises:
        BadInputError: `lambda` was asked for, but this host has no usable calibration.
        HostError: `lambda` was asked for, but the CPUs cannot be slowed.
    """
    if choice == HOST_SPEED:
        return HOST_SPEED
    file = store.file(architecture)
    try:
        if store.load(file, store.cpu_model()) is not None:
            Pacer.start(binaries.find(PROGRAM)).close()
            return str(file)
    except (BadInputError, HostError):
        # A cache may have come from another host, and real-time threads may not be granted here;
        # every report says that this host is at its own speed.
        if choice != "auto":
            raise
    if choice == "auto":
        return HOST_SPEED
    raise BadInputError(
        f"This host is not calibrated against a Lambda {architecture} vCPU",
        place="--speed",
        next_step=store.MAKE,
    )


def calibrate(console: Console) -> None:
    """Calibrate this host for both architectures and save the result. Raises HostError."""
    architectures = get_args(Architecture)
    earlier_ns = min(filter(None, map(_streams_ns, architectures)), default=None)
    with console.status("calibrating against Lambda's arm64 and x86_64 vCPUs, takes a minute"):
        for calibration in calibrations(architectures, datetime.now(UTC), earlier_ns):
            store.save(calibration, store.file(calibration.architecture))
            console.print(described(calibration), markup=False, soft_wrap=True)


def _streams_ns(architecture: Architecture) -> int | None:
    try:
        earlier = store.load(store.file(architecture), store.cpu_model())
    except BadInputError:
        return None
    return earlier.streams_ns if earlier else None


def described(calibration: Calibration) -> str:
    """The factors of a calibration, and how well slowed CPUs reach them."""
    lines = [f"{calibration.architecture}:"]
    pythons = calibration.interpreters or {"interpreters": calibration.interpreter}
    for name, speed in (*pythons.items(), ("compiled code", calibration.compiled)):
        missed = abs(speed.reached / speed.factor - 1) > _MISSED
        lines.append(
            f"  {name}: {speed.factor:.2f} times faster here ({speed.kernel}: "
            f"{speed.here_ms:.0f} ms against {speed.lambda_ms:.0f}), slowed by {speed.reached:.2f}"
            + (", a plain build" if speed.build == "plain" else "")
            + (": NOT REACHED; calibrate again when nothing else runs" if missed else "")
        )
    return "\n".join(lines)
