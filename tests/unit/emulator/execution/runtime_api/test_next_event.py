from __future__ import annotations

from typing import Any

from lambdameter.emulator.execution.lifecycle import Event, InvalidTransitionError, State
from lambdameter.emulator.execution.runtime_api.peer import Delivery


async def test_the_event_comes_with_its_headers(ask: Any) -> None:
    answer = await ask("GET", "/invocation/next")
    assert (answer.status, answer.body) == (200, b'{"n":1}')
    assert answer.headers["lambda-runtime-aws-request-id"] == "r1"
    assert answer.headers["content-type"] == "application/json"


async def test_a_header_of_any_text_stays_one_header(ask: Any, peer: Any) -> None:
    context = "{\n5 €: Zoë}\r\nX-Forged: 1"
    peer.delivery = Delivery(headers={"Lambda-Runtime-Client-Context": context}, payload=b"1")
    headers = (await ask("GET", "/invocation/next")).headers
    told = headers["lambda-runtime-client-context"].encode("latin-1").decode()
    assert told == "{ 5 €: Zoë}  X-Forged: 1"
    assert "x-forged" not in headers


async def test_an_environment_that_goes_away_answers_500(ask: Any, peer: Any) -> None:
    peer.delivery = None
    assert (await ask("GET", "/invocation/next")).status == 500


async def test_what_the_lifecycle_has_no_place_for_is_403(ask: Any, peer: Any) -> None:
    peer.refusal = InvalidTransitionError(State.INVOKE, Event.NEXT)
    answer = await ask("GET", "/invocation/next")
    assert (answer.status, answer.error_type) == (403, "InvalidStateTransition")
