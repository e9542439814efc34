"""The race's functions, imported as Lambda does, with fakes for the services that they use."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from lambdameter.model.race_declaration import RaceResources
from lambdameter.model.race_records import MemorySize, RaceLane, RacePrices, RaceSite
from lambdameter.race import declaration

TOKEN = "a token"
RESOURCES = RaceResources(
    bucket="b",
    connections_url="https://api.example/race",
    token_sha256=hashlib.sha256(TOKEN.encode()).hexdigest(),
    table_key="registration_id",
)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Operation")


def finished(**about: Any) -> dict[str, Any]:
    """The message of a racer that has written 2,000 records."""
    answer = {
        "records": 2_000,
        "written": 2_000,
        "invalid": {"count": 0, "first": []},
        "retried_items": 0,
        "total_ms": 4.5,
        "phases": {"s3_ms": 1.0, "parse_ms": 1.0, "write_ms": 2.5},
    }
    return {"type": "finished", "answer": answer, "telling_ms": 0.5} | about


class FakeS3:
    """One bucket, with conditional writes; of keys in `lost` the next write is sent twice.

    A request for a key with one of `fails` in it fails.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.before_put: Callable[[], None] = lambda: None
        self.before_get: dict[str, Callable[[], None]] = {}
        self.lost: set[str] = set()
        self.fails: dict[str, Exception] = {}

    def put_object(self, **put: Any) -> None:
        self.before_put()
        key = put["Key"]
        self._serve(key)
        if key in self.lost:  # the answer to the first try: boto sends it again
            self.lost.remove(key)
            self.put_object(**put)
        if put.get("IfNoneMatch") == "*" and key in self.objects:
            raise refusal("PreconditionFailed")
        if "IfMatch" in put and put["IfMatch"] != self._etag(key):
            raise refusal("PreconditionFailed")
        self.objects[key] = put["Body"]

    def delete_object(self, **delete: Any) -> None:
        self.objects.pop(delete["Key"], None)

    def get_object(self, **get: Any) -> dict[str, Any]:
        self._serve(get["Key"])
        self.before_get.get(get["Key"], lambda: None)()
        if get["Key"] not in self.objects:
            raise refusal("NoSuchKey")
        return {"Body": Body(self.objects[get["Key"]]), "ETag": self._etag(get["Key"])}

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        self._serve(asked["Prefix"])
        found = sorted(key for key in self.objects if key.startswith(asked["Prefix"]))
        return {"Contents": [{"Key": key} for key in found[: asked["MaxKeys"]]]} if found else {}

    def _serve(self, key: str) -> None:
        for name, failure in self.fails.items():
            if name in key:
                raise failure

    def _etag(self, key: str) -> str | None:
        body = self.objects.get(key)
        return None if body is None else hashlib.sha256(body).hexdigest()


class Body(io.BytesIO):
    def iter_lines(self) -> Iterator[bytes]:
        yield from self.read().splitlines()


class FakeGateway:
    """`@connections`: what was sent to each page, checked; pages that `fails` names fail."""

    def __init__(self, checked_message: Callable[[bytes], dict[str, Any]]) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.fails: dict[str, Exception] = {}
        self._checked = checked_message

    def post_to_connection(self, **post: Any) -> None:
        self.sent.append((post["ConnectionId"], self._checked(post["Data"])))
        if post["ConnectionId"] in self.fails:
            raise self.fails[post["ConnectionId"]]

    def messages(self, to: str) -> list[dict[str, Any]]:
        return [message for connection, message in self.sent if connection == to]


class FakeFunctions:
    """Lambda: Invoke, and the racers' configurations; a racer that is asked to race finishes."""

    def __init__(self, s3: FakeS3) -> None:
        self.invoked: list[tuple[str, dict[str, Any]]] = []
        self.updated: list[dict[str, Any]] = []
        self.waited: list[tuple[str, str]] = []
        self.answer: dict[str, Any] = {}
        self.payload = b"{}"
        self.refuses: set[str] = set()
        self.breaks: set[str] = set()
        self.memory_mb = {f"lambdameter-race-racer-{lane}": 1_024 for lane in ("python", "rust")}
        self.race: Callable[[dict[str, Any]], None] = self.finish
        self._s3 = s3

    def finish(self, event: dict[str, Any]) -> None:
        """What a racer leaves."""
        result = finished(at_ms=1.0, race=event["race"], lane=event["lane"])
        key = f"races/{event['race']}/{event['lane']}.json"
        self._s3.objects[key] = json.dumps(result).encode()

    def invoke(self, **invoke: Any) -> dict[str, Any]:
        if invoke["FunctionName"] in self.refuses:
            raise refusal("TooManyRequestsException")
        if invoke["FunctionName"] in self.breaks:
            raise ConnectionClosedError(endpoint_url="https://lambda.example")
        event = json.loads(invoke["Payload"])
        self.invoked.append((invoke["FunctionName"], event))
        if "task" in event:
            self.race(event)
        metadata = {"HTTPHeaders": {"date": "now", "x-lambdameter-cpu-ms": "1.000"}}
        return {"Payload": Body(self.payload), "ResponseMetadata": metadata} | self.answer

    def get_function_configuration(self, **asked: Any) -> dict[str, Any]:
        variables = {"BUCKET": "b"}
        memory_mb = self.memory_mb[asked["FunctionName"]]
        return {"MemorySize": memory_mb, "Environment": {"Variables": variables}}

    def update_function_configuration(self, **update: Any) -> None:
        self.updated.append(update)
        self.memory_mb[update["FunctionName"]] = update["MemorySize"]

    def get_waiter(self, name: str) -> Any:
        return SimpleNamespace(wait=lambda FunctionName: self.waited.append((name, FunctionName)))  # noqa: N803 - boto3's name


