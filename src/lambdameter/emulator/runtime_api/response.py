"""POST /runtime/invocation/{request id}/response."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from lambdameter.emulator.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.runtime_api.answers import accepted, read_body, refusal
from lambdameter.emulator.runtime_api.peer import RuntimePeer


async def handle(peer: RuntimePeer, request: Request) -> Response:
    """Take the handler's response; a streamed one is buffered, as Invoke needs it.

    A stream that broke off says so in its trailers, and counts as the handler's error:
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
    """
    request_id = request.path_params["request_id"]
    payload = await read_body(request, MAX_RESPONSE_BYTES)
    # Trailers arrive behind the body, in the same list as the headers.
    if any(name == b"lambda-runtime-function-error-type" for name, _ in request.scope["headers"]):
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
