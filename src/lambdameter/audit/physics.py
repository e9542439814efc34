"""Limits of AWS's machines and of Lambda that no figure can exceed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from lambdameter.audit import bills, rows
from lambdameter.model.audit import Figure, Finding, PublishedTable
from lambdameter.model.base import MAX_MEMORY_MB, MIN_MEMORY_MB
from lambdameter.model.bill import PriceList

# More than any of AWS's servers has: Graviton5's twelve channels of DDR5-8800 carry 845 GB/s
# (https://epium.com/news/aws-enterprise-processor-targets-artificial-intelligence-inference/),
# and a core stores less than that into its first cache.
BYTES_PER_S = Decimal("1e12")
# The share of a vCPU is proportional to memory:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
# Measured shares fall below the rule by up to a tenth (13.15 % at 256 MB against 14.47 %), and a
# short call is stretched by a pause.
_SHARE_SLACK = Decimal("1.1")
_PAUSES_MS = Decimal(100)
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
TIMEOUT_MS = 900_000
CONCURRENCY = 1_000

_MS_PER_S = 1000
_MIB = 1_048_576
_PERIOD_S = {"day": 86_400, "month": 30 * 86_400, "year": 365 * 86_400}


def bandwidth(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """Reading and writing bytes takes time."""
    for figure in table.figures:
        if figure.dimension != "time" or figure.bytes is None or figure.metric == "per_1000":
            continue
        least_ms = figure.bytes / BYTES_PER_S * _MS_PER_S
        if figure.high < least_ms:
            rate = figure.bytes / (figure.high / _MS_PER_S) if figure.high else None
            at_least = f", at least {rate / BYTES_PER_S:.3g} TB/s" if rate else ""
            yield Finding(
                rule="bandwidth",
                severity="cannot be so",
                lines=(figure.line,),
                stated=f"{figure.bytes:,} bytes in {figure.printed}{at_least}",
                right=f"At least {rows.formatted('time', least_ms)}",
                why="No memory carries 1 TB/s: either the work was not done, or "
                "the measurement missed it. Check whether the optimiser "
                "removed the work.",
            )


def cpu_share(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """A smaller memory size slows a function by at most the ratio of the CPU shares."""
    timed = [
        figure
        for figure in rows.of(table, "duration", "total", "part", "per_1000")
        if figure.memory_mb
        and figure.statistic in rows.TYPICAL
        and figure.system.lower() == "lambda"
    ]
    for same in rows.grouped(
        timed, lambda figure: rows.pick(figure, "variant", "metric", "part")
    ).values():
        for small in same:
            bounds = [
                (_bound(small, large), large)
                for large in same
                if (large.memory_mb or 0) > (small.memory_mb or 0) and _same_work(small, large)
            ]
            if bounds:
                most, large = max(bounds, key=lambda pair: pair[0])
                if small.low > most:
                    yield _too_slow(small, large)


def _too_slow(small: Figure, large: Figure) -> Finding:
    share = _shares(small, large)
    return Finding(
        rule="cpu-share",
        severity="cannot be so",
        lines=(small.line,),
        stated=f"{small.printed} at {small.memory_mb:,} MB, "
        f"{large.printed} at {large.memory_mb:,} MB (line {large.line})",
        right=f"At most {rows.formatted('time', large.value * share)} "
        f"= {share:.3g} x {large.printed}",
        why=f"{small.memory_mb:,} MB have 1/{share:.3g} of the CPU of "
        f"{large.memory_mb:,} MB, and waiting does not grow: the CPU share "
        "does not explain this ratio.",
    )


def _shares(small: Figure, large: Figure) -> Decimal:
    """CPU share of the large memory size / that of the small one."""
    return Decimal(large.memory_mb or 1) / Decimal(small.memory_mb or 1)


def _bound(small: Figure, large: Figure) -> Decimal:
    return large.high * _shares(small, large) * _SHARE_SLACK + _PAUSES_MS


def _same_work(first: Figure, second: Figure) -> bool:
    return all(
        rows.compatible(getattr(first, name), getattr(second, name))
        for name in ("case", "call", "work", "records", "architecture", "statistic")
    )


def limits(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """No call takes longer than the longest timeout or uses more memory than configured."""
    for figure in table.figures:
        if figure.system.lower() != "lambda":
            continue
        memory = figure.memory_mb
        if memory is not None and not MIN_MEMORY_MB <= memory <= MAX_MEMORY_MB:
            yield _limit(
                figure,
                f"{memory:,} MB",
                "128 to 10,240 MB",
                "Lambda does not offer this memory size.",
            )
        if figure.metric in ("duration", "total") and figure.low > TIMEOUT_MS:
            yield _limit(
                figure, figure.printed, "At most 900 s", "Lambda ends every call after 15 minutes."
            )
        if figure.metric == "max_memory" and memory and figure.low > memory * _MIB:
            yield _limit(
                figure,
                f"{figure.printed} used at a memory size of {memory:,} MB",
                f"At most {memory:,} MB",
                "Lambda kills a function that needs more than its memory size.",
            )


def _limit(figure: Figure, stated: str, right: str, why: str) -> Finding:
    return Finding(
        rule="limit",
        severity="cannot be so",
        lines=(figure.line,),
        stated=stated,
        right=right,
        why=why,
    )


def concurrency(table: PublishedTable, _: PriceList) -> Iterator[Finding]:
    """The number of environments that a stated load needs at the same time (Little's law)."""
    for figure in rows.of(table, "cost"):
        time = bills.billed_ms(figure, table)
        if not figure.runs or not figure.period or time is None:
            continue
        at_once = figure.runs * time / _MS_PER_S / _PERIOD_S[figure.period]
        if at_once > CONCURRENCY:
            yield Finding(
                rule="concurrency",
                severity="left out",
                lines=(figure.line,),
                stated=f"{figure.runs:,f} runs of {rows.formatted('time', time)} a {figure.period}",
                right=f"{at_once:,.0f} environments at the same time, if the runs "
                "are spread evenly",
                why="By default an account may run 1,000 environments at the same "
                "time; AWS throttles further calls unless it raised that quota.",
            )
