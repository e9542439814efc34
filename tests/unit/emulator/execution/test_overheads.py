from __future__ import annotations

from lambdameter.emulator.execution import overheads
from lambdameter.emulator.execution.overheads import (
    Init,
    Memory,
    Overheads,
    PerInvocation,
    PerPackage,
)

MODEL = Overheads(
    name="m",
    init=Init(ms_per_mb=2.5),
    invocation=PerInvocation(ms=0.5),
    memory=Memory(base_mb=7.0, mb_per_init_mb=0.5),
    hidden_start=PerPackage(ms_per_mb=6.0),
)


def test_init_and_what_comes_before_it_grow_with_the_package() -> None:
    added = MODEL.of(2_000_000, 0.0)
    assert (added.init_ms, added.hidden_start_ms) == (5.0, 12.0)


def test_init_grows_with_what_it_left_resident() -> None:
    init = Init(ms_per_mb=2.5, ms_per_init_mb=0.5)
    assert (init.of(0.0, 8.0), init.of(2.0, 8.0)) == (4.0, 9.0)


def test_an_invocation_costs_the_same_whatever_the_package() -> None:
    assert MODEL.of(1, 0.0).invocation_ms == MODEL.of(2_000_000, 40.0).invocation_ms == 0.5


def test_memory_is_a_base_and_a_part_of_what_init_left() -> None:
    assert MODEL.of(2_000_000, 0.0).memory_mb == 7.0
    assert MODEL.of(2_000_000, 40.0).memory_mb == 27.0


def test_before_init_it_is_4_to_8_ms_for_each_mb() -> None:
    assert 4 <= overheads.shipped().of(1_000_000, 0.0).hidden_start_ms <= 8


def test_the_shipped_model_takes_nothing_away() -> None:
    shipped = overheads.shipped()
    assert shipped.name.startswith("overheads ")
    assert min(shipped.init.ms_per_mb, shipped.hidden_start.ms_per_mb) >= 0
    assert min(shipped.memory.base_mb, shipped.memory.mb_per_init_mb) >= 0
