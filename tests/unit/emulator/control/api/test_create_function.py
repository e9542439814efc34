from __future__ import annotations

from typing import Any

import pytest

from lambdameter.emulator.control.api import documents
from lambdameter.model.report_line import parse_host


async def test_a_function_is_pending_and_becomes_active(ask: Any, creation: Any) -> None:
    created = await ask("POST", "", creation())
    assert (created.status, created.document["State"]) == (201, "Pending")
    configuration = (await ask("GET", "/f")).document["Configuration"]
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")


async def test_a_function_whose_runtime_this_host_lacks_has_failed_with_its_reason(
    ask: Any, creation: Any
) -> None:
    await ask("POST", "", creation(Runtime="python3.11"))
    got = (await ask("GET", "/f/configuration")).document
    assert (got["State"], got["StateReason"]) == ("Failed", "No Python. Install one.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"FunctionName": "no spaces"}, "ValidationException"),
        ({"MemorySize": 64}, "ValidationException"),
        ({"Runtime": "cobol"}, "InvalidParameterValueException"),
        ({"Architectures": ["arm64"]}, "InvalidParameterValueException"),
        ({"Layers": ["arn"]}, "InvalidParameterValueException"),
        ({"Code": {"S3Bucket": "b", "S3Key": "k"}}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": "bm8gemlw"}}, "InvalidParameterValueException"),
        ({"Timeout": "long"}, "SerializationException"),
    ],
)
async def test_a_bad_creation_is_refused_with_awss_code(
    ask: Any, creation: Any, change: dict[str, Any], code: str
) -> None:
    refused = await ask("POST", "", creation(**change))
    assert (refused.status, refused.code) == (400, code)
    assert refused.document["Type"] == "User"
    assert parse_host(refused.headers) is not None


async def test_a_creation_that_is_too_large_is_413(
    ask: Any, creation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_REQUEST_BYTES", 100)
    refused = await ask("POST", "", creation())
    assert (refused.status, refused.code) == (413, "RequestEntityTooLargeException")


async def test_a_name_that_is_taken_is_a_conflict(ask: Any, creation: Any, function: Any) -> None:
    refused = await ask("POST", "", creation())
    assert (refused.status, refused.code) == (409, "ResourceConflictException")
    assert refused.document["Message"] == f"Function already exist: {function['FunctionName']}"
