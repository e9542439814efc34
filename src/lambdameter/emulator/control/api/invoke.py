"""Invoke: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""

from __future__ import annotations

import base64
import binascii
import uuid

import msgspec

from lambdameter.emulator.control.api_errors import invalid_parameter, not_json, payload_too_large
from lambdameter.emulator.control.functions import VERSION, Function
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.execution import log
from lambdameter.emulator.execution.invocation import InvocationRequest, new_trace
from lambdameter.emulator.http.messages import Request, Response
from lambdameter.model.report_line import format_meter

# 6 MB for a synchronous call, 1 MB for an asynchronous one:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PAYLOAD_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576
REQUEST_ID = "x-amzn-RequestId"


async def handle(plane: ControlPlane, request: Request) -> Response:
    """Answer with the handler's answer; an Event is answered at once."""
    function = plane.functions.get(request.parameters["name"], request.query.get("Qualifier"))
    kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
    payload = _payload(request, MAX_EVENT_BYTES if kind == "Event" else MAX_PAYLOAD_BYTES)
    if kind == "DryRun":
        return Response(status=204)
    if kind not in ("RequestResponse", "Event"):
        raise invalid_parameter(f"lambdameter's emulator does not serve the invocation type {kind}")
    invocation = InvocationRequest(
        request_id=str(uuid.uuid4()), payload=payload, headers=_runtime_headers(request)
    )
    if kind == "Event":
        plane.invoke_later(function, invocation)
        return Response(status=202, headers={REQUEST_ID: invocation.request_id})
    return await _wait_for(plane, function, invocation, request)


async def _wait_for(
    plane: ControlPlane, function: Function, invocation: InvocationRequest, request: Request
) -> Response:
    outcome = await plane.invoke(function, invocation)
    headers = format_meter(outcome.meter)
    headers[REQUEST_ID] = invocation.request_id
    headers["X-Amz-Executed-Version"] = VERSION
    if outcome.error is not None:
        headers["X-Amz-Function-Error"] = outcome.error
    if request.headers.get("x-amz-log-type") == "Tail":
        headers["X-Amz-Log-Result"] = outcome.log.tail()
    else:
        log.pass_on(function.name, outcome.log)
    return Response(body=outcome.payload, headers=headers)


def _payload(request: Request, limit: int) -> bytes:
    payload = request.within(limit)
    if payload is None:
        raise payload_too_large(limit)
    if not payload:
        return b"{}"
    try:
        payload.decode()  # JSON is UTF-8, and Raw looks at no character of a string
        msgspec.json.decode(payload, type=msgspec.Raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise not_json(str(error)) from error
    return payload


def _runtime_headers(request: Request) -> dict[str, str]:
    headers = {"Lambda-Runtime-Trace-Id": request.headers.get("x-amzn-trace-id") or new_trace()}
    context = request.headers.get("x-amz-client-context")
    if context is not None:
        try:
            headers["Lambda-Runtime-Client-Context"] = base64.b64decode(
                context, validate=True
            ).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise invalid_parameter("Client context must be base64-encoded JSON") from error
    return headers
