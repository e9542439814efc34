"""The WebSocket API with real functions, by `websockets` outside and boto3 inside of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import boto3
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lambdameter.emulator.gateway.declaration import load
from lambdameter.emulator.options import EmulatorReady, Options

ROLE = "arn:aws:iam::000000000000:role/lambda"
DECLARATION = """
name = "race"
stage = "live"
[routes]
"$connect" = "connection"
"$disconnect" = "connection"
"$default" = "connection"
run = "runner"
die = "dying"
"""
# As on AWS: boto3 finds the endpoint in its environment, and nothing in the code is local. Only a
# client is let in to whom nothing can be posted during $connect.
CONNECTION = """
import json, boto3
client = boto3.client("apigatewaymanagementapi")
lambda_ = boto3.client("lambda", endpoint_url="{lambda_endpoint}")
def handler(event, context):
    told = event["requestContext"]
    if told["eventType"] == "CONNECT":
        if event.get("queryStringParameters", {{}}).get("token") != "t":
            return {{"statusCode": 401}}
        try:
            client.post_to_connection(ConnectionId=told["connectionId"], Data=b"early")
        except client.exceptions.GoneException:
            return {{"statusCode": 200}}
        return {{"statusCode": 500}}
    if told["eventType"] == "MESSAGE":
        if event["body"] == "who":
            data = json.dumps(told).encode()
            client.post_to_connection(ConnectionId=told["connectionId"], Data=data)
        elif event["body"] == "out":
            client.delete_connection(ConnectionId=told["connectionId"])
        elif event["body"] == "later":
            payload = json.dumps({{"requestContext": told}})
            lambda_.invoke(FunctionName="runner", InvocationType="Event", Payload=payload)
    return {{"statusCode": 200}}
"""
RUNNER = """
import boto3
client = boto3.client("apigatewaymanagementapi")
def handler(event, context):
    connection = event["requestContext"]["connectionId"]
    for number in range(20):
        client.post_to_connection(ConnectionId=connection, Data=str(number).encode())
    return {"statusCode": 200}
"""
DYING = """
import os
def handler(event, context):
    os._exit(1)
"""


@pytest.fixture(scope="module")
def emulator(
    tmp_path_factory: pytest.TempPathFactory, package: Callable[..., bytes]
) -> Iterator[EmulatorReady]:
    file = tmp_path_factory.mktemp("gateway") / "api.toml"
    file.write_text(DECLARATION)
    options = Options(sandbox="none", overheads=False, websocket_api=load(file))
    process = subprocess.Popen(
        [sys.executable, "-m", "lambdameter.emulator", msgspec.json.encode(options).decode()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    ready = msgspec.json.decode(process.stdout.readline(), type=EmulatorReady)
    client = boto3.client(
        "lambda",
        endpoint_url=ready.endpoint,
        region_name=ready.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    connection = CONNECTION.format(lambda_endpoint=ready.endpoint)
    for name, code in (("connection", connection), ("runner", RUNNER), ("dying", DYING)):
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="handler.handler",
            Role=ROLE,
            Timeout=30,
            MemorySize=1_769,
            Code={"ZipFile": package(handler_py=code)},
        )
        client.get_waiter("function_active_v2").wait(FunctionName=name)
    client.close()
    yield ready
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.fixture
async def websocket(emulator: EmulatorReady) -> AsyncIterator[Any]:
    async with connect(f"{emulator.websocket}?token=t", proxy=None) as made:
        yield made


async def test_a_function_posts_to_the_client_that_it_hears_from(
    websocket: Any, emulator: EmulatorReady
) -> None:
    await websocket.send("who")
    context = json.loads(await websocket.recv())
    assert (context["routeKey"], context["eventType"]) == ("$default", "MESSAGE")
    assert f"ws://{context['domainName']}/{context['stage']}" == emulator.websocket


async def test_a_route_of_its_own_answers_in_order(websocket: Any) -> None:
    await websocket.send('{"action": "run"}')
    assert [await websocket.recv() for _ in range(20)] == [str(n) for n in range(20)]


async def test_an_asynchronous_invocation_goes_on_after_its_route_has_answered(
    websocket: Any,
) -> None:
    await websocket.send("later")
    assert [await websocket.recv() for _ in range(20)] == [str(n) for n in range(20)]


async def test_a_function_can_end_a_connection(websocket: Any) -> None:
    await websocket.send("out")
    with pytest.raises(ConnectionClosed):
        await websocket.recv()
    assert websocket.close_code == 1000


async def test_a_function_that_dies_is_told_and_the_connection_goes_on(websocket: Any) -> None:
    for _ in range(2):
        await websocket.send('{"action": "die"}')
        assert json.loads(await websocket.recv())["message"] == "Internal server error"
    await websocket.send("who")
    assert json.loads(await websocket.recv())["eventType"] == "MESSAGE"


async def test_who_is_no_function_can_ask_post_and_end_it_too(
    websocket: Any, emulator: EmulatorReady
) -> None:
    await websocket.send("who")
    context = json.loads(await websocket.recv())
    this = {"ConnectionId": context["connectionId"]}
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=emulator.connections,
        region_name=emulator.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    told = await asyncio.to_thread(client.get_connection, **this)
    assert told["Identity"]["SourceIp"] == context["identity"]["sourceIp"] == "127.0.0.1"
    assert told["Identity"]["UserAgent"] == websocket.request.headers["User-Agent"]
    assert abs(told["ConnectedAt"].timestamp() * 1_000 - context["connectedAt"]) < 2
    assert told["LastActiveAt"] >= told["ConnectedAt"]
    await asyncio.to_thread(client.post_to_connection, **this, Data="é".encode())
    assert await websocket.recv() == "é"
    await asyncio.to_thread(client.delete_connection, **this)
    with pytest.raises(ConnectionClosed):
        await websocket.recv()
    for gone in (client.get_connection, client.delete_connection):
        with pytest.raises(client.exceptions.GoneException):
            await asyncio.to_thread(gone, **this)
    with pytest.raises(client.exceptions.GoneException):
        await asyncio.to_thread(client.post_to_connection, **this, Data=b"late")
    client.close()


async def test_the_function_behind_connect_decides(emulator: EmulatorReady) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{emulator.websocket}?token=wrong", proxy=None)
    assert refused.value.response.status_code == 401


async def test_twenty_clients_at_once_hear_each_of_its_own_run(emulator: EmulatorReady) -> None:
    async def one() -> list[str]:
        async with connect(f"{emulator.websocket}?token=t", proxy=None) as made:
            await made.send('{"action": "run"}')
            return [str(await made.recv()) for _ in range(20)]

    heard = []
    for _ in range(5):
        heard += await asyncio.gather(*(one() for _ in range(4)))
    assert heard == [[str(number) for number in range(20)]] * 20


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ('{"websocket_api": {"name": "a", "stage": 3, "routes": {}}}', "lambdameter.emulator"),
        ('{"websocket_api": {"name": "a", "stage": "s", "routes": {}}}', "websocket_api"),
        ('{"websocket": null}', "lambdameter.emulator"),
        ("--verbose", "lambdameter.emulator"),
    ],
)
def test_options_that_are_not_valid_are_told_in_the_one_line(document: str, place: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lambdameter.emulator", document],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["type"], told["exit_code"]) == (2, "failed", 2)
    assert told["place"].endswith(place)
