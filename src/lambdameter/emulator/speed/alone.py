"""Whether anybody else uses a core: a neighbour on a cloud's machine makes it half as fast.

Where a CPU of a virtual machine is one of two threads of a core, the other may be somebody else's.
Neither CPU time nor steal time counts what that takes; the work of crates/slow-core/src/streams.rs
takes longer (docs/benchmarks/neighbours.txt).
"""

from __future__ import annotations

from collections.abc import Callable

from lambdameter.errors import HostError

# Neighbours come and go every few seconds.
_LEARN_MS, _PAUSE_S = 6_000.0, 0.05
_PATIENCE_MS = 20_000.0
# Clocks go up and down by some 10 %; with a neighbour it takes half as long again, and more.
_ALONE = 1.15


class Core:
    """One core; made, it has been looked at for some seconds.

    Args:
        streams_ns: how long it takes for the work now.
        earlier_ns: how long it took alone when this CPU was calibrated before: who has a neighbour
            all the time does not know what alone is. None: it never was.
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
        """The bound of the fastest quarter: a clock's best moments do not last."""
        until_ms = self._now_ms() + _LEARN_MS
        seen_ns = [self._streams_ns()]
        while self._now_ms() < until_ms:
            self._sleep(_PAUSE_S)
            seen_ns.append(self._streams_ns())
        return sorted(seen_ns)[len(seen_ns) // 4]

    def speed(self) -> float:
        """As it is now, of what it is alone."""
        return self.alone_ns / self._streams_ns()

    def wait_until_alone(self) -> None:
        """Come back when nobody else uses the core.

        Raises:
            HostError: somebody always does.
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
