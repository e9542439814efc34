"""@connections: the API by which functions post to, describe and close connections.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
and the service model of `apigatewaymanagementapi`. Signatures are not checked.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lambdameter.emulator.gateway.events import Moment
from lambdameter.emulator.gateway.gateway import Gateway
from lambdameter.emulator.gateway.protocol import MAX_MESSAGE_BYTES, GoneError
from lambdameter.emulator.gateway.session import Session, SlowReaderError

METHODS = ("POST", "GET", "DELETE")


class _TooLargeError(Exception):
    """413: messages to a client have a size limit too."""


_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    GoneError: (410, "GoneException", "Gone"),
    SlowReaderError: (429, "LimitExceededException", "The client's buffer is full"),
    UnicodeDecodeError: (400, "BadRequestException", "Data is not UTF-8"),
    _TooLargeError: (413, "PayloadTooLargeException", "Message too long"),
}


async def handle(gateway: Gateway, request: Request) -> Response:
    """Answer one request; the connection's id is a parameter of its path."""
    try:
        return await _perform(gateway, request)
    except tuple(_REFUSALS) as error:
        status, code, message = _REFUSALS[type(error)]
        return JSONResponse({"message": message}, status, {"x-amzn-ErrorType": code})


async def _perform(gateway: Gateway, request: Request) -> Response:
    text = (await _body(request)).decode()
    session = gateway.session(request.path_params["connection_id"])
    if request.method == "POST":
        session.post(text)
        return JSONResponse({})
    if request.method == "DELETE":
        session.delete()
        return Response(status_code=204)
    return JSONResponse(_description(session))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_MESSAGE_BYTES:
            raise _TooLargeError
    return bytes(body)


def _description(session: Session) -> dict[str, Any]:
    connection = session.connection
    client = connection.facts.client
    return {
        "connectedAt": _iso(connection.facts.connected),
        "identity": {"sourceIp": client.source_ip, "userAgent": client.user_agent or ""},
        "lastActiveAt": _iso(connection.active),
    }


def _iso(moment: Moment) -> str:
    at = dt.datetime.fromtimestamp(moment.epoch_ms / 1000, tz=dt.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
