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

    def sent(
        route: str, body: str | None = None, query: Any = None, **message: Any
    ) -> dict[str, Any]:
        event = {
            "requestContext": {"routeKey": route, "connectionId": "me"},
            "queryStringParameters": query,
            "body": json.dumps({"action": route} | message) if body is None else body,
        }
        assert module.handler(event, None) == {"statusCode": 200}
        messages: list[dict[str, Any]] = gateway.messages("me")
        return messages[-1] if messages else {}

    return sent


def test_a_page_is_there_from_connect_to_disconnect(send: Send, s3: Any) -> None:
    send("$connect")
    assert list(s3.objects) == ["connections/me"]
    send("$disconnect")
    assert s3.objects == {}


def test_nothing_is_sent_while_connecting(send: Send) -> None:
    assert send("$connect") == {}
    assert send("$disconnect") == {}


def test_whoever_records_is_listed_before_every_page(send: Send, s3: Any) -> None:
    send("$connect", query={"recorder": "1"})
    assert list(s3.objects) == ["connections/!me"]
    assert min("connections/!me", "connections/+/=_-09azAZ") == "connections/!me"
    send("$disconnect")
    assert s3.objects == {}


def test_run_with_the_token_starts_the_runner_and_answers_at_once(
    send: Send, functions: Any, token: str
) -> None:
    sent = send("run", token=token, format="csv", memory_mb=512, cold=True)
    assert sent == {"type": "accepted", "action": "run"}
    wanted = {"do": "run", "connection": "me", "format": "csv", "memory_mb": 512, "cold": True}
    assert functions.invoked == [("lambdameter-race-runner", wanted)]


def test_warm_up_with_the_token_starts_the_runner(send: Send, functions: Any, token: str) -> None:
    assert send("warmup", token=token, memory_mb=128)["type"] == "accepted"
    wanted = {"do": "warmup", "connection": "me", "memory_mb": 128}
    assert functions.invoked == [("lambdameter-race-runner", wanted)]


@pytest.mark.parametrize("action", ["run", "warmup"])
@pytest.mark.parametrize("wrong", [None, "", "another", 7, ["a token"], "\ud800"])
def test_without_the_token_nothing_is_started(
    send: Send, functions: Any, action: str, wrong: Any
) -> None:
    sent = send(action, token=wrong, format="csv", memory_mb=512)
    assert sent["type"] == "refused"
    assert "token" in sent["reason"]
    assert functions.invoked == []


@pytest.mark.parametrize("action", ["run", "warmup"])
@pytest.mark.parametrize("memory_mb", [None, 0, 127, 10_241, 512.0, "512", True, [512]])
def test_memory_that_lambda_does_not_have_is_refused(
    send: Send, functions: Any, token: str, action: str, memory_mb: Any
) -> None:
    sent = send(action, token=token, format="csv", memory_mb=memory_mb)
    assert sent["reason"] == "memory_mb is a whole number from 128 to 10240"
    assert functions.invoked == []


@pytest.mark.parametrize("cold", [None, 1, "yes"])
def test_cold_is_true_or_false(send: Send, functions: Any, token: str, cold: Any) -> None:
    sent = send("run", token=token, format="csv", memory_mb=512, cold=cold)
    assert sent["reason"] == "cold is true or false"
    assert functions.invoked == []


def test_run_of_an_unknown_format_starts_nothing(send: Send, functions: Any, token: str) -> None:
    sent = send("run", token=token, format="xml", memory_mb=512)
    assert sent["reason"] == "format is one of: csv, json"
    assert functions.invoked == []


def test_verifying_needs_no_token(send: Send, functions: Any) -> None:
    send("verify")
    assert functions.invoked == [("lambdameter-race-verifier", {"connection": "me"})]


def test_an_unknown_action_is_told_which_there_are(send: Send) -> None:
    sent = send("$default", action="dance")
    assert sent["reason"] == "the actions are: warmup, run, verify"


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "null", "[" * 100_000])
def test_a_message_that_is_no_object_is_refused(send: Send, functions: Any, body: str) -> None:
    assert send("run", body=body)["type"] == "refused"
    assert functions.invoked == []
