from __future__ import annotations

from pathlib import Path

from lambdameter.emulator.execution.lifecycle import TABLE, Event
from lambdameter.emulator.execution.state_diagram import diagram, page

PAGE = Path(__file__).parents[4] / "docs" / "lifecycle.md"


def test_the_page_is_in_step_with_the_table() -> None:
    again = "python -m lambdameter.emulator.execution.state_diagram > docs/lifecycle.md"
    assert PAGE.read_text() == page(), f"run: {again}"


def test_every_transition_but_the_destructions_is_an_arrow() -> None:
    arrows = [line for line in diagram().splitlines() if "-->" in line and "[*]" not in line]
    assert len(arrows) == sum(event is not Event.DESTROY for _, event in TABLE)
    assert "    idle --> invoke : invoke / thaw, start clock, charge, deliver" in arrows


def test_the_destruction_that_is_left_out_is_as_the_page_says() -> None:
    ends = {transition for (_, event), transition in TABLE.items() if event is Event.DESTROY}
    assert [(after.value, [*actions]) for after, actions in ends] == [("dead", ["kill", "settle"])]
