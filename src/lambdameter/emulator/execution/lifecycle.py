"""The life of an execution environment as a table: state x event -> next state and actions.

Nothing here does anything: environment.py feeds events in and performs the actions. What the
table does not list is refused, as the Runtime API refuses it (403 InvalidStateTransition).

The rules: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where an execution environment stands."""

    NEW = "new"  # nothing runs yet
    INIT = "init"  # the Init phase, before the first invocation: whole vCPUs, 10 s
    IDLE = "idle"  # frozen between invocations
    INVOKE = "invoke"  # the handler has the event
    RESPONDED = "responded"  # the handler has answered, the runtime not yet asked for an event
    FAILED = "failed"  # crash, exit, timeout: the rest of the process must be removed
    RESET = "reset"  # nothing runs; the next invocation pays for the init
    SUPPRESSED_INIT = "suppressed init"  # init inside an invocation, under its timeout
    DEAD = "dead"  # reclaimed


class Event(StrEnum):
    """What can happen to an execution environment."""

    # From the scheduler.
    START = "start"  # the first invocation has come
    INVOKE = "invoke"  # an invocation is placed on this environment
    CLEAN = "clean"  # remove the rest of a failed process
    DESTROY = "destroy"  # reclaim
    # From the runtime, by the Runtime API.
    NEXT = "next"  # it asks for the next event
    RESPONSE = "response"  # it posts a response
    ERROR = "error"  # it posts the handler's error
    INIT_ERROR = "init error"  # it posts that it cannot start
    # From the process and the clock.
    EXIT = "exit"  # the process has ended
    TIMEOUT = "timeout"  # the phase's time is up


# The scheduler waits until the actions of its events are done. Nobody waits for those of another
# event, so none of them may start or end a process.
FROM_THE_SCHEDULER = frozenset({Event.START, Event.INVOKE, Event.CLEAN, Event.DESTROY})


class Action(StrEnum):
    """What an event causes, in the table's order."""

    SPAWN = "spawn"
    KILL = "kill"
    FREEZE = "freeze"
    THAW = "thaw"
    THROTTLE = "throttle"
    START_CLOCK = "start clock"  # Duration begins
    CHARGE = "charge"  # take AWS's own CPU time from the function's share
    DELIVER = "deliver"  # answer the waiting /next with the event
    STOP_CLOCK = "stop clock"  # Duration ends
    SETTLE = "settle"  # the phase ends


class Transition(NamedTuple):
    """Where to go, and what to do on the way."""

    state: State
    actions: tuple[Action, ...]


class InvalidTransitionError(Exception):
    """The table has no such transition: the Runtime API answers 403."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} is not possible in state {state.value}")
        self.state = state
        self.event = event


_FAIL_INIT = Transition(State.FAILED, (Action.SETTLE,))
_FAIL_INVOKE = Transition(State.FAILED, (Action.STOP_CLOCK, Action.SETTLE))

TABLE: dict[tuple[State, Event], Transition] = {
    (State.NEW, Event.START): Transition(State.INIT, (Action.SPAWN,)),
    # The CPU share is set while the environment is frozen, so that no burst escapes it.
    (State.INIT, Event.NEXT): Transition(
        State.IDLE, (Action.FREEZE, Action.THROTTLE, Action.SETTLE)
    ),
    # A failed or overlong Init phase is not the caller's error yet: the environment is reset, and
    # init is run again inside the first invocation, under the function's timeout.
    (State.INIT, Event.INIT_ERROR): _FAIL_INIT,
    (State.INIT, Event.EXIT): _FAIL_INIT,
    (State.INIT, Event.TIMEOUT): _FAIL_INIT,
    (State.IDLE, Event.INVOKE): Transition(
        State.INVOKE, (Action.THAW, Action.START_CLOCK, Action.CHARGE, Action.DELIVER)
    ),
    # A runtime whose connection broke while it was frozen asks again.
    (State.IDLE, Event.NEXT): Transition(State.IDLE, ()),
    (State.IDLE, Event.EXIT): Transition(State.FAILED, ()),
    (State.INVOKE, Event.RESPONSE): Transition(State.RESPONDED, (Action.CHARGE,)),
    # An exception that the handler raised leaves the environment warm.
    (State.INVOKE, Event.ERROR): Transition(State.RESPONDED, (Action.CHARGE,)),
    (State.INVOKE, Event.EXIT): _FAIL_INVOKE,
    (State.INVOKE, Event.TIMEOUT): _FAIL_INVOKE,
    (State.RESPONDED, Event.NEXT): Transition(
        State.IDLE, (Action.STOP_CLOCK, Action.FREEZE, Action.SETTLE)
    ),
    (State.RESPONDED, Event.EXIT): _FAIL_INVOKE,
    (State.RESPONDED, Event.TIMEOUT): _FAIL_INVOKE,
    # A runtime that posted its init error ends by itself soon after.
    (State.FAILED, Event.EXIT): Transition(State.FAILED, ()),
    (State.FAILED, Event.CLEAN): Transition(State.RESET, (Action.KILL,)),
    # Suppressed init: inside Duration, with whole vCPUs until the runtime is ready.
    (State.RESET, Event.INVOKE): Transition(
        State.SUPPRESSED_INIT, (Action.START_CLOCK, Action.SPAWN)
    ),
    (State.SUPPRESSED_INIT, Event.NEXT): Transition(
        State.INVOKE, (Action.THROTTLE, Action.CHARGE, Action.DELIVER)
    ),
    (State.SUPPRESSED_INIT, Event.INIT_ERROR): _FAIL_INVOKE,
    (State.SUPPRESSED_INIT, Event.EXIT): _FAIL_INVOKE,
    (State.SUPPRESSED_INIT, Event.TIMEOUT): _FAIL_INVOKE,
} | {
    (state, Event.DESTROY): Transition(State.DEAD, (Action.KILL, Action.SETTLE))
    for state in State
    if state is not State.DEAD
}


def transition(state: State, event: Event) -> Transition:
    """Look the transition up.

    Raises:
        InvalidTransitionError: it is not in the table.
    """
    entry = TABLE.get((state, event))
    if entry is None:
        raise InvalidTransitionError(state, event)
    return entry
