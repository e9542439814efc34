"""Several writers side by side, each BatchWriteItem until its items are in the table.

All records of one key go down one lane, which writes its batches one after the other: so the last
record of a key is written last, as if there were one writer.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import retry

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
BATCH = 25
LANES = 4  # requests in flight at most; with more the threads only wait for each other
# Batches that wait for a lane: enough that one slow answer does not stop the reader.
WAITING = 4
PROGRESS_EVERY = 1_000
RESERVE_MS = 2_000

# What one BatchWriteItem is given, by key; it answers with the keys that were not processed.
Put = Callable[[dict[str, bytes]], list[str]]
_Batch = list[tuple[str, bytes]]


class DeadlineNear(Exception):  # noqa: N818 - Lambda answers the class's name as errorType
    """The function would be stopped before all items are written."""


class Pace(NamedTuple):
    """What the writers ask of the world around them.

    Attributes:
        remaining_ms: milliseconds until the function is stopped.
        sleep: waits for so many seconds.
        jitter: a number from 0 to 1.
    """

    remaining_ms: Callable[[], int]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


class Lanes:
    """The writers; close() them in any case.

    Attributes:
        retried: how many items were sent again, so far.
        blocked_s: how long push() waited for a writer that was far behind.
        failure: what the first writer that gave up did so for; nothing more is written then.
    """

    def __init__(self, put: Put, pace: Pace, progress: Callable[[int], None] | None = None) -> None:
        self.retried = 0
        self.blocked_s = 0.0
        self.failure: Exception | None = None
        self._put, self._pace, self._progress = put, pace, progress
        self._pushed = self._written = 0
        self._count = threading.Lock()
        self._filling: list[_Batch] = [[] for _ in range(LANES)]
        self._ways: list[queue.Queue[_Batch | None]] = [queue.Queue(WAITING) for _ in range(LANES)]
        self._writers = [threading.Thread(target=self._write, args=(way,)) for way in self._ways]
        for writer in self._writers:
            writer.start()

    def push(self, key: str, request: bytes) -> None:
        """Hand an item to its writer; waits while that one is far behind."""
        lane = hash(key) % LANES
        batch = self._filling[lane]
        batch.append((key, request))
        if len(batch) == BATCH:
            started = time.perf_counter()
            self._send(lane)
            self.blocked_s += time.perf_counter() - started

    def close(self) -> None:
        """Wait until all is written, or given up."""
        for lane, way in enumerate(self._ways):
            self._send(lane)
            way.put(None)
        for writer in self._writers:
            writer.join()

    def is_hopeless(self) -> bool:
        """Whether a writer has given up and there is no time left to find out anything else."""
        return self.failure is not None and self._pace.remaining_ms() < RESERVE_MS

    def _send(self, lane: int) -> None:
        batch = self._filling[lane]
        self._filling[lane] = []
        self._pushed += len(batch)
        if batch and self.failure is None:
            self._ways[lane].put(batch)

    def _write(self, way: queue.Queue[_Batch | None]) -> None:
        while (batch := way.get()) is not None:
            if self.failure is None:
                try:
                    self._write_batch(batch)
                except Exception as failure:  # noqa: BLE001 - told by whoever closes the lanes
                    self.failure = failure

    def _write_batch(self, batch: _Batch) -> None:
        # BatchWriteItem refuses a batch that names one key twice.
        pending = dict(batch)
        attempt = retried = 0
        while pending:
            pause = retry.backoff(attempt, self._pace.jitter) if attempt else 0.0
            if self._pace.remaining_ms() - pause * 1_000 < RESERVE_MS:
                raise DeadlineNear(
                    f"{self._pushed - self._written} of the {self._pushed} items read so far not"
                    f" written with less than {RESERVE_MS} ms left"
                )
            if attempt:
                self._pace.sleep(pause)
                retried += len(pending)
            unprocessed = self._put(pending)
            pending = {key: pending[key] for key in unprocessed}
            attempt += 1
        self._note(len(batch), retried)

    def _note(self, written: int, retried: int) -> None:
        with self._count:
            before = self._written // PROGRESS_EVERY
            self._written += written
            self.retried += retried
            done = self._written // PROGRESS_EVERY
            if self._progress is not None and done > before:
                self._progress(done * PROGRESS_EVERY)
