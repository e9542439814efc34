"""Whether anybody else uses a core: a neighbour on a cloud's machine makes it half as fast.

Where a CPU of a virtual machine is one of two threads of a core, the other thread may be somebody
else's. Neither CPU time nor steal time shows that; the work of crates/slow-core/src/streams.rs
does, since it takes longer (docs/benchmarks/neighbours.txt).
"""

from __future__ import annotations

from collections.abc import Callable

from lambdameter.errors import HostError

# Neighbours come and go every few seconds.
_LEARN_MS, _PAUSE_S = 6_000.0, 0.05
_PATIENCE_MS = 20_000.0
# Clock rates vary by some 10 %; with a neighbour the work takes at least half as long again.
_ALONE = 1.15


class Core:
    """One core; making it takes some seconds of measuring.

    Args:
        streams_ns: measures how long the work takes now.
        now_ms: a monotonic clock.
        sleep: waits a number of seconds.
        earlier_ns: how long the work took without neighbours in an earlier calibration of this CPU,
            in case there is a neighbour all the time now. None: there was no calibration.
    """

    def __init__(
        self,
        streams_ns: Callable[[], int],
        now_ms: Callable[[], float],
        sleep: Callable[[float], None],
        earlier_ns: int | None = None,
    ) -> None:
        self._streams_ns = streams_ns
        self._now_ms = now_ms
        self._sleep = sleep
        learnt_ns = self._learn()
        self.alone_ns = min(learnt_ns, earlier_ns or learnt_ns)

    def _learn(self) -> int:
        """The upper bound of the fastest quarter: a clock's highest rates do not last."""
        until_ms = self._now_ms() + _LEARN_MS
        times_ns = [self._streams_ns()]
        while self._now_ms() < until_ms:
            self._sleep(_PAUSE_S)
            times_ns.append(self._streams_ns())
        return sorted(times_ns)[len(times_ns) // 4]

    def speed(self) -> float:
        """Its speed now, relative to when nobody else uses it."""
        return self.alone_ns / self._streams_ns()

    def wait_until_alone(self) -> None:
        """Wait until nobody else uses the core.

        Raises:
            HostError: others do not stop.
        """
        until_ms = self._now_ms() + _PATIENCE_MS
        while (now_ns := self._streams_ns()) > _ALONE * self.alone_ns:
            if self._now_ms() > until_ms:
                raise HostError(
                    "This host is busy: other work on the same core makes it "
                    f"{now_ns / self.alone_ns:.1f} times slower",
                    place="the machine below this virtual machine, or another process on this host",
                    next_step="Calibrate when nothing else runs, or on another machine. "
                    "If this machine is not the one that was calibrated "
                    "before, first delete speed-*.json in lambdameter's cache "
                    "folder.",
                )
            self._sleep(_PAUSE_S)
