"""POST /runtime/invocation/{request id}/response."""

from __future__ import annotations

from lambdameter.emulator.execution.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.execution.runtime_api.answers import ERROR_TYPE, accepted, refusal
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.http.messages import Request, Response


def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the handler's response; a streamed response is buffered, as Invoke needs it.

    The trailers of an incomplete stream say so, and it counts as the handler's error:
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
    """
    request_id = request.parameters["request_id"]
    payload = request.within(MAX_RESPONSE_BYTES)
    if ERROR_TYPE in request.headers:
        peer.report_error(request_id, payload or b"")
        return accepted()
    peer.respond(request_id, payload)
    if payload is None:
        return refusal(
            413,
            "RequestEntityTooLarge",
            f"Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes).",
        )
    return accepted()
