"""Lambda's control API, 2015-03-31: one module per operation.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from lambdameter.emulator.api_errors import ApiError
from lambdameter.emulator.control_api import (
    create_function,
    delete_function,
    get_function,
    get_function_configuration,
    invoke,
    list_functions,
    update_function_code,
    update_function_configuration,
)
from lambdameter.emulator.control_plane import ControlPlane

Operation = Callable[[ControlPlane, Request], Awaitable[Response]]

_FUNCTIONS = "/2015-03-31/functions"
_FUNCTION = f"{_FUNCTIONS}/{{name}}"

# An operation is one module and one line here.
OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("POST", f"{_FUNCTION}/invocations", invoke.handle),
    ("GET", _FUNCTION, get_function.handle),
    ("GET", f"{_FUNCTION}/configuration", get_function_configuration.handle),
    ("PUT", f"{_FUNCTION}/configuration", update_function_configuration.handle),
    ("PUT", f"{_FUNCTION}/code", update_function_code.handle),
    ("DELETE", _FUNCTION, delete_function.handle),
    ("POST", _FUNCTIONS, create_function.handle),
    ("GET", _FUNCTIONS, list_functions.handle),
)


def control_api(plane: ControlPlane) -> Router:
    """The API as an ASGI app."""

    async def unknown(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        operation = f"{request.method} {request.url.path}"
        error = ApiError(
            404, "UnknownOperationException", f"lambdameter's emulator does not serve {operation}"
        )
        await _answer(plane, error)(scope, receive, send)

    routes = [
        Route(path, _endpoint(plane, operation), methods=[method])
        for method, path, operation in OPERATIONS
    ]
    return Router(routes, redirect_slashes=False, default=unknown)


def _endpoint(
    plane: ControlPlane, operation: Operation
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            response = await operation(plane, request)
        except ApiError as error:
            return _answer(plane, error)
        except msgspec.MsgspecError as error:
            return _answer(plane, ApiError(400, "SerializationException", str(error)))
        response.headers.update(plane.host_headers)
        response.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        return response

    return endpoint


def _answer(plane: ControlPlane, error: ApiError) -> Response:
    return Response(
        error.document(),
        status_code=error.status,
        media_type="application/json",
        headers={
            "x-amzn-ErrorType": error.code,
            "x-amzn-RequestId": str(uuid.uuid4()),
            **plane.host_headers,
        },
    )
