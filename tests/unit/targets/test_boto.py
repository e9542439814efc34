from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lambdameter.errors import BadInputError, TargetError
from lambdameter.model import report_line
from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.calibration import Calibration
from lambdameter.model.sample import Enforcement, TargetInfo
from lambdameter.model.workload import Table, TableKey
from lambdameter.targets import boto
from lambdameter.targets.base import Function
from lambdameter.targets.boto import BotoTarget, Endpoints, Options

DEPLOYMENT = Deployment(function="f", variant="rust", artifact_sha256="s")


class Requested(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def operation(self) -> str:
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


class Said(NamedTuple):
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] | None = None


class Service:
    """Answers every request by one function, and keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Requested] = []
        self.answer: Callable[[Requested], Said | None] = lambda asked: Said(
            body=b"{}" if asked.operation else b""
        )
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self) -> None:
                length = int(self.headers.get("content-length", 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Requested(self.command, self.path, headers, self.rfile.read(length))
                service.asked.append(asked)
                said = service.answer(asked)
                if said is None:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.send_response(said.status)
                for name, value in (said.headers or {}).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = respond  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def at(url: str) -> BotoTarget:
    endpoints = Endpoints(
        functions=url,
        s3=url,
        dynamodb=url,
        ca_bundle="/nowhere",
        access_key_id="id",
        secret_access_key="secret",
    )
    return BotoTarget(Options(region="us-east-1", architecture="arm64", endpoints=endpoints))


@pytest.fixture
def target(service: Service) -> BotoTarget:
    return at(service.url)


def test_an_answer_is_taken_as_it_is(service: Service, target: BotoTarget) -> None:
    tail = base64.b64encode("log é\nREPORT".encode()).decode()
    service.answer = lambda _: Said(
        200, b'{"n":1}', {"X-Amz-Log-Result": tail, "x-lambdameter-environment": "e-1"}
    )
    invocation = target.invoke(DEPLOYMENT, b'{"x":1}')
    assert (invocation.status, invocation.payload) == (200, b'{"n":1}')
    assert invocation.function_error is None
    assert invocation.log_tail == "log é\nREPORT"
    assert invocation.headers["x-lambdameter-environment"] == "e-1"
    assert invocation.client_ms > 0
    (asked,) = service.asked
    assert asked.body == b'{"x":1}'
    assert asked.headers["x-amz-log-type"] == "Tail"


def test_a_function_error_is_an_answer(service: Service, target: BotoTarget) -> None:
    service.answer = lambda _: Said(200, b"{}", {"X-Amz-Function-Error": "Unhandled"})
    assert target.invoke(DEPLOYMENT, b"{}").function_error == "Unhandled"


def test_a_refusal_is_an_invocation_and_is_not_repeated(
    service: Service, target: BotoTarget
) -> None:
    refusal = Said(
        429, b'{"message":"Rate Exceeded."}', {"x-amzn-ErrorType": "TooManyRequestsException"}
    )
    service.answer = lambda _: refusal
    invocation = target.invoke(DEPLOYMENT, b"{}")
    assert invocation.status == 429
    assert json.loads(invocation.payload) == {
        "errorType": "TooManyRequestsException",
        "errorMessage": "Rate Exceeded.",
    }
    assert len(service.asked) == 1


def test_a_broken_connection_is_an_invocation_and_is_not_repeated(
    service: Service, target: BotoTarget
) -> None:
    service.answer = lambda _: None
    invocation = target.invoke(DEPLOYMENT, b"{}")
    assert invocation.status == 0
    assert json.loads(invocation.payload)["errorType"] == "ConnectionClosedError"
    assert len(service.asked) == 1


def test_a_server_fault_is_the_targets_failure_and_is_not_repeated(
    service: Service, target: BotoTarget
) -> None:
    service.answer = lambda _: Said(
        500, b'{"message":"gone"}', {"x-amzn-ErrorType": "ServiceException"}
    )
    with pytest.raises(TargetError, match="gone"):
        target.invoke(DEPLOYMENT, b"{}")
    assert len(service.asked) == 1


def test_nobody_there_is_the_targets_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TargetError, match="Could not connect"):
        at(f"http://127.0.0.1:{port}").invoke(DEPLOYMENT, b"{}")


def test_the_invoking_client_outwaits_lambdas_longest_timeout(target: BotoTarget) -> None:
    config: Any = target._invoking.meta.config  # the stubs name none of its options
    assert config.read_timeout == 910
    assert config.retries["total_max_attempts"] == 1
    assert config.tcp_keepalive


def test_the_emulator_says_what_it_is(
    service: Service, target: BotoTarget, calibration: Calibration
) -> None:
    enforcement = Enforcement(
        by="cgroup v1", cpu="quota", memory="limit", freeze="freezer", isolation="none"
    )
    emulator = TargetInfo(
        name="local",
        region="eu-west-1",
        enforcement=enforcement,
        engines={"dynamodb": "dynoxide-rs"},
        runtimes={"python3.12": "3.12.1"},
        latency_model="latency.toml, total",
        faults="cut=0.1, seed 1",
        architecture="x86_64",
        calibration=calibration,
        overheads="overheads 1",
    )
    service.answer = lambda _: Said(200, b'{"Functions":[]}', report_line.format_host(emulator))
    assert target.info() == emulator


def test_a_target_without_the_header_is_aws(service: Service, target: BotoTarget) -> None:
    service.answer = lambda _: Said(200, b'{"Functions":[]}')
    info = target.info()
    assert (info.name, info.architecture, info.enforcement) == ("aws", "arm64", None)


def test_aws_needs_a_role() -> None:
    with pytest.raises(BadInputError, match="role") as refused:
        BotoTarget(Options(region="us-east-1", architecture="arm64"))
    assert "--role" in refused.value.next_step


def test_a_function_is_deployed_as_it_is_asked_for(
    service: Service, target: BotoTarget, tmp_path: Path
) -> None:
    service.answer = lambda _: Said(200, b'{"Configuration":{"State":"Active"},"FunctionName":"f"}')
    (tmp_path / "p.zip").write_bytes(b"PK")
    artifact = Artifact(
        variant="rust",
        path=str(tmp_path / "p.zip"),
        sha256="s",
        zip_bytes=2,
        unzipped_bytes=2,
        runtime="provided.al2023",
        handler="bootstrap",
        architecture="arm64",
    )
    function = Function(name="f", timeout_s=9, memory_mb=256, environment={"A": "b"})
    assert target.deploy(artifact, function) == DEPLOYMENT
    created = service.asked[0].json
    assert created["Role"].startswith("arn:aws:iam::")
    assert {name: created[name] for name in ("Runtime", "Handler", "Timeout", "MemorySize")} == {
        "Runtime": "provided.al2023",
        "Handler": "bootstrap",
        "Timeout": 9,
        "MemorySize": 256,
    }
    assert created["Architectures"] == ["arm64"]
    assert created["Environment"] == {"Variables": {"A": "b"}}
    assert base64.b64decode(created["Code"]["ZipFile"]) == b"PK"


def test_forcing_cold_keeps_the_functions_own_variables(
    service: Service, target: BotoTarget
) -> None:
    service.answer = lambda asked: Said(
        200,
        b'{"Configuration":{"LastUpdateStatus":"Successful"}}'
        if asked.path.endswith("/functions/f")
        else b'{"Environment":{"Variables":{"A":"b"}}}',
    )
    target.force_cold(DEPLOYMENT, 512, "r1-7")
    (update,) = [asked for asked in service.asked if asked.method == "PUT"]
    assert update.json == {
        "MemorySize": 512,
        "Environment": {"Variables": {"A": "b", "LAMBDAMETER_ENVIRONMENT": "r1-7"}},
    }


def test_a_table_has_its_keys_and_is_paid_per_request(service: Service, target: BotoTarget) -> None:
    service.answer = lambda _: Said(200, b'{"Table":{"TableStatus":"ACTIVE"}}')
    table = Table(
        partition_key=TableKey(name="pk", type="S"), sort_key=TableKey(name="sk", type="N")
    )
    target.create_table("t", table)
    created = service.asked[0].json
    assert created["BillingMode"] == "PAY_PER_REQUEST"
    assert created["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert created["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "N"},
    ]


def test_a_scan_reads_every_page_consistently(service: Service, target: BotoTarget) -> None:
    last = {"id": {"S": "b"}}
    pages = [
        {"Items": [{"id": {"S": "a"}, "raw": {"B": "AP8="}}], "LastEvaluatedKey": last},
        {"Items": [], "LastEvaluatedKey": last},
        {"Items": [{"id": {"S": "é"}}], "Count": 1},
    ]
    service.answer = lambda _: Said(200, json.dumps(pages[len(service.asked) - 1]).encode())
    assert list(target.scan("t")) == [
        {"id": {"S": "a"}, "raw": {"B": "AP8="}},
        {"id": {"S": "é"}},
    ]
    assert all(asked.json["ConsistentRead"] for asked in service.asked)
    assert [asked.json.get("ExclusiveStartKey") for asked in service.asked] == [None, last, last]


def test_a_scan_that_fails_is_the_targets_failure(service: Service, target: BotoTarget) -> None:
    service.answer = lambda _: Said(
        400, b'{"__type":"com.amazonaws#ResourceNotFoundException","message":"no table"}'
    )
    with pytest.raises(TargetError, match="ResourceNotFoundException"):
        list(target.scan("t"))


def test_one_item_is_got_by_its_key(service: Service, target: BotoTarget) -> None:
    service.answer = lambda _: Said(200, b'{"Item":{"id":{"B":"AP8="},"n":{"N":"1"}}}')
    assert target.get_item("t", {"id": {"B": "AP8="}}) == {"id": {"B": "AP8="}, "n": {"N": "1"}}
    assert service.asked[0].json["Key"] == {"id": {"B": "AP8="}}


def test_an_item_that_is_not_there_is_none(target: BotoTarget) -> None:
    assert target.get_item("t", {"id": {"S": "a"}}) is None


def test_objects_go_up_in_one_part(service: Service, target: BotoTarget, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 100_000)
    target.put_object("b", "r1/f", tmp_path / "f")
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("PUT", "/b/r1/f")
    assert asked.body == b"x" * 100_000


# As the API references show them: API_ListFunctions, API_ListTables, API_ListBuckets,
# API_ListObjectsV2.
BUCKETS = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Owner><ID>o</ID></Owner><Buckets>
<Bucket><CreationDate>2026-11-21T10:00:00.000Z</CreationDate><Name>lm-r1-ab</Name></Bucket>
<Bucket><CreationDate>2026-11-21T10:00:00.000Z</CreationDate><Name>theirs</Name></Bucket>
</Buckets><Prefix>lm-r1</Prefix></ListAllMyBucketsResult>"""
OBJECTS = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lm-r1-ab</Name>
<KeyCount>1</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>
<Contents><Key>lm-r1-ab/cold/f.csv</Key><Size>3</Size></Contents></ListBucketResult>"""


def an_account(asked: Requested) -> Said:
    """Two pages of functions, two of tables, a bucket of ours; and what is others'."""
    if asked.path.startswith("/2015-03-31/functions") and asked.method == "GET":
        first = {"Functions": [{"FunctionName": "lm-r1-a"}], "NextMarker": "m"}
        last = {"Functions": [{"FunctionName": "lm-r1-b"}, {"FunctionName": "lm-r2"}]}
        return Said(body=json.dumps(last if "Marker=m" in asked.path else first).encode())
    if asked.operation == "ListTables":
        page = {"TableNames": ["lm-r1-7", "theirs"], "LastEvaluatedTableName": "theirs"}
        more = {"TableNames": ["lm-r1-ab-3"]}
        return Said(body=json.dumps(more if asked.json else page).encode())
    if asked.method == "GET":
        return Said(body=OBJECTS if "list-type=2" in asked.path else BUCKETS)
    return Said(body=b"{}" if asked.operation else b"")


