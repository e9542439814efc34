"""How much CPU a memory tier buys, in the kernel's terms; shared by all that enforce it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec

from lambdameter.model import MAX_MEMORY_MB, MEMORY_MB_PER_VCPU

# AWS's pauses at 5 s of busy looping fall on multiples of 20 ms.
PERIOD_US = 20_000
# The least that the kernel takes (min_cfs_quota_period),
# https://docs.kernel.org/scheduler/sched-bwc.html
LEAST_QUOTA_US = 1_000
UNLIMITED_US = -1
# Highest memory size, MB -> vCPUs visible. https://github.com/rwnx/lambda-cpuinfo
_VISIBLE = ((3_008, 2), (5_307, 3), (7_076, 4), (8_845, 5))
_MOST_VISIBLE = 6


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a host has to give.

    Attributes:
        vcpus: that functions can be shown.
        outer_vcpus: the quota of a group around ours, in vCPUs; None: there is none.
    """

    vcpus: int
    outer_vcpus: float | None = None

    @property
    def shortfall(self) -> str:
        """Which tiers get less than theirs, as the rest of a sentence; empty: none does."""
        told = ""
        if visible_vcpus(MAX_MEMORY_MB) > self.vcpus:
            told += f"; at most {self.vcpus} vCPUs visible, all that this host has"
        limit = self.outer_vcpus
        if limit is not None and limit < min(self.vcpus, _MOST_VISIBLE):
            enough = int(limit * MEMORY_MB_PER_VCPU)
            told += (
                f"; a quota of {limit:.3g} vCPUs around lambdameter: tiers over {enough:,} MB "
                "and INIT get no more"
            )
        return told


def quota_us(memory_mb: int) -> int:
    """CPU time per PERIOD_US, µs: linear, one vCPU at 1,769 MB.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    """
    return max(LEAST_QUOTA_US, round(PERIOD_US * memory_mb / MEMORY_MB_PER_VCPU))


def visible_vcpus(memory_mb: int) -> int:
    """How many vCPUs a function sees, whatever its share of them."""
    return next((count for most, count in _VISIBLE if memory_mb <= most), _MOST_VISIBLE)


def choose_cpus(memory_mb: int, host: Sequence[int], turn: int) -> tuple[int, ...] | None:
    """The host's CPUs that an environment is shown; None: all of them, there are no more.

    Environments take turns (`turn` counts them), so that they do not crowd the first CPUs.
    """
    count = visible_vcpus(memory_mb)
    if count >= len(host):
        return None
    start = turn * count % len(host)
    return tuple(sorted(itertools.islice(itertools.cycle(host), start, start + count)))
