"""The search: inputs are tried until two variants differ, then reduced as far as possible. Pure.

The caller provides the clock, the randomness, and whether variants differ on an input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable

from lambdameter.search.values import Strategy

# Longest time for reducing a found input, seconds.
SHRINKING_S = 60.0
_WITHOUT_END = 10**9


class Random(Protocol):
    """What hypothesis draws from: a random.Random."""

    def getrandbits(self, k: int, /) -> int:
        """K random bits."""
        ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a search ends that finds nothing.

    Attributes:
        seconds: time limit.
        inputs: largest number of inputs; None: unlimited.
    """

    seconds: float
    inputs: int | None = None


class HuntResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a search.

    Attributes:
        succeeded: whether an input was found.
        event: the smallest found input.
        inputs: number of inputs until the first was found.
        smaller: number of further inputs that were tried to reduce it.
        smallest: whether no smaller input was left to try.
        exhausted: whether nothing was found among all inputs that the schema allows.
    """

    succeeded: bool
    event: Any = None
    inputs: int
    smaller: int = 0
    smallest: bool = False
    exhausted: bool = False


class _Ended(BaseException):
    """The search ends. Not an Exception, which hypothesis would take for a failing input."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.failure = failure


class _Watch:
    """Counts the inputs, and remembers the smallest on which the variants differ."""

    def __init__(
        self, differ: Callable[[Any], bool], limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._differ = differ
        self._clock = clock
        self._end = clock() + limits.seconds
        self.succeeded = False
        self.event: Any = None
        self.inputs = 0
        self.smaller = 0

    def __call__(self, event: Any) -> bool:
        if self._clock() >= self._end:
            raise _Ended
        if self.succeeded:
            self.smaller += 1
        else:
            self.inputs += 1
        if not self._is_difference(event):
            return False
        if not self.succeeded:
            self._end = self._clock() + SHRINKING_S
        self.succeeded, self.event = True, event
        return True

    def _is_difference(self, event: Any) -> bool:
        try:
            return self._differ(event)
        except Exception as failure:
            raise _Ended(failure) from failure


def hunt(
    strategy: Strategy,
    differ: Callable[[Any], bool],
    limits: Limits,
    random: Random,
    clock: Callable[[], float],
) -> HuntResult:
    """Search for the smallest input on which `differ` is true.

    Args:
        strategy: generates the inputs.
        differ: whether the variants differ on an input; called once per input.
        limits: when to end.
        random: seeded by the caller; the same seed gives the same inputs.
        clock: seconds, from any origin.
    """
    watch = _Watch(differ, limits, clock)
    search_settings = settings(
        max_examples=limits.inputs or _WITHOUT_END,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    ended = False
    try:
        find(strategy, watch, settings=search_settings, random=random)  # type: ignore[arg-type]
        ended = True
    except _Ended as end:
        if end.failure is not None:
            raise end.failure from None
    except Flaky:
        pass  # the result is what was found before
    except (NoSuchExample, Unsatisfiable):
        ended = limits.inputs is None or watch.inputs < limits.inputs
    return HuntResult(
        succeeded=watch.succeeded,
        event=watch.event,
        inputs=watch.inputs,
        smaller=watch.smaller,
        smallest=watch.succeeded and ended,
        exhausted=ended and not watch.succeeded,
    )
