from __future__ import annotations

import asyncio
import base64
import http.client
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.emulator import settings
from lambdameter.emulator.code_store import CodeStore
from lambdameter.emulator.control_api import control_api, documents, invoke
from lambdameter.emulator.control_plane import ControlPlane, Facilities
from lambdameter.emulator.functions import Functions
from lambdameter.emulator.listener import Listener
from lambdameter.emulator.managed_runtimes import Launch
from lambdameter.emulator.placement import Placement
from lambdameter.errors import HostError
from lambdameter.report_line import parse_host, parse_meter

ROOT = "/2015-03-31/functions"
Answer = tuple[int, dict[str, str], Any]
Ask = Callable[..., "asyncio.Future[Answer]"]


class OneRuntime:
    async def launch(self, runtime: str, handler: str, code: str) -> Launch:
        if runtime == "python3.11":
            raise HostError("No Python", next_step="Install one.")
        return Launch(argv=(handler,), mounts={"/var/task": code}, label="fake 1")


def zipped(content: str = "x") -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("h.py", content)
    return base64.b64encode(buffer.getvalue()).decode()


def creation(**changes: Any) -> dict[str, Any]:
    return {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Handler": "h.f",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Code": {"ZipFile": zipped()},
    } | changes


async def echo(runtime: Any) -> None:
    runtime.work(80.0)
    while (delivery := await runtime.peer.next_event()) is not None:
        request_id = delivery.headers["Lambda-Runtime-Aws-Request-Id"]
        runtime.work(5.0)
        runtime.peer.respond(request_id, delivery.payload)


