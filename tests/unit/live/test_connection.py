from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(imported: Callable[[str], Any], gateway: Any) -> Send:
    """Send a message over connection `me`; what the page is told."""
    module = imported("connection")

    def sent(route: str, body: str | None = None, **message: Any) -> dict[str, Any]:
        event = {
            "requestContext": {"routeKey": route, "connectionId": "me"},
            "body": json.dumps({"action": route} | message) if body is None else body,
        }
        assert module.handler(event, None) == {"statusCode": 200}
        told: list[dict[str, Any]] = gateway.messages("me")
        return told[-1] if told else {}

    return sent


def test_a_page_is_there_from_connect_to_disconnect(send: Send, s3: Any) -> None:
    send("$connect")
    assert list(s3.objects) == ["connections/me"]
    send("$disconnect")
    assert s3.objects == {}


def test_nothing_is_sent_while_connecting(send: Send) -> None:
    assert send("$connect") == {}
    assert send("$disconnect") == {}


def test_run_with_the_token_starts_the_runner_and_answers_at_once(
    send: Send, functions: Any, token: str
) -> None:
    assert send("run", token=token, format="csv") == {"type": "accepted", "action": "run"}
    wanted = {"do": "run", "connection": "me", "format": "csv"}
    assert functions.invoked == [("lambdameter-race-runner", wanted)]


@pytest.mark.parametrize("wrong", [None, "", "another", 7, ["a token"], "\ud800"])
def test_run_without_the_token_starts_nothing(send: Send, functions: Any, wrong: Any) -> None:
    told = send("run", token=wrong, format="csv")
    assert told["type"] == "refused"
    assert "token" in told["reason"]
    assert functions.invoked == []


def test_run_of_an_unknown_format_starts_nothing(send: Send, functions: Any, token: str) -> None:
    assert send("run", token=token, format="xml")["reason"] == "format is one of: csv, json"
    assert functions.invoked == []


def test_warming_up_and_verifying_need_no_token(send: Send, functions: Any) -> None:
    send("warmup")
    send("verify")
    assert functions.invoked == [
        ("lambdameter-race-runner", {"do": "warmup", "connection": "me"}),
        ("lambdameter-race-verifier", {"connection": "me"}),
    ]


def test_an_unknown_action_is_told_which_there_are(send: Send) -> None:
    told = send("$default", action="dance")
    assert told["reason"] == "the actions are: warmup, run, verify"


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null"])
def test_a_message_that_is_no_object_is_refused(send: Send, functions: Any, body: str) -> None:
    assert send("run", body=body)["type"] == "refused"
    assert functions.invoked == []
