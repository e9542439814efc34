"""The six routes of the WebSocket API.

`run`, `warmup` and `verify` take long: the function only starts them, by asynchronous invocation,
and answers at once. The events of API Gateway:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import broadcast

BUCKET = os.environ["BUCKET"]
RUNNER = os.environ["RUNNER"]
VERIFIER = os.environ["VERIFIER"]
TOKEN_SHA256 = os.environ["TOKEN_SHA256"]
FORMATS = ("csv", "json")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_MIN_MEMORY_MB, _MAX_MEMORY_MB = 128, 10_240

s3 = boto3.client("s3")
functions = boto3.client("lambda")
gateway = boto3.client("apigatewaymanagementapi", config=broadcast.CONFIG)

Message = dict[str, Any]


class RefusedError(Exception):
    """The request is refused; the message is the reason that the page shows."""


def handler(event: Any, _context: Any) -> dict[str, int]:
    """Serve one event of the WebSocket API; only API Gateway sees the return value."""
    context = event["requestContext"]
    route, connection = context["routeKey"], context["connectionId"]
    if route == "$connect":
        recorder = "recorder" in (event.get("queryStringParameters") or {})
        broadcast.add_connection(s3, BUCKET, connection, recorder=recorder)
    elif route == "$disconnect":
        broadcast.remove_connection(s3, BUCKET, connection)
    else:
        answer = _answer(route, connection, event.get("body"))
        broadcast.Broadcast(gateway, [connection]).send(answer)
    return {"statusCode": 200}


def _answer(route: str, connection: str, body: str | None) -> Message:
    try:
        _ROUTES.get(route, _unknown)(connection, _request(body))
    except RefusedError as refusal:
        return {"type": "refused", "action": route, "reason": str(refusal)}
    return {"type": "accepted", "action": route}


def _request(body: str | None) -> Message:
    try:
        request = json.loads(body or "")
    except (ValueError, RecursionError):
        raise RefusedError("the message is not JSON") from None
    if not isinstance(request, dict):
        raise RefusedError("the message is not an object")
    return request


def _unknown(_connection: str, _request: Message) -> None:
    raise RefusedError(f"the actions are: {', '.join(_ROUTES)}")


def _warm_up(connection: str, request: Message) -> None:
    _check_token(request)
    _invoke(RUNNER, {"do": "warmup", "connection": connection, "memory_mb": _memory_mb(request)})


def _run(connection: str, request: Message) -> None:
    _check_token(request)
    records_format, cold = request.get("format"), request.get("cold", False)
    if records_format not in FORMATS:
        raise RefusedError(f"format is one of: {', '.join(FORMATS)}")
    if not isinstance(cold, bool):
        raise RefusedError("cold is true or false")
    parameters = {"format": records_format, "memory_mb": _memory_mb(request), "cold": cold}
    _invoke(RUNNER, {"do": "run", "connection": connection} | parameters)


def _verify(connection: str, _request: Message) -> None:
    _invoke(VERIFIER, {"connection": connection})


def _check_token(request: Message) -> None:
    token = request.get("token")
    # The function only knows the hash, so its configuration does not reveal the token.
    sha256 = hashlib.sha256(token.encode(errors="replace")) if isinstance(token, str) else None
    if sha256 is None or not hmac.compare_digest(sha256.hexdigest(), TOKEN_SHA256):
        raise RefusedError("starting a race needs the token that `lambdameter deploy` printed")


def _memory_mb(request: Message) -> int:
    memory_mb = request.get("memory_mb")
    # In Python a bool is an int, too.
    if type(memory_mb) is not int or not _MIN_MEMORY_MB <= memory_mb <= _MAX_MEMORY_MB:
        raise RefusedError(f"memory_mb is a whole number from {_MIN_MEMORY_MB} to {_MAX_MEMORY_MB}")
    return memory_mb


def _invoke(function: str, event: Message) -> None:
    functions.invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode()
    )


_ROUTES: dict[str, Callable[[str, Message], None]] = {
    "warmup": _warm_up,
    "run": _run,
    "verify": _verify,
}
