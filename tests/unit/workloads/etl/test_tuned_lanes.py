"""The writers side by side, against a table that leaves items unprocessed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Put = Callable[[dict[str, bytes]], list[str]]


class FakeTable:
    """Refuses what BatchWriteItem refuses; `leaves` says which items it does not get to."""

    def __init__(self, leaves: Callable[[], bool] = lambda: False) -> None:
        self.items: dict[str, bytes] = {}
        self.puts: list[int] = []
        self._leaves = leaves
        self._lock = threading.Lock()

    def put(self, batch: dict[str, bytes]) -> list[str]:
        assert 1 <= len(batch) <= 25
        with self._lock:
            self.puts.append(len(batch))
            unprocessed = [key for key in batch if self._leaves()]
            self.items |= {key: one for key, one in batch.items() if key not in unprocessed}
        return unprocessed


def pace(tuned: SimpleNamespace, remaining_ms: int = 60_000, jitter: float = 0.5) -> Any:
    return tuned.lanes.Pace(lambda: remaining_ms, lambda _seconds: None, lambda: jitter)


def write(
    tuned: SimpleNamespace, put: Put, pace: Any, keys: Iterable[int], progress: Any = None
) -> Any:
    lanes = tuned.lanes.Lanes(put, pace, progress)
    for order, key in enumerate(keys):
        lanes.push(f"R{key}", str(order).encode())
    lanes.close()
    return lanes


@settings(deadline=None)
@given(
    keys=st.lists(st.integers(0, 60), max_size=400),
    chance=st.floats(0, 0.9),
    seed=st.integers(0, 2**32),
)
def test_every_key_stands_once_with_its_last_value_whatever_is_left_unprocessed(
    python_tuned: SimpleNamespace, keys: list[int], chance: float, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - a property's chance, not a secret
    table = FakeTable(lambda: random.random() < chance)
    lanes = write(python_tuned, table.put, pace(python_tuned), keys)
    assert lanes.failure is None
    assert table.items == {f"R{key}": str(order).encode() for order, key in enumerate(keys)}
    assert sum(table.puts) - lanes.retried <= len(keys)


def test_requests_are_in_flight_together(python_tuned: SimpleNamespace) -> None:
    together = threading.Barrier(python_tuned.lanes.LANES)

    def put(_batch: dict[str, bytes]) -> list[str]:
        together.wait(10)
        return []

    # Each lane makes as many requests as the others, or the barrier would break.
    lanes = python_tuned.lanes.Lanes(put, pace(python_tuned))
    for lane in range(python_tuned.lanes.LANES):
        keys = map("R{}".format, itertools.count())
        key = next(key for key in keys if hash(key) % python_tuned.lanes.LANES == lane)
        lanes.push(key, b"")
    lanes.close()
    assert lanes.failure is None


def test_a_failure_ends_the_writing_and_is_kept(python_tuned: SimpleNamespace) -> None:
    asked = itertools.count()

    def put(_batch: dict[str, bytes]) -> list[str]:
        if next(asked) >= 5:
            raise KeyError
        return []

    lanes = write(python_tuned, put, pace(python_tuned), range(10_000))
    assert isinstance(lanes.failure, KeyError)
    assert next(asked) < 5 + 2 * python_tuned.lanes.LANES


def test_nothing_is_put_once_the_deadline_is_near(python_tuned: SimpleNamespace) -> None:
    table = FakeTable()
    lanes = write(python_tuned, table.put, pace(python_tuned, 1_999), [1])
    assert table.puts == []
    assert type(lanes.failure).__name__ == "DeadlineNear"
    assert str(lanes.failure) == (
        "1 of the 1 items read so far not written with less than 2000 ms left"
    )
    assert lanes.is_hopeless()


def test_the_wait_before_a_retry_counts_against_the_deadline(python_tuned: SimpleNamespace) -> None:
    table = FakeTable(lambda: True)
    lanes = write(python_tuned, table.put, pace(python_tuned, 2_049, 1.0), [1])
    assert len(table.puts) == 1
    assert lanes.failure is not None


def test_only_the_readers_waiting_counts_as_blocked(
    python_tuned: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: float(next(ticks)))
    monkeypatch.setattr(python_tuned.lanes, "time", clock)
    lanes = python_tuned.lanes.Lanes(FakeTable().put, pace(python_tuned))
    for _ in range(30):
        lanes.push("R1", b"")
    lanes.close()
    assert lanes.blocked_s == 1.0


def test_progress_is_told_at_each_thousand(python_tuned: SimpleNamespace) -> None:
    told: list[int] = []
    write(python_tuned, FakeTable().put, pace(python_tuned), range(3_030), told.append)
    assert told == [1_000, 2_000, 3_000]
