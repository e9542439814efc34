"""Lambda's control API, 2015-03-31: one module per operation.

https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

import msgspec

from lambdameter.emulator.control.api import (
    create_function,
    delete_function,
    get_function,
    get_function_configuration,
    invoke,
    list_functions,
    update_function_code,
    update_function_configuration,
)
from lambdameter.emulator.control.api_errors import (
    ApiError,
    access_denied,
    service,
    unknown_operation,
)
from lambdameter.emulator.control.plane import ControlPlane
from lambdameter.emulator.http import binding
from lambdameter.emulator.http.messages import Request, Response
from lambdameter.emulator.http.routes import Admit, Handler, Routes, admission
from lambdameter.errors import LambdameterError
from lambdameter.guard import rules as guard

# Invoke sets its own; every other answer gets a random one here.
REQUEST_ID = invoke.REQUEST_ID

Operation = Callable[[ControlPlane, Request], Awaitable[Response]]

_FUNCTIONS = "/2015-03-31/functions"
_FUNCTION = f"{_FUNCTIONS}/{{name}}"

# Each operation is a module, and a line here.
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


def control_api(plane: ControlPlane) -> Handler:
    """The API, to be given to a listener."""
    return Routes(
        [(method, path, _endpoint(plane, operation)) for method, path, operation in OPERATIONS],
        otherwise=_endpoint(plane, _unknown),
    )


def control_api_guard(hosts: frozenset[str] = frozenset()) -> Admit:
    """The guard of the API.

    Args:
        hosts: names by which clients may call it, beside loopback's.
    """
    rules = guard.Rules(profile=guard.CONTROL_API, hosts=hosts, remedy=binding.REMEDY)

    def refused(message: str) -> Response:
        response = _answer(access_denied(message))
        response.headers[REQUEST_ID] = str(uuid.uuid4())
        return response

    return admission(rules, refused)


async def _unknown(_plane: ControlPlane, request: Request) -> Response:
    raise unknown_operation(f"{request.method} {request.path}")


def _endpoint(plane: ControlPlane, operation: Operation) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            response = await operation(plane, request)
        except ApiError as error:
            response = _answer(error)
        except LambdameterError as error:
            response = _answer(service(str(error)))
        except msgspec.MsgspecError as error:
            response = _answer(ApiError(400, "SerializationException", str(error)))
        response.headers.update(plane.host_headers)
        if REQUEST_ID not in response.headers:
            response.headers[REQUEST_ID] = str(uuid.uuid4())
        return response

    return endpoint


def _answer(error: ApiError) -> Response:
    return Response(
        status=error.status, body=error.document(), headers={"x-amzn-ErrorType": error.code}
    )