class FakeDynamoDB:
    """Tables as lists of items; each request leaves its last item unprocessed the first time."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.tables = tables
        self._left: set[str] = set()
        self._lock = threading.Lock()

    def get_paginator(self, _: str) -> FakeDynamoDB:
        return self

    def paginate(self, **scan: Any) -> Iterator[dict[str, Any]]:
        items = list(self.tables[scan["TableName"]])
        for start in range(0, len(items), 40):
            page = items[start : start + 40]
            if "ProjectionExpression" in scan:
                (name,) = scan["ExpressionAttributeNames"].values()
                page = [{name: item[name]} for item in page]
            yield {"Items": page}

    def batch_write_item(self, **write: Any) -> dict[str, Any]:
        ((table, requests),) = write["RequestItems"].items()
        assert len(requests) <= 25
        first_time = table not in self._left
        self._left.add(table)
        done, left = (requests[:-1], requests[-1:]) if first_time else (requests, [])
        keys = [request["DeleteRequest"]["Key"] for request in done]
        with self._lock:
            self.tables[table] = [
                item
                for item in self.tables[table]
                if not any(key.items() <= item.items() for key in keys)
            ]
        return {"UnprocessedItems": {table: left} if left else {}}


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def refuse() -> Callable[[str], ClientError]:
    return refusal


@pytest.fixture
def tables() -> Callable[..., FakeDynamoDB]:
    """The two tables of a race, from ids or items."""

    def made(python: list[Any], rust: list[Any]) -> FakeDynamoDB:
        return FakeDynamoDB(
            {"lambdameter-race-python": list(python), "lambdameter-race-rust": list(rust)}
        )

    return made


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def gateway(checked_message: Callable[[bytes], dict[str, Any]]) -> FakeGateway:
    return FakeGateway(checked_message)


@pytest.fixture
def functions(s3: FakeS3) -> FakeFunctions:
    return FakeFunctions(s3)


@pytest.fixture
def imported(
    monkeypatch: pytest.MonkeyPatch, s3: FakeS3, gateway: FakeGateway, functions: FakeFunctions
) -> Callable[[str], Any]:
    """A function's handler module by the function's name, in the environment that it declares."""

    def load(name: str) -> ModuleType:
        race = declaration.load()
        declared = race.function(name)
        variables = declaration.environment(race, declared, RESOURCES)
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        fakes = {"s3": s3, "lambda": functions, "apigatewaymanagementapi": gateway}
        monkeypatch.setattr(boto3, "client", lambda service, **_: fakes.get(service))
        folders = [declaration.ROOT / source for source in declared.sources]
        names = [file.stem for folder in folders for file in folder.glob("*.py")]
        for folder in folders:
            monkeypatch.syspath_prepend(str(folder))
        for module_name in names:
            monkeypatch.delitem(sys.modules, module_name, raising=False)
        module = importlib.import_module(declared.handler.partition(".")[0])
        for module_name in names:
            sys.modules.pop(module_name, None)
        return module

    return load


@pytest.fixture
def site() -> RaceSite:
    """A site of races."""
    return RaceSite(
        target="local",
        websocket="ws://127.0.0.1:9002/race",
        token="a secret",
        region="eu-west-1",
        architecture="arm64",
        records=2_000,
        lanes=(
            RaceLane(name="python", title="Python", runtime="python3.12", zip_bytes=1),
            RaceLane(name="rust", title="Rust", runtime="provided.al2023", zip_bytes=2),
        ),
        formats=("csv", "json"),
        memory_sizes=(MemorySize(memory_mb=128, vcpu=0.0724),),
        conditions="c1",
        caveats=(),
        modelled=None,
        prices=RacePrices(
            per_request_usd=2e-7,
            gb_second_usd=1e-5,
            services_usd_per_race={"python": 0.1, "rust": 0.1},
            as_of="2026-10-01",
            region="eu-west-1",
        ),
    )


ONE = "1" * 32
ANOTHER = "2" * 32


@pytest.fixture
def whole_race() -> Callable[..., list[dict[str, Any]]]:
    """All messages of a race: Rust finishes, Python fails."""

    def messages(race: str = ONE, began_ms: float = 1_000.0) -> list[dict[str, Any]]:
        about = {"race": race, "format": "csv", "memory_mb": 512, "cold": True}
        line = (
            "REPORT RequestId: x\tDuration: 5.00 ms\tBilled Duration: 205 ms\t"
            "Memory Size: 512 MB\tMax Memory Used: 40 MB\tInit Duration: 200.00 ms\t"
        )
        failed = {"errorType": "Runtime.OutOfMemory"}
        by = {lane: {"race": race, "lane": lane} for lane in ("python", "rust")}
        race_messages: list[dict[str, Any]] = [
            {"type": "clearing"} | about,
            {"type": "started", "order": ["rust", "python"]} | about,
            {"type": "running", "cold": True} | by["rust"],
            {"type": "progress", "records": 1_000} | by["rust"],
            finished() | by["rust"],
            {"type": "report", "report": line, "headers": {}} | by["rust"],
            {"type": "failed", "error": failed} | by["python"],
            {"type": "report", "report": None, "headers": {}} | by["python"],
        ]
        return [
            message | {"at_ms": began_ms + number} for number, message in enumerate(race_messages)
        ]

    return messages


@pytest.fixture
def verified() -> Callable[..., dict[str, Any]]:
    """The verdict on a race."""

    def message(race: str = ONE, *, identical: bool) -> dict[str, Any]:
        expected = {"count": 2_000, "digest": "d" * 64}
        return {
            "type": "verified",
            "race": race,
            "at_ms": 2_000.0,
            "identical": identical,
            "expected": expected,
            "lanes": {},
        }

    return message
