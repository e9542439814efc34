"""BatchWriteItem until every item is in the table, or the deadline is near."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25
PROGRESS_EVERY = 1_000
RESERVE_MS = 2_000
# Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
BACKOFF_BASE_S = 0.05
BACKOFF_CAP_S = 5.0

Item = dict[str, Any]


class DeadlineNear(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The function would be stopped before all items are written."""


class Pace(NamedTuple):
    """What the writer asks of the world around it.

    Attributes:
        remaining_ms: milliseconds until the function is stopped.
        sleep: waits for so many seconds.
        jitter: a number from 0 to 1.
    """

    remaining_ms: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


def write(
    items: list[Item],
    key: str,
    put: Callable[[list[Item]], list[Item]],
    pace: Pace,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write all items, 25 at a time and in order; how many had to be sent again.

    Args:
        items: in the order of the document. Of those with one key the last one stays.
        key: the name of the key attribute.
        put: one BatchWriteItem; returns the items that were not processed.
        pace: the time that is left, and how to wait.
        progress: called with the number of items done after each thousand.

    Raises:
        DeadlineNear: with less than two seconds left and items to write.
    """
    retried = 0
    rest = iter(items)
    done = 0
    while batch := list(islice(rest, BATCH)):
        # BatchWriteItem refuses a batch that names one key twice.
        pending = list({item[key]: item for item in batch}.values())
        attempt = 0
        while pending:
            pause = backoff(attempt, pace.jitter) if attempt else 0.0
            if pace.remaining_ms() - pause * 1_000 < RESERVE_MS:
                raise DeadlineNear(
                    f"{len(items) - done - len(batch) + len(pending)} of {len(items)} items not"
                    f" written with less than {RESERVE_MS} ms left"
                )
            if attempt:
                pace.sleep(pause)
                retried += len(pending)
            pending = put(pending)
            attempt += 1
        done += len(batch)
        if progress is not None and done % PROGRESS_EVERY == 0:
            progress(done)
    return retried


def backoff(attempt: int, jitter: Callable[[], float]) -> float:
    """Seconds to wait before the given retry (1 is the first)."""
    return jitter() * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** (attempt - 1))
