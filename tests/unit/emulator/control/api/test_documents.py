from __future__ import annotations

import msgspec
import pytest

from lambdameter.emulator.control.api.documents import MAX_REQUEST_BYTES, CodeRequest, read_request
from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.http.messages import Request


def test_a_package_comes_in_base64() -> None:
    asked = msgspec.json.decode(b'{"ZipFile":"UEs="}', type=CodeRequest)
    assert asked.package() == b"PK"


def test_a_body_that_was_too_large_to_keep_names_the_operation() -> None:
    request = Request(method="POST", target="/", headers={}, size=MAX_REQUEST_BYTES + 1, body=None)
    with pytest.raises(ApiError, match="70167211 bytes for the CreateFunction operation"):
        read_request(request, "CreateFunction")