@pytest.fixture
async def ask(host: Any, tmp_path: Path) -> AsyncIterator[Ask]:
    host.script = echo
    revisions = iter(range(1_000))
    plane = ControlPlane(
        functions=Functions(
            "us-east-1", "x86_64", host.clock.epoch_ms, lambda: str(next(revisions))
        ),
        code=CodeStore(tmp_path / "code"),
        runtimes=OneRuntime(),
        placement=Placement(host.surroundings(), tmp_path / "environments"),
        facilities=Facilities(
            region="us-east-1",
            enforcement=host.enforcement,
            endpoints=None,
            engines={"s3": "fake 2"},
            latency_model="a model",
        ),
        architecture="x86_64",
    )
    listener = await Listener.open(control_api(plane))

    def exchange(
        method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(listener.address)
        connection.request(method, ROOT + path, sent, headers or {})
        response = connection.getresponse()
        answered = response.read()
        lower = {name.lower(): value for name, value in response.getheaders()}
        connection.close()
        return response.status, lower, json.loads(answered) if answered else None

    yield lambda *request: asyncio.ensure_future(asyncio.to_thread(exchange, *request))
    listener.close()
    await plane.close()


async def test_create_function_answers_pending_and_becomes_active(ask: Ask):
    status, _, created = await ask("POST", "", creation())
    assert (status, created["State"]) == (201, "Pending")
    _, _, got = await ask("GET", "/f")
    assert got["Configuration"]["State"] == "Active"
    assert got["Configuration"]["LastUpdateStatus"] == "Successful"


async def test_get_function_configuration_takes_an_arn(ask: Ask):
    _, _, created = await ask("POST", "", creation())
    _, _, got = await ask("GET", f"/{created['FunctionArn']}/configuration")
    assert got["CodeSha256"] == created["CodeSha256"]


async def test_a_function_whose_runtime_this_host_lacks_has_failed_with_its_reason(ask: Ask):
    await ask("POST", "", creation(Runtime="python3.11"))
    _, _, got = await ask("GET", "/f/configuration")
    assert (got["State"], got["StateReason"]) == ("Failed", "No Python. Install one.")


async def test_invoke_answers_with_the_handlers_response_and_what_the_emulator_knows(ask: Ask):
    await ask("POST", "", creation())
    status, headers, payload = await ask(
        "POST", "/f/invocations", {"n": 1}, {"X-Amz-Log-Type": "Tail"}
    )
    assert (status, payload) == (200, {"n": 1})
    assert headers["x-amz-executed-version"] == "$LATEST"
    assert b"Init Duration: 80.00 ms" in base64.b64decode(headers["x-amz-log-result"])
    assert parse_meter(headers) is not None
    told = parse_host(headers)
    assert told is not None
    assert (told.engines, told.runtimes) == ({"s3": "fake 2"}, {"python3.12": "fake 1"})


async def test_without_log_type_there_is_no_log(ask: Ask):
    await ask("POST", "", creation())
    _, headers, _ = await ask("POST", "/f/invocations", {})
    assert "x-amz-log-result" not in headers


async def test_no_payload_is_an_empty_event(ask: Ask):
    await ask("POST", "", creation())
    assert (await ask("POST", "/f/invocations"))[2] == {}


@pytest.mark.parametrize(
    ("path", "change"),
    [("/f/configuration", {"MemorySize": 512}), ("/f/code", {"ZipFile": zipped("new")})],
)
async def test_after_an_update_the_next_invocation_is_a_cold_start(
    ask: Ask, host: Any, path: str, change: dict[str, Any]
):
    await ask("POST", "", creation())
    first = parse_meter((await ask("POST", "/f/invocations", {}))[1])
    status, _, updated = await ask("PUT", path, change)
    assert (status, updated["LastUpdateStatus"]) == (200, "InProgress")
    await ask("GET", "/f")
    _, headers, _ = await ask("POST", "/f/invocations", {}, {"X-Amz-Log-Type": "Tail"})
    second = parse_meter(headers)
    assert first is not None
    assert second is not None
    assert first.environment != second.environment
    assert b"Init Duration" in base64.b64decode(headers["x-amz-log-result"])
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_an_update_of_another_revision_is_refused(ask: Ask):
    await ask("POST", "", creation())
    status, headers, _ = await ask("PUT", "/f/configuration", {"Timeout": 9, "RevisionId": "x"})
    assert (status, headers["x-amzn-errortype"]) == (412, "PreconditionFailedException")


async def test_delete_function_forgets_it_and_its_environments(ask: Ask, host: Any):
    await ask("POST", "", creation())
    await ask("POST", "/f/invocations", {})
    assert (await ask("DELETE", "/f"))[0] == 204
    status, headers, document = await ask("GET", "/f")
    assert (status, headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert document["Message"] == (
        "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f"
    )
    assert host.sandboxes[0].calls[-1] == "destroy"


async def test_list_functions_gives_pages_by_name(ask: Ask):
    for name in ("b", "a", "c"):
        await ask("POST", "", creation(FunctionName=name))
    _, _, first = await ask("GET", "?MaxItems=2")
    assert [function["FunctionName"] for function in first["Functions"]] == ["a", "b"]
    _, _, second = await ask("GET", f"?MaxItems=2&Marker={first['NextMarker']}")
    assert [function["FunctionName"] for function in second["Functions"]] == ["c"]
    assert "NextMarker" not in second


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
    ask: Ask, change: dict[str, Any], code: str
):
    status, headers, document = await ask("POST", "", creation(**change))
    assert (status, headers["x-amzn-errortype"]) == (400, code)
    assert document["Type"] == "User"
    assert parse_host(headers) is not None


async def test_a_creation_that_is_too_large_is_413(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(documents, "MAX_REQUEST_BYTES", 100)
    status, headers, _ = await ask("POST", "", creation())
    assert (status, headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")


@pytest.mark.parametrize(
    ("payload", "headers", "status", "code"),
    [
        (b"{no json", {}, 400, "InvalidRequestContentException"),
        (b" " * (invoke.MAX_PAYLOAD_BYTES + 1), {}, 413, "RequestTooLargeException"),
        (b"{}", {"X-Amz-Invocation-Type": "Event"}, 400, "InvalidParameterValueException"),
        (b"{}", {"X-Amz-Client-Context": "%"}, 400, "InvalidParameterValueException"),
    ],
)
async def test_a_bad_invocation_is_refused_with_awss_code(
    ask: Ask, payload: bytes, headers: dict[str, str], status: int, code: str
):
    await ask("POST", "", creation())
    answer = await ask("POST", "/f/invocations", payload, headers)
    assert (answer[0], answer[1]["x-amzn-errortype"]) == (status, code)


async def test_an_operation_that_is_not_served_is_told_as_that(ask: Ask):
    status, headers, document = await ask("GET", "/f/policy")
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    assert "GET /2015-03-31/functions/f/policy" in document["Message"]


def test_the_runtimes_of_the_issue_are_served():
    assert settings.RUNTIMES == ("python3.11", "python3.12", "python3.13", "provided.al2023")
