from __future__ import annotations

import pytest

from lambdameter.emulator.execution.lifecycle import (
    FROM_THE_SCHEDULER,
    TABLE,
    Action,
    Event,
    InvalidTransitionError,
    State,
    transition,
)


def walk(*events: Event, state: State = State.NEW) -> tuple[State, list[Action]]:
    actions: list[Action] = []
    for event in events:
        state, more = transition(state, event)
        actions += more
    return state, actions


def test_a_cold_start_freezes_after_init_and_is_throttled_before_it_thaws() -> None:
    state, actions = walk(Event.START, Event.NEXT, Event.INVOKE)
    assert state is State.INVOKE
    assert actions == [
        Action.SPAWN,
        Action.FREEZE,
        Action.THROTTLE,
        Action.SETTLE,
        Action.THAW,
        Action.START_CLOCK,
        Action.CHARGE,
        Action.DELIVER,
    ]


def test_duration_ends_when_the_runtime_asks_for_the_next_event_and_not_at_its_response() -> None:
    assert Action.STOP_CLOCK not in transition(State.INVOKE, Event.RESPONSE).actions
    assert transition(State.RESPONDED, Event.NEXT).actions[0] is Action.STOP_CLOCK


@pytest.mark.parametrize("answer", [Event.RESPONSE, Event.ERROR])
def test_what_aws_uses_itself_is_taken_before_the_event_and_after_the_answer(answer: Event) -> None:
    taken = [Action.CHARGE]
    assert walk(answer, state=State.INVOKE) == (State.RESPONDED, taken)
    for before in ((State.IDLE, Event.INVOKE), (State.SUPPRESSED_INIT, Event.NEXT)):
        assert transition(*before).actions[-2:] == (Action.CHARGE, Action.DELIVER)


def test_an_error_of_the_handler_leaves_the_environment_warm() -> None:
    assert walk(Event.ERROR, Event.NEXT, state=State.INVOKE)[0] is State.IDLE


@pytest.mark.parametrize("event", [Event.EXIT, Event.TIMEOUT])
@pytest.mark.parametrize("state", [State.INVOKE, State.RESPONDED, State.SUPPRESSED_INIT])
def test_exit_and_timeout_reset_the_environment(state: State, event: Event) -> None:
    after, actions = walk(event, Event.CLEAN, state=state)
    assert after is State.RESET
    assert Action.KILL in actions


@pytest.mark.parametrize("event", [Event.EXIT, Event.TIMEOUT, Event.INIT_ERROR])
def test_a_failed_init_phase_is_run_again_inside_the_invocation(event: Event) -> None:
    state, actions = walk(event, Event.CLEAN, Event.INVOKE, state=State.INIT)
    assert state is State.SUPPRESSED_INIT
    assert actions[-2:] == [Action.START_CLOCK, Action.SPAWN]


def test_a_suppressed_init_is_throttled_only_when_it_is_over() -> None:
    assert Action.THROTTLE not in transition(State.RESET, Event.INVOKE).actions
    assert transition(State.SUPPRESSED_INIT, Event.NEXT).actions[0] is Action.THROTTLE


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (State.INVOKE, Event.NEXT),
        (State.IDLE, Event.RESPONSE),
        (State.INIT, Event.RESPONSE),
        (State.IDLE, Event.INIT_ERROR),
        (State.DEAD, Event.INVOKE),
    ],
)
def test_what_the_table_does_not_list_is_refused(state: State, event: Event) -> None:
    with pytest.raises(InvalidTransitionError):
        transition(state, event)


def test_every_state_but_dead_can_be_left_for_dead_and_dead_for_none() -> None:
    for state in State:
        assert ((state, Event.DESTROY) in TABLE) == (state is not State.DEAD)


def test_every_state_is_reached_from_new() -> None:
    reached, frontier = {State.NEW}, [State.NEW]
    while frontier:
        state = frontier.pop()
        new = {to.state for (of, _), to in TABLE.items() if of is state} - reached
        reached |= new
        frontier += new
    assert reached == set(State)


def test_only_events_of_the_scheduler_start_or_end_a_process() -> None:
    starting_or_ending = {
        event
        for (_, event), found in TABLE.items()
        if {Action.SPAWN, Action.KILL} & set(found.actions)
    }
    assert starting_or_ending == FROM_THE_SCHEDULER
