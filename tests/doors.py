"""Every listener that lambdameter opens, running: what guards are tested on from outside."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import boto3
import msgspec
import psutil

from lambdameter.emulator.gateway.declaration import load
from lambdameter.emulator.options import EmulatorReady, Options
from lambdameter.model.race_records import RacePrices, RaceSite
from lambdameter.race.page_server import PageContent, bind, serving
from lambdameter.race.recordings import Recordings

ALLOWED = ("lambda.test", "192.0.2.7", "fd00::7")
PAGE_ORIGIN = "http://page.test:5173"
ROLE = "arn:aws:iam::000000000000:role/lambda"
# Gives the address of its own Runtime API away, and counts how often it was asked.
INSIDE = """
import itertools, os
calls = itertools.count(1)
def handler(event, context):
    return {"runtime": os.environ["AWS_LAMBDA_RUNTIME_API"], "call": next(calls), "event": event}
"""
DECLARATION = f"""
name = "race"
stage = "live"
[routes]
"$default" = "inside"
[listen]
origins = ["{PAGE_ORIGIN}"]
hosts = {json.dumps(ALLOWED)}
"""
SITE = RaceSite(
    target="local",
    websocket=None,
    token="a secret",
    region="us-east-1",
    architecture="arm64",
    records=1,
    lanes=(),
    formats=(),
    memory_sizes=(),
    conditions="c",
    caveats=(),
    modelled=None,
    prices=RacePrices(
        per_request_usd=0,
        gb_second_usd=0,
        services_usd_per_race={},
        as_of="2026-10-01",
        region="us-east-1",
    ),
)
_CONNECT_S = 0.3


class Doors(msgspec.Struct, frozen=True):
    """Listener -> host:port, and what the emulator told."""

    addresses: dict[str, str]
    ready: EmulatorReady

    def client(self, service: Literal["lambda", "dynamodb", "s3"]) -> Any:
        """An SDK's, for one of the services."""
        endpoints = {"lambda": self.ready.endpoint, "dynamodb": self.ready.dynamodb}
        return boto3.client(
            service,
            endpoint_url=endpoints.get(service, self.ready.s3),
            verify=self.ready.ca_bundle,
            region_name=self.ready.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Doors]:
    """All of them, until the context is left."""
    declaration = folder / "api.toml"
    declaration.write_text(DECLARATION)
    options = Options(
        sandbox="none",
        latency="off",
        overheads=False,
        websocket_api=load(declaration),
        allow_hosts=tuple(ALLOWED),
    )
    document = msgspec.json.encode(options).decode()
    command = [sys.executable, "-m", "lambdameter.emulator", document]
    with (
        _page(folder) as page,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        assert process.stdin is not None
        ready = msgspec.json.decode(process.stdout.readline(), type=EmulatorReady)
        doors = Doors({"page": page}, ready)
        doors.addresses["control"] = ready.endpoint.removeprefix("http://")
        doors.addresses["dynamodb"] = str(ready.dynamodb).removeprefix("https://")
        doors.addresses["s3"] = str(ready.s3).removeprefix("https://")
        doors.addresses["gateway"] = str(ready.websocket).split("/")[2]
        doors.addresses["admin"] = _admin(process.pid, doors)
        doors.addresses["runtime"] = _runtime(doors)
        yield doors
        process.stdin.close()
        assert process.wait(30) == 0


@contextlib.contextmanager
def _page(folder: Path) -> Iterator[str]:
    """The live race's page, from a loop in a thread of its own."""
    content = PageContent(
        page="<!doctype html><title>t</title>", site=SITE, recordings=Recordings(folder)
    )
    listening = bind(0)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with serving(content, listening):
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()
    listening.close()


def _admin(emulator: int, doors: Doors) -> str:
    """What the services listen at, tell nobody of, and answer at."""
    (services,) = (
        child for child in psutil.Process(emulator).children() if "services" in child.name()
    )
    addresses = {
        f"{one.laddr.ip}:{one.laddr.port}"
        for one in services.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN
    }
    (admin,) = filter(_answers, addresses - set(doors.addresses.values()))
    return admin


def _answers(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except TimeoutError:
        return False
    return True


def _runtime(doors: Doors) -> str:
    """The address of an idle environment's Runtime API."""
    client = doors.client("lambda")
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("handler.py", INSIDE)
    client.create_function(
        FunctionName="inside",
        Runtime="python3.12",
        Handler="handler.handler",
        Role=ROLE,
        MemorySize=1_769,
        Timeout=30,
        Code={"ZipFile": package.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="inside")
    answer = json.loads(client.invoke(FunctionName="inside")["Payload"].read())
    client.close()
    return str(answer["runtime"])
