"""Clock and counters of one invocation -> its REPORT and its Meter. Pure."""

from __future__ import annotations

import math

import msgspec

from lambdameter.emulator.sandbox.base import Counters
from lambdameter.model.sample import Meter, Modelled, Report, ServiceTime


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The clock and the counters at one moment."""

    at_ms: float
    counters: Counters


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """What REPORT says of an invocation that did not go well; both None otherwise."""

    status: str | None = None
    error_type: str | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the function was given; AWS's own processes have taken `reserved_mb` of its memory."""

    memory_mb: int
    timeout_ms: float
    reserved_mb: float = 0.0


class InitPhase(msgspec.Struct, frozen=True, kw_only=True):
    """An Init phase that succeeded: its duration, and the counters at its end."""

    ms: float
    counters: Counters


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From the event's delivery until the runtime asked for the next one.

    An init inside the invocation is part of it; `init` is an Init phase before it.

    What counts: internal/lambda/rapid/handlers.go (doInvoke) in
    https://github.com/aws/aws-lambda-runtime-interface-emulator releases the runtime, awaits its
    response and then its being ready again.
    """

    start: Reading
    end: Reading
    init: InitPhase | None


def billed_ms(duration_ms: float, init_ms: float | None) -> int:
    """One ceiling over the sum, to 1 ms.

    INIT is billed for every runtime since August 2025:
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    Rounded to a hundredth first, as REPORT prints it, so that the line adds up in itself.
    """
    return math.ceil(round(duration_ms, 2) + round(init_ms or 0.0, 2) - 1e-9)


def max_memory_mb(peak_memory_mb: float | None, limits: Limits) -> int:
    """Max Memory Used: the process tree's peak and AWS's own, at most the memory size.

    0 where this host cannot tell.
    """
    if peak_memory_mb is None:
        return 0
    return min(limits.memory_mb, math.ceil(peak_memory_mb + limits.reserved_mb))


def report(request_id: str, limits: Limits, span: Span, ending: Ending) -> Report:
    """REPORT of one invocation; where it timed out, Duration is the timeout, as on AWS."""
    init_ms = span.init.ms if span.init else None
    duration_ms = span.end.at_ms - span.start.at_ms
    if ending.status == "timeout":
        duration_ms = limits.timeout_ms
    return Report(
        request_id=request_id,
        duration_ms=duration_ms,
        billed_ms=billed_ms(duration_ms, init_ms),
        memory_mb=limits.memory_mb,
        max_memory_mb=max_memory_mb(span.end.counters.peak_memory_mb, limits),
        init_ms=init_ms,
        status=ending.status,
        error_type=ending.error_type,
    )


def meter(
    environment: str, span: Span, service: ServiceTime | None, modelled: Modelled | None = None
) -> Meter:
    """What only the emulator knows, as differences over the invocation.

    Args:
        environment: its name.
        span: the invocation, and the Init phase before it.
        service: what the local services did for the invocation; None: there are none.
        modelled: what models have added to its figures; None: nothing.
    """
    start, end = span.start.counters, span.end.counters
    init = span.init.counters if span.init else None
    return Meter(
        environment=environment,
        cpu_ms=difference(start.cpu_ms, end.cpu_ms),
        throttled_ms=difference(start.throttled_ms, end.throttled_ms),
        init_cpu_ms=init.cpu_ms if init else None,
        peak_memory_mb=end.peak_memory_mb,
        disturbed_ms=difference(start.lost_ms, end.lost_ms),
        init_disturbed_ms=init.lost_ms if init else None,
        service=service,
        modelled=modelled,
    )


def difference(start: float | None, end: float | None) -> float | None:
    """What was added between two readings; None where either is not known."""
    return None if start is None or end is None else end - start


def service_difference(before: ServiceTime | None, after: ServiceTime | None) -> ServiceTime | None:
    """What the local services did between two cumulative readings."""
    if after is None:
        return None
    earlier = before or ServiceTime(requests={}, modelled_ms=0.0)
    return ServiceTime(
        requests=_counted_since(earlier.requests, after.requests),
        modelled_ms=after.modelled_ms - earlier.modelled_ms,
        retries=after.retries - earlier.retries,
        faults=_counted_since(earlier.faults, after.faults),
    )


def _counted_since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    added = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in added.items() if count}
