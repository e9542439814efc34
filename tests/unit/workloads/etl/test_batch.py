"""The batch writer against a table that leaves items unprocessed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Item = dict[str, Any]


class FakeTable:
    """Refuses what BatchWriteItem refuses; `leaves` says which items it does not get to."""

    def __init__(self, leaves: Callable[[], bool]) -> None:
        self.items: dict[str, Item] = {}
        self.puts: list[int] = []
        self._leaves = leaves

    def put(self, batch: list[Item]) -> list[Item]:
        assert 1 <= len(batch) <= 25
        assert len({item["id"] for item in batch}) == len(batch), "one key twice"
        self.puts.append(len(batch))
        unprocessed = [item for item in batch if self._leaves()]
        self.items |= {item["id"]: item for item in batch if item not in unprocessed}
        return unprocessed


class FakeClock:
    """Only sleeping and, where asked, looking moves it."""

    def __init__(self, remaining_ms: float, per_look_ms: float = 0) -> None:
        self.remaining_ms = remaining_ms
        self.slept: list[float] = []
        self._per_look_ms = per_look_ms

    def look(self) -> int:
        self.remaining_ms -= self._per_look_ms
        return int(self.remaining_ms)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.remaining_ms -= seconds * 1_000


def pace(etl: SimpleNamespace, clock: FakeClock, jitter: Callable[[], float]) -> Any:
    return etl.batch.Pace(clock.look, clock.sleep, jitter)


def items(count: int) -> list[Item]:
    return [{"id": f"R{index}", "value": index} for index in range(count)]


@given(
    keys=st.lists(st.integers(0, 60), max_size=200),
    chance=st.floats(0, 0.9),
    seed=st.integers(0, 2**32),
)
def test_every_key_stands_once_with_its_last_value_whatever_is_left_unprocessed(
    python_variant: SimpleNamespace, keys: list[int], chance: float, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - a property's chance, not a secret
    table = FakeTable(lambda: random.random() < chance)
    records = [{"id": f"R{key}", "value": order} for order, key in enumerate(keys)]
    clock = FakeClock(1e9)
    retried = python_variant.batch.write(
        records, "id", table.put, pace(python_variant, clock, random.random)
    )
    assert table.items == {record["id"]: record for record in records}
    first_tries = -(-len(records) // 25)
    assert len(table.puts) == first_tries + len(clock.slept)
    distinct = (len(set(keys[start : start + 25])) for start in range(0, len(keys), 25))
    assert sum(table.puts) == sum(distinct) + retried


@given(remaining_ms=st.integers(2_000, 120_000), per_look_ms=st.integers(1, 100))
def test_attempts_are_bounded_by_the_deadline(
    python_variant: SimpleNamespace, remaining_ms: int, per_look_ms: int
) -> None:
    table = FakeTable(lambda: True)
    clock = FakeClock(remaining_ms, per_look_ms)
    with pytest.raises(python_variant.batch.DeadlineNear):
        python_variant.batch.write(
            items(30), "id", table.put, pace(python_variant, clock, lambda: 0.5)
        )
    assert clock.remaining_ms >= 2_000 - per_look_ms
    assert len(table.puts) <= (remaining_ms - 2_000) / per_look_ms + 1


def test_the_error_at_the_deadline_says_how_much_is_left(python_variant: SimpleNamespace) -> None:
    calls = itertools.count()
    table = FakeTable(lambda: next(calls) >= 40)
    with pytest.raises(python_variant.batch.DeadlineNear) as ended:
        python_variant.batch.write(
            items(60), "id", table.put, pace(python_variant, FakeClock(60_000), lambda: 1.0)
        )
    assert str(ended.value) == "20 of 60 items not written with less than 2000 ms left"


def test_nothing_is_put_once_the_deadline_is_near(python_variant: SimpleNamespace) -> None:
    table = FakeTable(lambda: False)
    with pytest.raises(python_variant.batch.DeadlineNear):
        python_variant.batch.write(
            items(1), "id", table.put, pace(python_variant, FakeClock(1_999), lambda: 0.0)
        )
    assert table.puts == []


def test_the_wait_doubles_up_to_its_cap(python_variant: SimpleNamespace) -> None:
    calls = itertools.count()
    clock = FakeClock(1e9)
    table = FakeTable(lambda: next(calls) < 9)
    python_variant.batch.write(items(1), "id", table.put, pace(python_variant, clock, lambda: 1.0))
    assert clock.slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_the_wait_is_jittered_down_to_nothing(python_variant: SimpleNamespace) -> None:
    calls = itertools.count()
    clock = FakeClock(1e9)
    table = FakeTable(lambda: next(calls) < 2)
    python_variant.batch.write(items(1), "id", table.put, pace(python_variant, clock, lambda: 0.0))
    assert clock.slept == [0.0, 0.0]


def test_progress_is_told_after_each_thousand(python_variant: SimpleNamespace) -> None:
    told: list[int] = []
    table = FakeTable(lambda: False)
    still = pace(python_variant, FakeClock(1e9), lambda: 0.0)
    python_variant.batch.write(items(2_030), "id", table.put, still, told.append)
    assert told == [1_000, 2_000]
