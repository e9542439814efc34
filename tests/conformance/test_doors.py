"""Every request of tests/guard/requests.toml, sent over a socket to every listener that runs."""

from __future__ import annotations

import json
import socket
import ssl
import tomllib
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

TABLE = Path(__file__).parents[1] / "guard" / "requests.toml"
REQUESTS: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["request"]
# Something to GET, and something to POST to, that is not there and changes nothing.
TARGETS = {
    "control": ("/2015-03-31/functions/none", "/2015-03-31/functions"),
    "runtime": ("/2018-06-01/runtime/none", "/2018-06-01/runtime/invocation/none/response"),
    "gateway": ("/live/@connections/none", "/live/@connections/none"),
    "page": ("/site.json", "/"),
    "admin": ("/usage/none", "/usage/none"),
    "dynamodb": ("/", "/"),
    "s3": ("/none/none", "/none/none?uploads"),
}
JSON = "application/json"
PATIENCE_S = 30
TOO_MUCH = 3_000_000


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Wire:
    """One connection to a listener, over which bytes go as they are given."""

    def __init__(self, address: str, tls: ssl.SSLContext | None = None) -> None:
        host, port = address.split(":")
        connection = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self._socket = tls.wrap_socket(connection, server_hostname=host) if tls else connection
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def answer(self, method: str = "GET") -> Answer:
        """The next answer that is final."""
        status, headers = 100, dict[str, str]()
        while status == 100:
            line = self._stream.readline()
            assert line, "the connection ended without an answer"
            status, headers = int(line.split()[1]), self._headers()
        if method == "HEAD" or status in {101, 204}:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self._chunks()))
        return Answer(status, headers, self._stream.read(int(headers.get("content-length", 0))))

    def ended(self) -> bool:
        return self._stream.read() == b""

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while line := self._stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            found[name.lower()] = value.strip()
        return found

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self._stream.readline(), 16):
            yield self._stream.read(size)
            self._stream.readline()
        self._stream.readline()


def head(
    listener: str,
    address: str,
    request: dict[str, Any],
    body: bytes = b"",
) -> bytes:
    path, post = TARGETS[listener]

    def filled(text: str) -> str:
        port = address.rpartition(":")[2]
        return text.format(host=address, port=port, path=path, post=post)

    method = request.get("method", "GET")
    lines = [f"{method} {filled(request.get('target', '{path}'))} HTTP/1.1"]
    lines += [f"{name}: {filled(value)}" for name, value in request["headers"]]
    sized = any(name.lower() == "content-length" for name, _ in request["headers"])
    if method in {"POST", "PUT", "PATCH"} and not sized:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def assert_refused(listener: str, answer: Answer) -> None:
    """403 in the protocol's own form, with nothing for another page to read it by."""
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    content_type = answer.headers["content-type"].partition(";")[0]
    if listener == "s3":
        assert content_type == "application/xml"
        if answer.body:
            assert ET.fromstring(answer.body).findtext("Code") == "AccessDenied"  # noqa: S314
    elif listener == "dynamodb":
        assert content_type == "application/x-amz-json-1.0"
        assert "x-amzn-requestid" in answer.headers
        if answer.body:
            assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
            kind = "com.amazon.coral.service#AccessDeniedException"
            assert answer.document.keys() == {"__type", "message"}
            assert answer.document["__type"] == kind
    else:
        assert content_type == JSON
        if answer.body:
            assert is_refusal(listener, answer)


def is_refusal(listener: str, answer: Answer) -> bool:
    """The guard's: AWS's own APIs have 403 for other things as well."""
    if answer.status != 403 or not answer.body or listener in {"s3", "dynamodb"}:
        return answer.status == 403
    document = answer.document
    return {
        "control": answer.headers.get("x-amzn-errortype") == "AccessDeniedException"
        and document.keys() == {"Type", "Message"}
        and document["Type"] == "User",
        "runtime": document.get("errorType") == "Forbidden" and bool(document["errorMessage"]),
        "gateway": document == {"message": "Forbidden"},
        "page": document.keys() == {"error"},
        "admin": document.keys() == {"message"},
    }[listener]


def rows() -> list[Any]:
    return [
        pytest.param(request, listener, id=f"{listener}: {request['name']}")
        for request in REQUESTS
        for listener in request.get("listeners", TARGETS)
    ]