def test_all_that_is_named_so_is_removed_and_nothing_else(
    service: Service, target: BotoTarget
) -> None:
    service.answer = an_account
    assert target.clear("lm-r1") == (
        "function lm-r1-a",
        "function lm-r1-b",
        "table lm-r1-7",
        "table lm-r1-ab-3",
        "bucket lm-r1-ab",
    )
    deleted = [asked.path for asked in service.asked if asked.method == "DELETE"]
    assert deleted == [
        "/2015-03-31/functions/lm-r1-a",
        "/2015-03-31/functions/lm-r1-b",
        "/lm-r1-ab/lm-r1-ab/cold/f.csv",
        "/lm-r1-ab",
    ]
    tables = [one.json["TableName"] for one in service.asked if one.operation == "DeleteTable"]
    assert tables == ["lm-r1-7", "lm-r1-ab-3"]


def test_where_nothing_is_named_so_nothing_is_removed(service: Service, target: BotoTarget) -> None:
    service.answer = an_account
    assert target.clear("lm-r3") == ()
    assert not [asked for asked in service.asked if asked.method == "DELETE"]


def test_everything_that_is_made_can_be_removed(service: Service, target: BotoTarget) -> None:
    target.create_bucket("b")
    target.delete_object("b", "k")
    target.remove_bucket("b")
    target.remove(DEPLOYMENT)
    target.delete_table("t")
    assert [(asked.method, asked.path) for asked in service.asked] == [
        ("PUT", "/b"),
        ("DELETE", "/b/k"),
        ("DELETE", "/b"),
        ("DELETE", "/2015-03-31/functions/f"),
        ("POST", "/"),
    ]
    assert service.asked[-1].operation == "DeleteTable"


