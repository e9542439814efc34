"""How much CPU a memory tier buys, in the kernel's terms; shared by all that enforce it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from lambdameter.model.base import MEMORY_MB_PER_VCPU

# AWS's pauses at 5 s of busy looping fall on multiples of 20 ms.
PERIOD_US = 20_000
# The least that the kernel takes (min_cfs_quota_period),
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
    """A tier's share: linear, one vCPU at 1,769 MB.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    return memory_mb / MEMORY_MB_PER_VCPU


def bandwidth(memory_mb: int, *, slowness: float = 1.0, most: float = math.inf) -> Bandwidth:
    """A tier's CPU time; on a CPU made slower less by as much, and never more than `most` vCPUs.

    Where 20 ms would give less than the kernel takes, the period is longer: the share counts.
    """
    share = min(vcpus(memory_mb) / slowness, most)
    there = round if math.isinf(most) else math.floor
    quota_us = max(LEAST_QUOTA_US, there(PERIOD_US * share))
    return Bandwidth(quota_us, max(PERIOD_US, round(quota_us / share)))


def quota_ns(memory_mb: int, *, cpus: int, most: float = math.inf) -> int | None:
    """A memory size's CPU time of a Lambda vCPU per PERIOD_US; None: its CPUs have no more."""
    share = min(vcpus(memory_mb), most)
    return round(share * PERIOD_US * _NS_PER_US) if share < cpus else None


def visible_vcpus(memory_mb: int) -> int:
    """How many vCPUs a function sees, whatever its share of them."""
    return next((count for most, count in _VISIBLE if memory_mb <= most), _MOST_VISIBLE)


def choose_cpus(memory_mb: int, host: Sequence[int], turn: int) -> tuple[int, ...]:
    """The host's CPUs that an environment is shown; all of them, where there are no more.

    Environments take turns (`turn` counts them), so that they do not crowd the first CPUs.
    """
    count = visible_vcpus(memory_mb)
    if count >= len(host):
        return tuple(host)
    start = turn * count % len(host)
    return tuple(sorted(itertools.islice(itertools.cycle(host), start, start + count)))
