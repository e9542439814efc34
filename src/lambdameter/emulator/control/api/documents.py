"""Requests as JSON documents."""

from __future__ import annotations

import msgspec

from lambdameter.emulator.control.api_errors import invalid_parameter, request_entity_too_large
from lambdameter.emulator.http.messages import Request

# AWS's limit of a direct upload: 50 MB of zip in base64, and its envelope.
MAX_REQUEST_BYTES = 70_167_211


class CodeRequest(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Where the package is: in the request itself, base64."""

    zip_file: bytes | None = None

    def package(self) -> bytes:
        """The zip's bytes.

        Raises:
            ApiError: it is not in the request.
        """
        if self.zip_file is None:
            raise invalid_parameter(
                "Please provide a source for function code: lambdameter's emulator takes ZipFile"
            )
        return self.zip_file


def read_request(request: Request, operation: str) -> bytes:
    """The request's body.

    Raises:
        ApiError: it is too large.
    """
    body = request.within(MAX_REQUEST_BYTES)
    if body is None:
        raise request_entity_too_large(MAX_REQUEST_BYTES, operation)
    return body
