"""The Lambda Runtime API 2018-06-01, as the runtime of one execution environment sees it.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. What that page does not say is
answered as AWS's own supervisor does (github.com/aws/aws-lambda-runtime-interface-emulator,
internal/lambda/rapi).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from lambdameter.emulator.execution.lifecycle import InvalidTransitionError
from lambdameter.emulator.execution.runtime_api import error, init_error, next_event, response
from lambdameter.emulator.execution.runtime_api.answers import InvalidRequestIdError, refusal
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.http.messages import Request, Response
from lambdameter.emulator.http.routes import Handler, Routes, admission
from lambdameter.guard import rules

Operation = Callable[[RuntimePeer, Request], Response | Awaitable[Response]]

VERSION = "/2018-06-01"

# On AWS only the runtime can reach this API. Here it listens on loopback, also where the control
# API listens elsewhere.
ADMIT = admission(
    rules.Rules(profile=rules.RUNTIME_API), lambda message: refusal(403, "Forbidden", message)
)

# Each operation is a module, and a line here.
OPERATIONS: tuple[tuple[str, str, Operation], ...] = (
    ("GET", f"{VERSION}/runtime/invocation/next", next_event.handle),
    ("POST", f"{VERSION}/runtime/invocation/{{request_id}}/response", response.handle),
    ("POST", f"{VERSION}/runtime/invocation/{{request_id}}/error", error.handle),
    ("POST", f"{VERSION}/runtime/init/error", init_error.handle),
)


def runtime_api(peer: RuntimePeer) -> Handler:
    """The API of one environment, to be given to a listener."""
    return Routes(
        [(method, path, _endpoint(peer, operation)) for method, path, operation in OPERATIONS],
        otherwise=_unknown,
    )


def _unknown(_request: Request) -> Response:
    return refusal(404, "NotFound", "There is no such path in this version of the Runtime API")


def _endpoint(peer: RuntimePeer, operation: Operation) -> Handler:
    def endpoint(request: Request) -> Response | Awaitable[Response]:
        try:
            return operation(peer, request)
        except InvalidTransitionError as invalid:
            return refusal(403, "InvalidStateTransition", f"State transition failed: {invalid}")
        except InvalidRequestIdError:
            return refusal(400, "InvalidRequestID", "Invalid request ID")

    return endpoint