@pytest.mark.parametrize(("request_", "listener"), rows())
def test_a_request_gets_the_answer_that_the_table_names(
    doors: Any, request_: dict[str, Any], listener: str
) -> None:
    address = doors.addresses[listener]
    method = request_.get("method", "GET")
    with Wire(address) as wire:
        wire.send(head(listener, address, request_))
        answer = wire.answer(method)
    if "refuse" in request_:
        assert_refused(listener, answer)
    else:
        assert not is_refusal(listener, answer)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


FOREIGN = {
    "method": "POST",
    "target": "{post}",
    "headers": [["Host", "{host}"], ["Origin", "http://evil.example"], ["Content-Type", JSON]],
}
OWN: dict[str, Any] = {"headers": [["Host", "{host}"]]}


@pytest.mark.parametrize("listener", TARGETS)
@pytest.mark.parametrize("size", [2, TOO_MUCH])
def test_a_connection_goes_on_after_a_refusal_whatever_the_body_was(
    doors: Any, listener: str, size: int
) -> None:
    address = doors.addresses[listener]
    with Wire(address) as wire:
        wire.send(head(listener, address, FOREIGN, b"x" * size))
        assert_refused(listener, wire.answer())
        wire.send(head(listener, address, OWN))
        assert not is_refusal(listener, wire.answer())


@pytest.mark.parametrize("listener", TARGETS)
def test_a_body_that_is_refused_is_not_asked_for(doors: Any, listener: str) -> None:
    address = doors.addresses[listener]
    waiting = FOREIGN | {"headers": [*FOREIGN["headers"], ["Expect", "100-continue"]]}
    with Wire(address) as wire:
        wire.send(head(listener, address, waiting, b"{}")[:-2])
        line = wire._stream.readline()
        assert line.startswith(b"HTTP/1.1 403")
        wire._headers()
        assert wire._stream.read().endswith((b"}", b">"))


@pytest.mark.parametrize("listener", ["dynamodb", "s3"])
@pytest.mark.parametrize(
    ("origin", "served"), [("https://{}", True), ("http://{}", False), ("https://evil", False)]
)
def test_over_tls_the_servers_own_origin_is_another(
    doors: Any,
    listener: str,
    origin: str,
    served: bool,  # noqa: FBT001 - a column
) -> None:
    address = doors.addresses[listener]
    tls = ssl.create_default_context(cafile=doors.ready.ca_bundle)
    sent = {"headers": [["Host", "{host}"], ["Origin", origin.format(address)]]}
    with Wire(address, tls) as wire:
        wire.send(head(listener, address, sent))
        answer = wire.answer()
    assert is_refusal(listener, answer) is not served


def test_what_is_refused_is_not_counted(doors: Any) -> None:
    address = doors.addresses["dynamodb"]
    identity = "AWS4-HMAC-SHA256 Credential=NOBODY/20260101/us-east-1/dynamodb/aws4_request"
    sent = FOREIGN | {"headers": [*FOREIGN["headers"], ["Authorization", identity]]}
    with Wire(address) as wire:
        wire.send(head("dynamodb", address, sent))
        assert_refused("dynamodb", wire.answer())
    usage = {"headers": [["Host", "{host}"]], "target": "/usage/NOBODY"}
    with Wire(doors.addresses["admin"]) as wire:
        wire.send(head("admin", doors.addresses["admin"], usage))
        assert wire.answer().document["requests"] == {}


def test_an_origin_that_is_served_is_told_nothing_of_others(doors: Any) -> None:
    """Dynoxide would answer it with `access-control-allow-origin: *`."""
    address = doors.addresses["dynamodb"]
    sent = {
        "method": "OPTIONS",
        "headers": [
            ["Host", "{host}"],
            ["Origin", "http://{host}"],
            ["Access-Control-Request-Method", "POST"],
        ],
    }
    with Wire(address) as wire:
        wire.send(head("dynamodb", address, sent))
        answer = wire.answer()
    assert answer.status == 404
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_refusal_says_what_to_do(doors: Any) -> None:
    said = {}
    for listener, address in doors.addresses.items():
        with Wire(address) as wire:
            wire.send(head(listener, address, {"headers": [["Host", "evil.example"]]}))
            said[listener] = wire.answer().body.decode()
    for listener in ("control", "dynamodb", "s3"):
        assert "evil.example" in said[listener]
        assert "allow the name with --allow-host" in said[listener]
    for listener in ("runtime", "admin"):
        assert "Call 127.0.0.1 or localhost." in said[listener]
    assert "`lambdameter live` printed" in said["page"]
