"""What the Runtime API's operations answer with."""

from __future__ import annotations

from lambdameter.emulator.http.messages import Response, json_response

# Why, in a header or a trailer of the runtime's.
ERROR_TYPE = "lambda-runtime-function-error-type"

_ACCEPTED = b'{"status":"OK"}'


class InvalidRequestIdError(Exception):
    """The runtime answered for an invocation that is not the current one."""


def accepted() -> Response:
    """202, as for every post that is taken."""
    return Response(status=202, body=_ACCEPTED)


def refusal(status: int, error_type: str, message: str) -> Response:
    """A refusal with AWS's error document."""
    return json_response({"errorMessage": message, "errorType": error_type}, status)
