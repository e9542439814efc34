from __future__ import annotations

import asyncio
import base64
import json
import logging
from typing import Any

import pytest

from lambdameter.emulator.control.api import invoke
from lambdameter.emulator.execution import log
from lambdameter.model.report_line import parse_host, parse_meter

pytestmark = pytest.mark.usefixtures("function")


async def test_the_answer_is_the_handlers_and_what_the_emulator_knows(ask: Any) -> None:
    answer = await ask("POST", "/f/invocations", {"n": 1}, {"X-Amz-Log-Type": "Tail"})
    assert (answer.status, answer.document) == (200, {"n": 1})
    assert answer.headers["x-amz-executed-version"] == "$LATEST"
    assert b"Init Duration: 80.00 ms" in base64.b64decode(answer.headers["x-amz-log-result"])
    assert parse_meter(answer.headers) is not None
    told = parse_host(answer.headers)
    assert told is not None
    assert (told.engines, told.runtimes) == ({"s3": "fake 2"}, {"python3.12": "fake 1"})


async def test_without_log_type_there_is_no_log(ask: Any) -> None:
    assert "x-amz-log-result" not in (await ask("POST", "/f/invocations", {})).headers


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-Amz-Log-Type": "Tail"}, 0),
        ({}, 1),
        ({"X-Amz-Invocation-Type": "Event"}, 1),
    ],
)
async def test_a_log_that_its_caller_did_not_ask_for_is_the_emulators(
    ask: Any, plane: Any, caplog: Any, headers: dict[str, str], told: int
) -> None:
    with caplog.at_level(logging.INFO, log.__name__):
        await ask("POST", "/f/invocations", {}, headers)
        await asyncio.gather(*plane._events._tasks)
    assert caplog.text.count("f | REPORT RequestId") == told


async def test_no_payload_is_an_empty_event(ask: Any) -> None:
    assert (await ask("POST", "/f/invocations")).document == {}


async def test_a_dry_run_invokes_nothing(ask: Any, host: Any) -> None:
    answer = await ask("POST", "/f/invocations", {}, {"X-Amz-Invocation-Type": "DryRun"})
    assert answer.status == 204
    assert host.sandboxes == []


async def test_an_error_of_the_function_is_200_and_says_so(ask: Any, host: Any) -> None:
    async def fails(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
            runtime.peer.report_error(request_id, b'{"errorType":"E"}')

    host.script = fails
    answer = await ask("POST", "/f/invocations", {})
    assert (answer.status, answer.headers["x-amz-function-error"]) == (200, "Unhandled")


async def test_the_client_context_reaches_the_runtime_decoded(ask: Any, host: Any) -> None:
    seen: list[str] = []

    async def script(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            seen.append(delivery.headers["Lambda-Runtime-Client-Context"])
            runtime.peer.respond(delivery.headers["Lambda-Runtime-Aws-Request-Id"], b"1")

    host.script = script
    context = json.dumps({"custom": {"name": "Zoë, 5 €"}}, ensure_ascii=False)
    header = {"X-Amz-Client-Context": base64.b64encode(context.encode()).decode()}
    await ask("POST", "/f/invocations", {}, header)
    assert seen == [context]


@pytest.mark.parametrize(
    ("payload", "headers", "status", "code"),
    [
        (b"{no json", {}, 400, "InvalidRequestContentException"),
        (b"[" * 9_999 + b"]" * 9_999, {}, 400, "InvalidRequestContentException"),
        (b'{"name": "\xff"}', {}, 400, "InvalidRequestContentException"),
        (b" " * (invoke.MAX_PAYLOAD_BYTES + 1), {}, 413, "RequestTooLargeException"),
        (
            b" " * (invoke.MAX_EVENT_BYTES + 1),
            {"X-Amz-Invocation-Type": "Event"},
            413,
            "RequestTooLargeException",
        ),
        (b"{}", {"X-Amz-Invocation-Type": "Later"}, 400, "InvalidParameterValueException"),
        (b"{}", {"X-Amz-Client-Context": "%"}, 400, "InvalidParameterValueException"),
    ],
)
async def test_a_bad_invocation_is_refused_with_awss_code(
    ask: Any, payload: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    refused = await ask("POST", "/f/invocations", payload, headers)
    assert (refused.status, refused.code) == (status, code)


async def test_a_caller_that_goes_away_leaves_the_environment_warm(
    ask: Any, address: str, host: Any
) -> None:
    delivered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            delivered.set()
            await go_on.wait()
            runtime.peer.respond(delivery.headers["Lambda-Runtime-Aws-Request-Id"], b"1")

    host.script = slow
    _, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(
        b"POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    await delivered.wait()
    writer.transport.abort()
    go_on.set()
    assert (await ask("POST", "/f/invocations", {})).document == 1
    assert len(host.sandboxes) == 1


async def test_an_event_is_accepted_before_it_is_handled(ask: Any, host: Any) -> None:
    handled, go_on = asyncio.Event(), asyncio.Event()

    async def slow(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            await go_on.wait()
            handled.set()
            runtime.peer.respond(delivery.headers["Lambda-Runtime-Aws-Request-Id"], b"1")

    host.script = slow
    answer = await ask("POST", "/f/invocations", {"n": 1}, {"X-Amz-Invocation-Type": "Event"})
    assert (answer.status, answer.document) == (202, None)
    assert "x-amzn-requestid" in answer.headers
    assert not handled.is_set()
    go_on.set()
    await handled.wait()


async def test_an_event_at_the_limit_is_taken(ask: Any) -> None:
    payload = b"1".rjust(invoke.MAX_EVENT_BYTES)
    answer = await ask("POST", "/f/invocations", payload, {"X-Amz-Invocation-Type": "Event"})
    assert answer.status == 202


async def test_an_event_for_a_function_that_is_not_active_is_refused(
    ask: Any, creation: Any, plane: Any
) -> None:
    await ask("POST", "", creation(FunctionName="g", Runtime="python3.11"))
    while plane._pending:
        await asyncio.wait(tuple(plane._pending))
    refused = await ask("POST", "/g/invocations", {}, {"X-Amz-Invocation-Type": "Event"})
    assert (refused.status, refused.code) == (409, "ResourceConflictException")
