"""POST /runtime/invocation/{request id}/error."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.runtime_api.answers import accepted
from lambdameter.emulator.runtime_api.peer import RuntimePeer


async def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the handler's error, as it words it."""
    peer.report_error(request.path_params["request_id"], await request.body())
    return accepted()
