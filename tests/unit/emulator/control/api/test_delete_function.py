from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("function")


async def test_the_function_and_its_environments_are_gone(ask: Any, host: Any) -> None:
    await ask("POST", "/f/invocations", {})
    assert (await ask("DELETE", "/f")).status == 204
    refused = await ask("GET", "/f")
    assert (refused.status, refused.code) == (404, "ResourceNotFoundException")
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_an_invocation_in_flight_is_finished_first(ask: Any, host: Any) -> None:
    delivered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(runtime: Any) -> None:
        while (delivery := await runtime.peer.next_event()) is not None:
            delivered.set()
            await go_on.wait()
            request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
            runtime.peer.respond(request_id, b'"done"')

    host.script = slow
    in_flight = ask("POST", "/f/invocations", {})
    await delivered.wait()
    assert (await ask("DELETE", "/f")).status == 204
    go_on.set()
    assert (await in_flight).document == "done"
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_its_name_is_free_again(ask: Any, creation: Any) -> None:
    await ask("DELETE", "/f")
    assert (await ask("POST", "", creation())).status == 201
