"""What models have added to one environment's figures, from its Init on."""

from __future__ import annotations

import msgspec

from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.emulator.sandbox.base import Counters
from lambdameter.model.sample import Modelled, ServiceTime

_NOTHING = Modelled(init_ms=0.0, invocation_ms=0.0, memory_mb=0.0, hidden_start_ms=0.0)


class Additions:
    """One environment's; made before its Init.

    Args:
        overheads: what AWS would add; None: nothing.
        package_bytes: the size of the zip.
    """

    def __init__(self, overheads: Overheads | None, package_bytes: int) -> None:
        self._overheads = overheads
        self._package_bytes = package_bytes
        self._init_peak_mb: float | None = None
        self._init_service_ms = 0.0

    def after_init(self, counters: Counters, service: ServiceTime | None) -> float:
        """Take what Init came to; the ms that are to be waited for, so that every clock has them.

        What the services' model held requests for in Init is in it already.
        """
        self._init_service_ms = service.modelled_ms if service else 0.0
        modelled = self._of_overheads(counters)
        return modelled.init_ms if modelled else 0.0

    def of(self, counters: Counters) -> Modelled | None:
        """All of it; where Init ran inside an invocation, by that one's peak."""
        modelled = self._of_overheads(counters)
        if not self._init_service_ms:
            return modelled
        modelled = modelled or _NOTHING
        return msgspec.structs.replace(modelled, init_ms=modelled.init_ms + self._init_service_ms)

    def reset(self) -> None:
        """The processes are gone; the next ones have an Init of their own."""
        self._init_peak_mb = None
        self._init_service_ms = 0.0

    def _of_overheads(self, counters: Counters) -> Modelled | None:
        if self._overheads is None:
            return None
        if self._init_peak_mb is None:
            self._init_peak_mb = counters.peak_memory_mb
        return self._overheads.of(self._package_bytes, self._init_peak_mb or 0.0)
