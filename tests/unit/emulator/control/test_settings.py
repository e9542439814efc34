from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from lambdameter.emulator.control.api_errors import ApiError
from lambdameter.emulator.control.settings import Settings, SettingsRequest, refuse_unserved

GOOD = {"Runtime": "python3.12", "Handler": "h.f", "Role": "arn:aws:iam::000000000000:role/r"}


def settings(**changes: Any) -> Settings:
    return msgspec.convert(GOOD | changes, SettingsRequest).settings()


def refusal(**changes: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        settings(**changes)
    return caught.value


def test_defaults_are_awss() -> None:
    assert (settings().memory_size, settings().timeout) == (128, 3)


@pytest.mark.parametrize(
    ("member", "value", "text"),
    [
        ("MemorySize", 127, "'memorySize' .*greater than or equal to 128"),
        ("MemorySize", 10_241, "'memorySize' .*less than or equal to 10240"),
        ("Timeout", 0, "'timeout' .*greater than or equal to 1"),
        ("Timeout", 901, "'timeout' .*less than or equal to 900"),
        ("Role", "nobody", "'role' .*regular expression"),
    ],
)
def test_a_value_out_of_bounds_is_a_validation_exception(
    member: str, value: object, text: str
) -> None:
    error = refusal(**{member: value})
    assert (error.status, error.code) == (400, "ValidationException")
    assert re.match(rf"1 validation error detected: Value '{value}' at {text}", error.message)


def test_an_unknown_runtime_is_refused() -> None:
    assert refusal(Runtime="cobol").code == "InvalidParameterValueException"


def test_reserved_variables_are_refused_by_name() -> None:
    error = refusal(Environment={"Variables": {"AWS_REGION": "x", "MINE": "y"}})
    assert error.code == "InvalidParameterValueException"
    assert error.message.endswith("Reserved keys used in this request: AWS_REGION")


def test_more_than_4_kb_of_variables_are_refused() -> None:
    assert "4KB" in refusal(Environment={"Variables": {"BIG": "x" * 4_096}}).message


def test_an_endpoint_of_the_users_own_may_be_named() -> None:
    mine = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    assert settings(Environment={"Variables": mine}).variables == mine


def test_an_update_changes_only_what_it_names() -> None:
    before = settings(Environment={"Variables": {"AB": "1"}}, Timeout=9)
    after = msgspec.convert({"MemorySize": 512}, SettingsRequest).settings(before)
    assert after == msgspec.structs.replace(before, memory_size=512)


@pytest.mark.parametrize(
    "request_",
    [
        {"Layers": ["arn"]},
        {"PackageType": "Image"},
        {"DeadLetterConfig": {"TargetArn": "arn"}},
        {"EphemeralStorage": {"Size": 1_024}},
        {"LoggingConfig": {"LogFormat": "JSON"}},
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
    ],
)
def test_what_aws_would_honour_and_we_cannot_is_refused(request_: dict[str, Any]) -> None:
    with pytest.raises(ApiError, match="lambdameter's emulator"):
        refuse_unserved(request_)


def test_what_is_as_it_is_anyhow_may_be_named() -> None:
    refuse_unserved({"Layers": [], "PackageType": "Zip", "DeadLetterConfig": {}})
    refuse_unserved({"EphemeralStorage": {"Size": 512}, "LoggingConfig": {"LogFormat": "Text"}})
