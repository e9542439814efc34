from __future__ import annotations

from lambdameter.emulator import overheads
from lambdameter.emulator.overheads import Added, HiddenStart, Overheads

MODEL = Overheads(
    name="m",
    interpreter=Added(init_ms=30.0, memory_mb=12),
    compiled=Added(init_ms=8.0, memory_mb=9),
    hidden_start=HiddenStart(floor_ms=5.0, ms_per_mb=6.0),
)


def test_each_kind_of_code_has_its_own():
    assert MODEL.of("interpreter", 0).init_ms == 30.0
    assert MODEL.of("compiled", 0).memory_mb == 9


def test_the_hidden_part_of_a_start_grows_with_the_package():
    assert MODEL.of("compiled", 2_000_000).hidden_start_ms == 17.0


def test_the_shipped_model_can_be_read():
    assert overheads.shipped().name.startswith("overheads ")
