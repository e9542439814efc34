"""POST /runtime/invocation/{request id}/error."""

from __future__ import annotations

from lambdameter.emulator.execution.runtime_api.answers import accepted
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.http.messages import Request, Response


def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the handler's error, as it words it."""
    peer.report_error(request.parameters["request_id"], request.body or b"")
    return accepted()
