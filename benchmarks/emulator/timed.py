"""The emulator with a stopwatch on its parts; takes the emulator's own arguments.

When it ends, one JSON line on stderr gives each part's samples in ms, in the order of calls.
A stopwatch costs about as much as a call, so the plain emulator is timed apart from this one.
"""

from __future__ import annotations

import collections
import functools
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec

from lambdameter.emulator.__main__ import main
from lambdameter.emulator.execution import metering
from lambdameter.emulator.execution.log import InvocationLog
from lambdameter.emulator.execution.process import FunctionProcess
from lambdameter.emulator.sandbox.cgroup_v1 import CgroupV1Sandbox
from lambdameter.emulator.services.process import Services

PARTS: tuple[tuple[str, object, str], ...] = (
    ("freeze", CgroupV1Sandbox, "freeze"),
    ("thaw", CgroupV1Sandbox, "thaw"),
    ("counters", CgroupV1Sandbox, "counters"),
    ("drain of the output pipe", FunctionProcess, "drain"),
    ("usage query to the data plane", Services, "usage"),
    ("log and REPORT", metering, "report"),
    ("log and REPORT", InvocationLog, "start"),
    ("log and REPORT", InvocationLog, "end"),
    ("log and REPORT", InvocationLog, "tail"),
)


def timed(call: Callable[..., Any], samples: list[float]) -> Callable[..., Any]:
    """The same call, its time taken down; a coroutine's from its start to its end."""

    @functools.wraps(call)
    def plain(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter_ns()
        result = call(*args, **kwargs)
        if hasattr(result, "__await__"):
            return until_done(result, began)
        samples.append((time.perf_counter_ns() - began) / 1e6)
        return result

    async def until_done(coroutine: Any, began: int) -> Any:
        result = await coroutine
        samples.append((time.perf_counter_ns() - began) / 1e6)
        return result

    return plain


def run() -> int:
    """Serve, then tell."""
    samples: dict[str, dict[str, list[float]]] = collections.defaultdict(dict)
    for part, owner, name in PARTS:
        taken = samples[part].setdefault(name, [])
        setattr(owner, name, timed(getattr(owner, name), taken))
    code = main()
    print(msgspec.json.encode(samples).decode(), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(run())
