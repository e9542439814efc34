"""Fits overheads.toml, what AWS adds to an environment, to the published figures."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
from cells import Cell

from lambdameter.emulator.execution.overheads import Overheads

# Its calls do nothing: the only ones that tell what an invocation costs.
IDLE = ("C1", "rust")


def fit(among: Iterable[Cell], shipped: Overheads) -> Overheads:
    """Least squares of the relative errors; lines for Init and for memory."""
    judged = [cell for cell in among if cell.judged]
    idle = [
        cell
        for cell in judged
        if (cell.source, cell.figure.variant) == IDLE and cell.kind in {"Duration", "first call"}
    ]
    invocation_ms = weighted(idle, [[1.0] for _ in idle])[0] if idle else shipped.invocation.ms
    inits = [cell for cell in judged if cell.kind == "Init"]
    memory = [cell for cell in judged if cell.kind == "memory"]
    per_mb, per_init_mb = weighted(inits, [[one.package_mb, one.init_peak_mb] for one in inits])
    base_mb, slope = weighted(memory, [[1.0, cell.init_peak_mb] for cell in memory])
    return msgspec.structs.replace(
        shipped,
        init=msgspec.structs.replace(
            shipped.init, ms_per_mb=max(0.0, per_mb), ms_per_init_mb=max(0.0, per_init_mb)
        ),
        invocation=msgspec.structs.replace(shipped.invocation, ms=max(0.0, invocation_ms)),
        memory=msgspec.structs.replace(shipped.memory, base_mb=base_mb, mb_per_init_mb=slope),
    )


def weighted(of: list[Cell], rows: list[list[float]]) -> list[float]:
    """What explains best what ours lack, as shares of the published figures."""
    scale = np.array([1 / cell.figure.value for cell in of])
    lacking = np.array([cell.figure.value - (cell.ours - cell.added) for cell in of])
    solution = np.linalg.lstsq(np.array(rows) * scale[:, None], lacking * scale, rcond=None)[0]
    return [float(value) for value in solution]


def line(model: Overheads) -> str:
    """For overheads.toml."""
    init, memory = model.init, model.memory
    return (
        f"fitted: init.ms_per_mb = {init.ms_per_mb:.2f}, init.ms_per_init_mb = "
        f"{init.ms_per_init_mb:.2f}, invocation.ms = {model.invocation.ms:.2f}, memory.base_mb = "
        f"{memory.base_mb:.2f}, memory.mb_per_init_mb = {memory.mb_per_init_mb:.3f}"
    )
