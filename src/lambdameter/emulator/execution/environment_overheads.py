"""What models have added to the figures of one environment, from its Init on."""

from __future__ import annotations

import msgspec

from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.emulator.sandbox.base import Counters
from lambdameter.model.sample import Modelled, ServiceTime

_NOTHING = Modelled(init_ms=0.0, invocation_ms=0.0, memory_mb=0.0, hidden_start_ms=0.0)


class EnvironmentOverheads:
    """The overheads of one environment; made before its Init.

    Args:
        overheads: the model of what AWS adds; None: nothing is added.
        package_bytes: the size of the zip.
    """

    def __init__(self, overheads: Overheads | None, package_bytes: int) -> None:
        self._overheads = overheads
        self._package_bytes = package_bytes
        self._init_peak_mb: float | None = None
        self._init_service_ms = 0.0

    def after_init(self, counters: Counters, service: ServiceTime | None) -> float:
        """Take the figures of an Init phase that succeeded.

        Args:
            counters: at the end of Init.
            service: what the local services did in Init; None: there are none.

        Returns:
            How long to wait, ms, so that every clock sees what AWS adds to Init. Service latency
            needs no wait: requests were held for it.
        """
        self._init_service_ms = service.modelled_ms if service else 0.0
        modelled = self._of_overheads(counters)
        return modelled.init_ms if modelled else 0.0

    def of(self, counters: Counters) -> Modelled | None:
        """Everything that was added so far; None: nothing.

        Args:
            counters: at the end of an invocation; needed where Init ran inside it.
        """
        modelled = self._of_overheads(counters)
        if not self._init_service_ms:
            return modelled
        modelled = modelled or _NOTHING
        return msgspec.structs.replace(modelled, init_ms=modelled.init_ms + self._init_service_ms)

    def reset(self) -> None:
        """Forget the Init: its processes were killed."""
        self._init_peak_mb = None
        self._init_service_ms = 0.0

    def _of_overheads(self, counters: Counters) -> Modelled | None:
        if self._overheads is None:
            return None
        if self._init_peak_mb is None:
            self._init_peak_mb = counters.peak_memory_mb
        return self._overheads.of(self._package_bytes, self._init_peak_mb or 0.0)
