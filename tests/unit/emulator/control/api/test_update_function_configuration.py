from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from lambdameter.model.report_line import parse_meter

pytestmark = pytest.mark.usefixtures("function")


async def test_the_next_invocation_starts_a_new_environment(ask: Any, host: Any) -> None:
    first = parse_meter((await ask("POST", "/f/invocations", {})).headers)
    updated = await ask("PUT", "/f/configuration", {"MemorySize": 512})
    assert (updated.status, updated.document["LastUpdateStatus"]) == (200, "InProgress")
    await ask("GET", "/f")
    answer = await ask("POST", "/f/invocations", {}, {"X-Amz-Log-Type": "Tail"})
    second = parse_meter(answer.headers)
    assert first is not None
    assert second is not None
    assert first.environment != second.environment
    assert b"Init Duration" in base64.b64decode(answer.headers["x-amz-log-result"])
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_what_is_not_named_stays(ask: Any) -> None:
    updated = await ask("PUT", "/f/configuration", {"Timeout": 9})
    assert (updated.document["Timeout"], updated.document["MemorySize"]) == (9, 128)
    assert updated.document["Handler"] == "h.f"


async def test_an_update_of_another_revision_is_refused(ask: Any) -> None:
    refused = await ask("PUT", "/f/configuration", {"Timeout": 9, "RevisionId": "x"})
    assert (refused.status, refused.code) == (412, "PreconditionFailedException")


@pytest.mark.parametrize("body", [b"[]", b"no json", b""])
async def test_what_is_no_document_is_refused_as_that(ask: Any, body: bytes) -> None:
    refused = await ask("PUT", "/f/configuration", body)
    assert (refused.status, refused.code) == (400, "SerializationException")


async def test_an_invocation_in_flight_ends_on_the_old_configuration(ask: Any, host: Any) -> None:
    answered: asyncio.Queue[str] = asyncio.Queue()
    go_on = asyncio.Event()

    async def slow(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
            answered.put_nowait(request_id)
            await go_on.wait()
            runtime.peer.respond(request_id, b'"old"')

    host.script = slow
    in_flight = ask("POST", "/f/invocations", {})
    await answered.get()
    await ask("PUT", "/f/configuration", {"MemorySize": 512})
    assert (await ask("GET", "/f/configuration")).document["LastUpdateStatus"] == "Successful"
    assert "destroy" not in host.sandboxes[0].calls
    go_on.set()
    assert (await in_flight).document == "old"
    assert host.sandboxes[0].calls[-1] == "destroy"
