from __future__ import annotations

import pytest

from lambdameter.emulator.execution.process_environment import (
    CONNECTIONS_URL,
    RESERVED,
    Endpoints,
    FunctionFacts,
    Identity,
    process_environment,
)

IDENTITY = Identity(
    name="e",
    access_key_id="ASIAX",
    secret_access_key="s",
    session_token="t",
    log_stream="2026/01/01/[$LATEST]e",
)
ENDPOINTS = Endpoints(dynamodb="https://d", s3="https://s", ca_bundle="/host/ca/ca.pem")


def variables(runtime: str = "python3.12", **own: str) -> dict[str, str]:
    facts = FunctionFacts(name="f", memory_mb=512, handler="h.f", runtime=runtime, variables=own)
    return process_environment(
        facts, IDENTITY, region="eu-west-1", runtime_api="127.0.0.1:1", endpoints=ENDPOINTS
    )


def test_every_environment_has_its_own_credentials_and_log_stream() -> None:
    found = variables()
    assert found["AWS_ACCESS_KEY_ID"] == "ASIAX"
    assert found["AWS_LAMBDA_LOG_STREAM_NAME"] == "2026/01/01/[$LATEST]e"


def test_both_sdks_find_the_services_and_their_ca() -> None:
    found = variables()
    assert found["AWS_ENDPOINT_URL_DYNAMODB"] == "https://d"
    assert found["AWS_CA_BUNDLE"] == found["SSL_CERT_FILE"] == "/var/lambdameter/ca.pem"


def test_every_sdk_finds_the_connections_of_a_websocket_api_and_none_where_there_is_none() -> None:
    facts = FunctionFacts(name="f", memory_mb=128, handler="h", runtime="python3.12", variables={})
    url = "http://127.0.0.1:2/live"
    found = process_environment(
        facts, IDENTITY, region="r", runtime_api="a:1", endpoints=None, connections=url
    )
    assert found[CONNECTIONS_URL] == url
    assert CONNECTIONS_URL not in variables()


def test_the_users_variables_win_over_what_is_not_reserved() -> None:
    assert variables(TZ="Europe/Rome", AWS_ENDPOINT_URL_S3="http://mine")["TZ"] == "Europe/Rome"
    assert variables(AWS_ENDPOINT_URL_S3="http://mine")["AWS_ENDPOINT_URL_S3"] == "http://mine"


def test_the_users_variables_never_win_over_reserved_ones() -> None:
    assert variables(AWS_REGION="mars")["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(("runtime", "managed"), [("python3.12", True), ("provided.al2023", False)])
def test_only_a_managed_runtime_is_named(runtime: str, managed: bool) -> None:  # noqa: FBT001
    found = variables(runtime)
    assert ("AWS_EXECUTION_ENV" in found) is managed
    assert ("PYTHONPATH" in found) is managed
    assert ("/var/lang/bin" in found["PATH"]) is managed


def test_what_lambda_sets_and_reserves_cannot_be_configured() -> None:
    ours = {name for name in variables() if name.startswith(("AWS_LAMBDA_", "LAMBDA_", "_"))}
    assert ours <= RESERVED
