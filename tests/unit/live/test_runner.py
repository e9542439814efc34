from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

RUN = {"do": "run", "connection": "me", "format": "csv"}
RACERS = ["lambdameter-race-racer-python", "lambdameter-race-racer-rust"]


def items(count: int) -> list[dict[str, Any]]:
    return [{"registration_id": {"S": f"{number}"}, "city": {"S": "x"}} for number in range(count)]


@pytest.fixture
def runner(
    imported: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
    tables: Callable[..., Any],
) -> Any:
    module = imported("runner")
    monkeypatch.setattr(module, "dynamodb", tables(items(90), items(60)))
    return module


def kinds(gateway: Any, to: str = "me") -> list[str]:
    return [message["type"] for message in gateway.messages(to)]


def test_both_racers_are_asked_to_race_for_their_own_table(runner: Any, functions: Any) -> None:
    runner.handler(RUN, None)
    asked = dict(functions.invoked)
    assert sorted(asked) == RACERS
    for lane in ("python", "rust"):
        event = asked[f"lambdameter-race-racer-{lane}"]
        assert event["lane"] == lane
        assert event["task"] == {
            "bucket": "b",
            "key": "data/registrations.csv",
            "table": f"lambdameter-race-{lane}",
            "format": "csv",
        }
    assert len({event["race"] for event in asked.values()}) == 1


def test_the_order_is_that_which_chance_says(
    runner: Any, functions: Any, gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.random, "sample", lambda lanes, _: list(reversed(lanes)))
    runner.handler(RUN, None)
    assert [function for function, _ in functions.invoked] == RACERS[::-1]
    assert gateway.messages("me")[-1]["order"] == ["rust", "python"]


def test_the_tables_are_emptied_before_the_start(runner: Any, gateway: Any) -> None:
    runner.handler(RUN, None)
    assert set(map(len, runner.dynamodb.tables.values())) == {0}
    assert kinds(gateway) == ["clearing", "started"]


def test_every_page_is_told_and_named_to_the_racers(
    runner: Any, functions: Any, gateway: Any, s3: Any
) -> None:
    s3.objects |= {"connections/me": b"", "connections/another": b""}
    runner.handler(RUN, None)
    assert kinds(gateway, "another") == ["clearing", "started"]
    assert functions.invoked[0][1]["connections"] == ["me", "another"]


def test_no_more_than_twenty_pages_are_told_and_the_one_that_asked_is(
    runner: Any, functions: Any, s3: Any
) -> None:
    s3.objects |= {f"connections/{number:03}": b"" for number in range(1_000)}
    runner.handler(RUN, None)
    told = functions.invoked[0][1]["connections"]
    assert (len(told), told[0]) == (20, "me")


def test_a_page_that_is_gone_is_not_told_again(
    runner: Any, functions: Any, gateway: Any, s3: Any, refuse: Callable[[str], Exception]
) -> None:
    s3.objects["connections/gone"] = b""
    gateway.fails["gone"] = refuse("GoneException")
    runner.handler(RUN, None)
    assert kinds(gateway, "gone") == ["clearing"]
    assert functions.invoked[0][1]["connections"] == ["me"]


def test_a_page_that_cannot_be_reached_just_now_stops_no_race(
    runner: Any, functions: Any, gateway: Any, refuse: Callable[[str], Exception]
) -> None:
    gateway.fails["me"] = refuse("LimitExceededException")
    runner.handler(RUN, None)
    assert len(functions.invoked) == 2


def test_a_second_race_is_refused_while_one_is_on(
    runner: Any, functions: Any, gateway: Any
) -> None:
    runner.handler(RUN, None)
    runner.handler(RUN | {"connection": "another"}, None)
    assert gateway.messages("another")[-1]["reason"] == "a race is on"
    assert len(functions.invoked) == 2


def test_of_two_that_begin_at_once_one_is_refused(
    runner: Any, functions: Any, gateway: Any, s3: Any
) -> None:
    def first() -> None:
        s3.before_put = lambda: None
        runner.handler(RUN | {"connection": "first"}, None)

    s3.before_put = first
    runner.handler(RUN, None)
    assert kinds(gateway, "first") == ["clearing", "started"]
    assert kinds(gateway) == ["refused"]
    assert len(functions.invoked) == 2


def test_when_both_lanes_have_ended_there_may_be_another(runner: Any, functions: Any) -> None:
    runner.handler(RUN, None)
    race = functions.invoked[0][1]["race"]
    for lane in ("python", "rust"):
        assert len(functions.invoked) == 2
        runner.handler(RUN, None)
        runner.races.end(runner.s3, "b", {"race": race, "lane": lane})
    runner.handler(RUN, None)
    assert len(functions.invoked) == 4


def test_a_race_that_nobody_ended_is_over_after_twenty_minutes(
    runner: Any, functions: Any, s3: Any
) -> None:
    runner.handler(RUN, None)
    current = json.loads(s3.objects["races/current.json"])
    s3.objects["races/current.json"] = json.dumps(
        current | {"began_s": current["began_s"] - 1_201}
    ).encode()
    runner.handler(RUN, None)
    assert len(functions.invoked) == 4


def test_a_racer_that_cannot_be_started_has_failed(
    runner: Any, functions: Any, gateway: Any
) -> None:
    functions.refuses = set(RACERS)
    runner.handler(RUN, None)
    failed = [message for message in gateway.messages("me") if message["type"] == "failed"]
    assert sorted(message["lane"] for message in failed) == ["python", "rust"]
    functions.refuses = set()
    runner.handler(RUN, None)
    assert len(functions.invoked) == 2


def test_a_racer_that_died_is_told_and_ends_its_lane(runner: Any, gateway: Any, s3: Any) -> None:
    died = {
        "requestContext": {"condition": "RetriesExhausted"},
        "requestPayload": {"race": "r", "lane": "rust", "connections": ["me"]},
        "responsePayload": {"errorType": "Runtime.OutOfMemory"},
    }
    runner.handler(died, None)
    message = gateway.messages("me")[-1]
    assert message["error"] == {"errorType": "Runtime.OutOfMemory"}
    assert json.loads(s3.objects["races/r/rust.json"]) == message


def test_a_death_without_an_answer_is_told_by_its_condition(runner: Any, gateway: Any) -> None:
    died = {
        "requestContext": {"condition": "EventAgeExceeded"},
        "requestPayload": {"race": "r", "lane": "rust", "connections": ["me"]},
    }
    runner.handler(died, None)
    assert gateway.messages("me")[-1]["error"] == {"errorType": "EventAgeExceeded"}


def test_warming_up_tells_both_report_lines(runner: Any, functions: Any, gateway: Any) -> None:
    line = "REPORT RequestId: x\tDuration: 1.00 ms\tInit Duration: 200.00 ms\t"
    log = f"START RequestId: x\n{line}\n".encode()
    functions.answer = {"LogResult": base64.b64encode(log).decode()}
    runner.handler({"do": "warmup", "connection": "me"}, None)
    assert sorted(functions.invoked) == [(racer, {}) for racer in RACERS]
    told = gateway.messages("me")
    assert sorted(message["lane"] for message in told) == ["python", "rust"]
    assert {message["report"] for message in told} == {line}
