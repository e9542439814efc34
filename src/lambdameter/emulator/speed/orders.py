"""Parts of the orders to `lambdameter-slow-core`, as crates/slow-core/src/order.rs reads them."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

# The bandwidth rule's period of refills, and the tick of Lambda's kernel. Both, and that debts are
# carried over, were measured on AWS: https://arxiv.org/abs/2506.01283, section 4.3.
PERIOD_NS, TICK_NS = 20_000_000, 4_000_000


class Alone(NamedTuple):
    """A core that nobody else uses; a pace is calibrated on it.

    Attributes:
        slowdown: how many times slower the pace makes its CPUs.
        streams_ns: how long the work of crates/slow-core/src/streams.rs takes on it, which shows
            whether others use the core.
    """

    slowdown: float
    streams_ns: int


class Pace(NamedTuple):
    """How long of every cycle a CPU is kept busy, ns, on a core that nobody else uses.

    Attributes:
        alone: the figures of that core, so that the CPU is kept busy for less time while others use
            its core; None: others are not noticed.
    """

    busy_ns: int
    cycle_ns: int
    alone: Alone | None = None

    def order(self) -> dict[str, object]:
        """`Pace` of crates/slow-core/src/order.rs."""
        return {**self._asdict(), "alone": self.alone and self.alone._asdict()}


class Cold(NamedTuple):
    """CPU time after a freeze that is not slowed, ns, and how long a freeze gives all of it, ns.

    In that time a program mostly waits for memory, which takes as long on Lambda as here.
    """

    used_ns: int
    after_ns: int


class Slowness(NamedTuple):
    """How CPU time here is converted to a Lambda vCPU's.

    Attributes:
        by: Lambda's CPU time for the same work, relative to this host's.
        cold: CPU time after a freeze, which is not converted.
        fault_ns: how much longer each page fault takes on Lambda.
    """

    by: float = 1.0
    cold: Cold = Cold(0, 0)
    fault_ns: int = 0


NOT_CONVERTED = Slowness()


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """`Limit` of crates/slow-core/src/order.rs, which explains the fields."""

    quota_ns: int | None
    slowness: float
    cold: dict[str, int]
    fault_ns: int
    refill_phase_ns: int
    tick_phase_ns: int
    usage: str
    counts: str
    hold: str
    freeze: str
    thaw: str


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """`Opening` of crates/slow-core/src/order.rs, which explains the fields."""

    id: int
    cpus: tuple[int, ...]
    pace: dict[str, object] | None
    limit: Limit | None
