"""Makes docs/lifecycle.md from lifecycle.TABLE.

python -m lambdameter.emulator.execution.state_diagram > docs/lifecycle.md
"""

from __future__ import annotations

import sys

from lambdameter.emulator.execution.lifecycle import TABLE, Event, State

_INTRODUCTION = """\
# The life of an execution environment

Generated from the transition table in `src/lambdameter/emulator/execution/lifecycle.py` by
`python -m lambdameter.emulator.execution.state_diagram > docs/lifecycle.md`; a test holds it in
step.

An arrow is an event, followed by the actions that it causes, in this order. An event without an
arrow is refused: the Runtime API answers 403 `InvalidStateTransition`, and a timer or an exit that
comes too late is ignored. `destroy` leads from every state to `dead` (kill, settle) and is omitted.
"""


def page() -> str:
    """The whole page, Markdown with a Mermaid diagram."""
    return f"{_INTRODUCTION}\n```mermaid\n{diagram()}```\n"


def diagram() -> str:
    """The table as a Mermaid state diagram, in the table's order."""
    lines = ["stateDiagram-v2", f"    [*] --> {_id(State.NEW)}"]
    lines += [f"    {_id(state)} : {state.value}" for state in State]
    for (state, event), (after, actions) in TABLE.items():
        if event is not Event.DESTROY:
            caused = f" / {', '.join(actions)}" if actions else ""
            lines.append(f"    {_id(state)} --> {_id(after)} : {event.value}{caused}")
    lines.append(f"    {_id(State.DEAD)} --> [*]")
    return "\n".join(lines) + "\n"


def _id(state: State) -> str:
    return state.name.lower()


if __name__ == "__main__":
    sys.stdout.write(page())