def items(n: int) -> list[dict[str, Any]]:
    return [{"id": {"S": str(number)}, "raw": {"B": "AAE="}} for number in range(n)]


def written(asked: Requested) -> list[str]:
    return [one["PutRequest"]["Item"]["id"]["S"] for one in asked.json["RequestItems"]["t"]]


def test_items_are_put_in_batches_of_twenty_five(service: Service, target: BotoTarget) -> None:
    target.put_items("t", items(60))
    assert [len(written(asked)) for asked in service.asked] == [25, 25, 10]
    first = service.asked[0].json["RequestItems"]["t"][0]["PutRequest"]["Item"]
    assert first == {"id": {"S": "0"}, "raw": {"B": "AAE="}}


def test_no_items_are_no_request(service: Service, target: BotoTarget) -> None:
    target.put_items("t", [])
    assert service.asked == []


def test_what_was_not_processed_is_put_again(
    service: Service, target: BotoTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto, "_FIRST_PAUSE_S", 0)

    def answer(asked: Requested) -> Said:
        left = asked.json["RequestItems"]["t"][1:]
        return Said(body=json.dumps({"UnprocessedItems": {"t": left} if left else {}}).encode())

    service.answer = answer
    target.put_items("t", items(3))
    assert [written(asked) for asked in service.asked] == [["0", "1", "2"], ["1", "2"], ["2"]]


def test_a_table_that_never_takes_all_items_is_told(
    service: Service, target: BotoTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(boto, "_LAST_PAUSE_S", 0.001)
    service.answer = lambda asked: Said(
        body=json.dumps({"UnprocessedItems": asked.json["RequestItems"]}).encode()
    )
    with pytest.raises(TargetError, match="3 items unprocessed"):
        target.put_items("t", items(3))
    assert len(service.asked) == 2
