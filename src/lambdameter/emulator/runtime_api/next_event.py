"""GET /runtime/invocation/next."""

from __future__ import annotations

from lambdameter.emulator.messages import Request, Response
from lambdameter.emulator.runtime_api.answers import refusal
from lambdameter.emulator.runtime_api.peer import RuntimePeer


async def handle(peer: RuntimePeer, _request: Request) -> Response:
    """Answer with the next event, whenever there is one."""
    delivery = await peer.next_event()
    if delivery is None:
        return refusal(500, "InternalServerError", "The execution environment is shutting down")
    return Response(body=delivery.payload, headers=delivery.headers)
