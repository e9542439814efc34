"""Answers of the Runtime API's operations."""

from __future__ import annotations

from lambdameter.emulator.http.messages import Response, json_response

# A header or a trailer of the runtime's.
ERROR_TYPE = "lambda-runtime-function-error-type"

_ACCEPTED = b'{"status":"OK"}'


class InvalidRequestIdError(Exception):
    """The runtime answered for an invocation that is not the current one."""


def accepted() -> Response:
    """202, the answer to every accepted POST."""
    return Response(status=202, body=_ACCEPTED)


def refusal(status: int, error_type: str, message: str) -> Response:
    """A refusal with AWS's error document."""
    return json_response({"errorMessage": message, "errorType": error_type}, status)
