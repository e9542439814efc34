"""What the Runtime API's operations answer with."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_ACCEPTED = b'{"status":"OK"}'


class InvalidRequestIdError(Exception):
    """The runtime answered for an invocation that is not the current one."""


def accepted() -> Response:
    """202, as for every post that is taken."""
    return Response(_ACCEPTED, status_code=202, media_type="application/json")


def refusal(status: int, error_type: str, message: str) -> Response:
    """A refusal with AWS's error document."""
    document = {"errorMessage": message, "errorType": error_type}
    return Response(
        msgspec.json.encode(document), status_code=status, media_type="application/json"
    )


async def read_body(request: Request, limit: int) -> bytes | None:
    """The whole body, chunked or not; None if it is larger than `limit` (read to its end)."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
    return b"".join(parts) if size <= limit else None
