"""The CPU share of a memory size, in the kernel's terms; for every sandbox that enforces it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from lambdameter.model.base import MEMORY_MB_PER_VCPU

# Pauses in a busy loop of 5 s on AWS fall on multiples of 20 ms.
PERIOD_US = 20_000
# The lowest quota that the kernel accepts (min_cfs_quota_period),
# https://docs.kernel.org/scheduler/sched-bwc.html
LEAST_QUOTA_US = 1_000
UNLIMITED_US = -1
_NS_PER_US = 1_000
# Highest memory size, MB -> vCPUs visible. https://github.com/rwnx/lambda-cpuinfo
_VISIBLE = ((3_008, 2), (5_307, 3), (7_076, 4), (8_845, 5))
_MOST_VISIBLE = 6


class Bandwidth(NamedTuple):
    """CPU time per period, µs."""

    quota_us: int
    period_us: int


def vcpus(memory_mb: int) -> float:
    """The CPU share of a memory size: linear, one vCPU at 1,769 MB.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    return memory_mb / MEMORY_MB_PER_VCPU


def bandwidth(memory_mb: int, *, slowness: float = 1.0, most: float = math.inf) -> Bandwidth:
    """The CPU time of a memory size.

    Where the quota of 20 ms would be below the kernel's limit, the period is longer at the same
    share.

    Args:
        memory_mb: the memory size.
        slowness: how many times slower the CPUs are made; the share is divided by it.
        most: the most vCPUs that there are.
    """
    share = min(vcpus(memory_mb) / slowness, most)
    there = round if math.isinf(most) else math.floor
    quota_us = max(LEAST_QUOTA_US, there(PERIOD_US * share))
    return Bandwidth(quota_us, max(PERIOD_US, round(quota_us / share)))


def quota_ns(memory_mb: int, *, cpus: int, most: float = math.inf) -> int | None:
    """CPU time of a Lambda vCPU per PERIOD_US, ns; None: at least all that `cpus` CPUs have."""
    share = min(vcpus(memory_mb), most)
    return round(share * PERIOD_US * _NS_PER_US) if share < cpus else None


def visible_vcpus(memory_mb: int) -> int:
    """How many vCPUs a function sees."""
    return next((count for most, count in _VISIBLE if memory_mb <= most), _MOST_VISIBLE)


def choose_cpus(memory_mb: int, host: Sequence[int], turn: int) -> tuple[int, ...]:
    """The host's CPUs that an environment sees; all of them, if the host has too few.

    `turn` counts the environments, so that they spread over the CPUs.
    """
    count = visible_vcpus(memory_mb)
    if count >= len(host):
        return tuple(host)
    start = turn * count % len(host)
    return tuple(sorted(itertools.islice(itertools.cycle(host), start, start + count)))
