"""The search itself: inputs are tried until two variants differ, then made as small as may be.

Pure: whoever calls gives the clock, the randomness and the question whether an input is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample, Unsatisfiable

from lambdameter.search.values import Strategy

# Once found, a difference is made smaller for as long, at most.
SHRINKING_S = 60.0
_WITHOUT_END = 10**9


class Random(Protocol):
    """What hypothesis draws from: a random.Random."""

    def getrandbits(self, k: int, /) -> int:
        """K random bits."""
        ...


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a search without a find ends.

    Attributes:
        seconds: by the clock.
        inputs: after so many; None: by the clock alone.
    """

    seconds: float
    inputs: int | None = None


class HuntResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a search.

    Attributes:
        found: whether an input was found.
        event: the smallest one.
        inputs: how many were tried until the first was found.
        smaller: how many more were tried to make it smaller.
        smallest: whether none of these was left to try.
        exhausted: whether nothing was found among all inputs that the schema allows.
    """

    found: bool
    event: Any = None
    inputs: int
    smaller: int = 0
    smallest: bool = False
    exhausted: bool = False


class _Ended(BaseException):
    """The search ends here. No Exception: hypothesis takes these for a property of the input."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.failure = failure


class _Watch:
    """Asks for each input, and remembers the smallest that is one."""

    def __init__(
        self, differ: Callable[[Any], bool], limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._differ = differ
        self._clock = clock
        self._end = clock() + limits.seconds
        self.found = False
        self.event: Any = None
        self.inputs = 0
        self.smaller = 0

    def __call__(self, event: Any) -> bool:
        if self._clock() >= self._end:
            raise _Ended
        if self.found:
            self.smaller += 1
        else:
            self.inputs += 1
        if not self._asked(event):
            return False
        if not self.found:
            self._end = self._clock() + SHRINKING_S
        self.found, self.event = True, event
        return True

    def _asked(self, event: Any) -> bool:
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
    """Look for the smallest input on which `differ` is true.

    Args:
        strategy: generates the inputs.
        differ: whether this input is one; called once for each.
        limits: when to give up.
        random: seeded by the caller: the same seed tries the same inputs.
        clock: seconds, from any beginning.
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
        pass  # what was found before is what there is
    except (NoSuchExample, Unsatisfiable):
        ended = limits.inputs is None or watch.inputs < limits.inputs
    return HuntResult(
        found=watch.found,
        event=watch.event,
        inputs=watch.inputs,
        smaller=watch.smaller,
        smallest=watch.found and ended,
        exhausted=ended and not watch.found,
    )
