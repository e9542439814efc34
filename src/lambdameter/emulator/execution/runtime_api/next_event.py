"""GET /runtime/invocation/next."""

from __future__ import annotations

from collections.abc import Awaitable

from lambdameter.emulator.execution.runtime_api.answers import refusal
from lambdameter.emulator.execution.runtime_api.peer import Delivery, RuntimePeer
from lambdameter.emulator.http.messages import Request, Response


def handle(peer: RuntimePeer, _request: Request) -> Awaitable[Response]:
    """Answer with the next event, as soon as there is an event."""
    return _answer(peer.next_event())


async def _answer(event: Awaitable[Delivery | None]) -> Response:
    delivery = await event
    if delivery is None:
        return refusal(500, "InternalServerError", "The execution environment is shutting down")
    return Response(body=delivery.payload, headers=delivery.headers)
