"""The rules without a socket; test_gateway and test_frames show them to other people's clients."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.emulator.gateway import protocol
from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.gateway.events import ApiStage, Client, ConnectionFacts, Moment
from lambdameter.emulator.gateway.protocol import (
    Accept,
    Answer,
    Close,
    Connection,
    GoneError,
    Invoke,
    Refuse,
    SizeLimits,
    answer,
)

AT = Moment(2_000.0, 1_742_085_983_306.0)
Make = Callable[..., Connection]


@pytest.fixture
def make(facts: ConnectionFacts) -> Make:
    def made(**routes: str) -> Connection:
        named = {key.replace("_", "$"): function for key, function in routes.items()}
        numbers = itertools.count(1)
        api = WebSocketApi(name="race", stage="live", routes=named)
        return Connection(api, facts, lambda: str(next(numbers)))

    return made


def opened(connection: Connection) -> Connection:
    connection.begin()
    connection.connect_answered(Answer(200))
    return connection


def test_connect_is_asked_before_the_handshake_is_answered(make: Make) -> None:
    connection = make(_connect="c")
    asked = connection.begin()
    assert isinstance(asked, Invoke)
    assert asked.function == "c"
    with pytest.raises(GoneError):
        connection.posted("early", AT)
    assert connection.connect_answered(Answer(204)) == Accept()
    connection.posted("now", AT)


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (Answer(401), Refuse(401, "Forbidden")),
        (Answer(302), Refuse(302, "Forbidden")),
        (Answer(199), Refuse(502, "Internal server error")),
        (protocol.NO_ANSWER_IN_TIME, Refuse(504, "Endpoint request timed out")),
        (protocol.NOT_INVOKED, Refuse(500, "Internal server error")),
    ],
)
def test_what_connect_does_not_accept_is_gone_and_disconnect_never_hears_of_it(
    make: Make, answered: Answer, told: Refuse
) -> None:
    connection = make(_connect="c", _disconnect="d")
    connection.begin()
    assert connection.connect_answered(answered) == told
    with pytest.raises(GoneError):
        connection.check_open()
    assert connection.closed(1006, "", AT) is None


@pytest.mark.parametrize(
    ("payload", "error", "meant"),
    [
        (b'{"statusCode": 200, "body": "x"}', None, Answer(200)),
        (b'{"statusCode": "200"}', None, Answer(200)),
        (b"{}", None, Answer(502, "Internal server error")),
        (b"null", None, Answer(502, "Internal server error")),
        (b"no json", None, Answer(502, "Internal server error")),
        (b'{"deep": ' + b"[" * 9_999, None, Answer(502, "Internal server error")),
        (b'{"statusCode": 200}', "Unhandled", Answer(502, "Internal server error")),
    ],
)
def test_an_answer_must_be_json_with_a_status_code(
    payload: bytes, error: str | None, meant: Answer
) -> None:
    assert answer(payload, error) == meant


@pytest.mark.parametrize(
    ("body", "route"),
    [
        ('{"action": "run"}', "run"),
        ('{"action": "other"}', "$default"),
        ('{"action": "$disconnect"}', "$default"),
        ('{"action": "$default"}', "$default"),
        ('{"action": ["run"]}', "$default"),
        ('{"Action": "run"}', "$default"),
        ('"run"', "$default"),
        ("", "$default"),
        ('{"action": "run"', "$default"),
        ("[" * 9_999 + "]" * 9_999, "$default"),
    ],
)
def test_the_route_is_the_bodys_action(make: Make, body: str, route: str) -> None:
    assert make(_default="d", _disconnect="e", run="r").route(body) == route


@given(st.text())
def test_whatever_a_client_says_it_has_one_of_the_routes_that_are_its_own(body: str) -> None:
    api = WebSocketApi(name="a", stage="s", routes={"$connect": "c", "$default": "d", "run": "r"})
    facts = ConnectionFacts(
        stage=ApiStage(api_id="a", stage="s", domain="d"),
        client=Client(source_ip="127.0.0.1"),
        connection_id="c=",
        connected=AT,
    )
    connection = Connection(api, facts, str)
    assert connection.route(body) in {"$default", "run"}


def test_without_a_default_what_has_no_route_is_forbidden(make: Make) -> None:
    told = opened(make(run="r")).received("x", AT)
    assert told == protocol.Send('{"message":"Forbidden","connectionId":"c=","requestId":"1"}')


def test_binary_is_1003(make: Make) -> None:
    assert opened(make(_default="d")).received(b"x", AT) == Close(1003, "Unsupported data")


def test_a_client_hears_of_a_failure_but_not_of_a_connection_that_is_closed(make: Make) -> None:
    connection = opened(make(_default="d"))
    assert connection.answered("1", Answer(200)) is None
    assert connection.answered("1", protocol.NOT_INVOKED) is not None
    connection.closed(1000, "", AT)
    assert connection.answered("1", protocol.NOT_INVOKED) is None


def test_what_is_sent_in_either_direction_puts_the_idle_limit_off(make: Make) -> None:
    directions: tuple[Callable[[Connection], object], ...] = (
        lambda connection: connection.received("x", AT),
        lambda connection: connection.posted("x", AT),
    )
    for happen in directions:
        connection = opened(make(_default="d"))
        before = connection.due_ms
        happen(connection)
        assert connection.due_ms == before + 1_000.0


def test_nothing_puts_the_limit_of_two_hours_off(make: Make) -> None:
    connection = opened(make(_default="d"))
    connection.received("x", Moment(7_200_000.0, 0.0))
    assert connection.due_ms == 7_201_000.0
    assert connection.expired(Moment(7_200_999.0, 0.0)) is None
    assert connection.expired(Moment(7_201_000.0, 0.0)) == Close(1001, "Going away")


def test_what_we_are_closing_is_gone_and_hears_nothing_more_but_its_end_is_told(make: Make) -> None:
    connection = opened(make(_default="d", _disconnect="e"))
    assert connection.deleted() == Close(1000, "Connection Closed Normally")
    with pytest.raises(GoneError):
        connection.posted("late", AT)
    assert connection.received("late", AT) is None
    assert connection.expired(Moment(9_000_000.0, 0.0)) is None
    assert isinstance(connection.closed(1000, "", AT), Invoke)


def test_disconnect_hears_of_an_end_once(make: Make) -> None:
    connection = opened(make(_disconnect="d"))
    first = connection.closed(1001, "Going away", AT)
    assert isinstance(first, Invoke)
    assert connection.closed(1006, "", AT) is None
    with pytest.raises(GoneError):
        connection.deleted()


@given(st.lists(st.integers(1, protocol.MAX_FRAME_BYTES), min_size=1, max_size=6))
def test_a_message_is_within_its_limit_or_is_refused_however_it_is_cut(sizes: list[int]) -> None:
    gauge = SizeLimits()
    broken = [gauge.exceeded(size, frame_ends=True, message_ends=False) for size in sizes]
    assert any(broken) == (sum(sizes) > protocol.MAX_MESSAGE_BYTES)


def test_a_frame_is_measured_across_the_parts_that_it_comes_in() -> None:
    gauge = SizeLimits()
    assert gauge.exceeded(protocol.MAX_FRAME_BYTES, frame_ends=False, message_ends=False) is None
    assert gauge.exceeded(1, frame_ends=True, message_ends=True) == "Frame larger than 32768 bytes"


def test_a_new_message_begins_at_nothing() -> None:
    gauge = SizeLimits()
    for _ in range(10):
        size = protocol.MAX_FRAME_BYTES
        assert gauge.exceeded(size, frame_ends=True, message_ends=True) is None
