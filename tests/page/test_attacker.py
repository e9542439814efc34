"""A browser in which an attacker's page is open, against every listener: nothing happens."""

from __future__ import annotations

import asyncio
import http.server
import io
import json
import shutil
import threading
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import uvloop
from playwright.sync_api import Browser, Error, Page, sync_playwright

from lambdameter.emulator import server
from lambdameter.emulator.options import Options
from lambdameter.emulator.server import serve

CHROMIUM = "chromium"
# The browser's own protection of this machine, which not every browser has, is taken away.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    "--host-resolver-rules=MAP evil.example 127.0.0.1",
)
ATTACK = Path(__file__).with_name("attack.js").read_text()
FUNCTIONS = "/2015-03-31/functions"
NEXT = "/2018-06-01/runtime/invocation/next"
JSON = "application/json"
# Of the same site as the listeners, of another one, and of one that a name server bends here.
ORIGINS = ("127.0.0.1", "localhost", "evil.example")
ITEM = {"id": {"S": "1"}}
TABLE = {
    "TableName": "evil",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>a</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def attacker() -> Iterator[int]:
    """The port of a server with an empty page, for an attacker's script."""
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
    thread = threading.Thread(target=site.serve_forever)
    thread.start()
    yield site.server_port
    site.shutdown()
    thread.join()
    site.server_close()


@pytest.fixture(scope="module")
def browser(require: Callable[[bool, str], None]) -> Iterator[Browser]:
    program = shutil.which(CHROMIUM)
    require(program is not None, "needs Debian's chromium (scripts/page/apt.txt)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def package() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context):\n    return event\n")
    return content.getvalue()


def creation() -> dict[str, Any]:
    """CreateFunction's document."""
    return {
        "FunctionName": "evil",
        "Runtime": "python3.12",
        "Handler": "handler.handler",
        "Role": "arn:aws:iam::000000000000:role/r",
        "Code": {"ZipFile": b64encode(package()).decode()},
    }


# What is done to a listener: path to GET, path to POST to, body, its content type.
Attack = tuple[str, str, dict[str, Any], str]
ATTACKS: dict[str, list[Attack]] = {
    "control": [
        (FUNCTIONS, FUNCTIONS, creation(), JSON),
        (f"{FUNCTIONS}/inside", f"{FUNCTIONS}/inside/invocations", {"by": "a page"}, JSON),
        (f"{FUNCTIONS}/inside", f"{FUNCTIONS}/inside/code", creation(), JSON),
    ],
    "runtime": [
        (NEXT, "/2018-06-01/runtime/init/error", {"errorType": "Function.Evil"}, JSON),
        (NEXT, "/2018-06-01/runtime/invocation/x/response", {"by": "a page"}, JSON),
    ],
    "dynamodb": [("/", "/", TABLE, "application/x-amz-json-1.0")],
    "s3": [
        ("/kept/secret.txt", "/kept/evil.txt", {"key": "evil.txt"}, "text/plain"),
        ("/kept?list-type=2", "/kept", {"key": "evil.txt"}, "application/octet-stream"),
        ("/", "/evil", {}, "application/xml"),
    ],
    "gateway": [("/live", "/live/@connections/x", {"action": "run"}, JSON)],
    "page": [("/site.json", "/races.json", {}, JSON)],
    "admin": [("/usage/local", "/usage/local", {}, JSON)],
}
CASES = [
    pytest.param(listener, one, id=f"{listener} {number}")
    for listener, attacks in ATTACKS.items()
    for number, one in enumerate(attacks)
]


class State:
    """All that an attack could change, as clients of AWS's see it."""

    def __init__(self, doors: Any) -> None:
        names = ("lambda", "dynamodb", "s3")
        self._lambda, self._dynamodb, self._s3 = (doors.client(name) for name in names)

    def close(self) -> None:
        for client in (self._lambda, self._dynamodb, self._s3):
            client.close()

    def prepare(self) -> None:
        """Something to steal."""
        self._dynamodb.create_table(**TABLE | {"TableName": "kept"})
        self._dynamodb.put_item(TableName="kept", Item=ITEM)
        self._s3.create_bucket(Bucket="kept")
        self._s3.put_object(Bucket="kept", Key="secret.txt", Body=b"secret")

    def read(self) -> dict[str, Any]:
        listed = self._lambda.list_functions()["Functions"]
        content = self._s3.list_objects_v2(Bucket="kept")["Contents"]
        return {
            "functions": [(one["FunctionName"], one["CodeSha256"]) for one in listed],
            "tables": self._dynamodb.list_tables()["TableNames"],
            "items": self._dynamodb.scan(TableName="kept")["Items"],
            "buckets": [one["Name"] for one in self._s3.list_buckets()["Buckets"]],
            "objects": [one["Key"] for one in content],
            "object": self._s3.get_object(Bucket="kept", Key="secret.txt")["Body"].read(),
        }

    def call(self) -> int:
        """Invoke; the how manieth call of its environment that was."""
        answer = self._lambda.invoke(FunctionName="inside", Payload=b'{"mine": 1}')
        told = json.loads(answer["Payload"].read())
        assert told["event"] == {"mine": 1}
        return int(told["call"])


@pytest.fixture(scope="module")
def state(doors: Any) -> Iterator[State]:
    opened = State(doors)
    opened.prepare()
    yield opened
    opened.close()


def attack(page: Page, base: str, how: Attack) -> dict[str, str]:
    path, post, body, content_type = how
    given = {
        "base": base,
        "path": path,
        "post": post,
        "body": json.dumps(body, separators=(",", ":")),
        "type": content_type,
        "frame": "into",
    }
    found: dict[str, str] = page.evaluate(ATTACK, given)
    return found


@pytest.mark.parametrize(("listener", "how"), CASES)
@pytest.mark.parametrize("origin", ORIGINS)
def test_an_attackers_page_changes_nothing_and_reads_nothing(  # noqa: PLR0913, PLR0917
    doors: Any, state: State, page: Page, attacker: int, origin: str, listener: str, how: Attack
) -> None:
    before, call = state.read(), state.call()
    page.goto(f"http://{origin}:{attacker}/")
    found = attack(page, f"http://{doors.addresses[listener]}", how)
    assert {name for name, read in found.items() if read} == set()
    assert state.read() == before
    assert state.call() == call + 1


def page_before_the_name_was_bent(page: Page, base: str) -> None:
    """What the attacker served under this very name and port, while it still was his."""
    page.route(
        f"{base}/attacker",
        lambda route: route.fulfill(content_type="text/html", body="<!doctype html><body>"),
    )
    page.goto(f"{base}/attacker")


@pytest.mark.parametrize(("listener", "how"), CASES)
def test_a_page_whose_name_is_bent_to_point_here_gets_403_for_all_that_it_asks(
    doors: Any, state: State, page: Page, listener: str, how: Attack
) -> None:
    before, call = state.read(), state.call()
    base = f"http://evil.example:{doors.addresses[listener].rpartition(':')[2]}"
    page_before_the_name_was_bent(page, base)
    found = attack(page, base, how)
    answers = {read for name, read in found.items() if name in {"GET", "POST", "PUT", "DELETE"}}
    assert {read.partition(" ")[0] for read in answers} == {"403"}
    assert {found[name] for name in ("img", "script", "websocket")} == {""}
    assert state.read() == before
    assert state.call() == call + 1


@pytest.mark.parametrize(("listener", "how"), CASES)
def test_nor_does_the_address_of_all_addresses_help(  # noqa: PLR0913, PLR0917
    doors: Any, state: State, page: Page, attacker: int, listener: str, how: Attack
) -> None:
    before, call = state.read(), state.call()
    base = f"http://0.0.0.0:{doors.addresses[listener].rpartition(':')[2]}"
    page.goto(f"http://evil.example:{attacker}/")
    found = attack(page, base, how)
    assert {name for name, read in found.items() if read} == set()
    try:
        opened = page.goto(base + how[0])
    except Error:
        opened = None  # some versions of the browser do not go there
    assert opened is None or opened.status == 403
    assert state.read() == before
    assert state.call() == call + 1


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch, require_launcher: None) -> Iterator[Any]:  # noqa: ARG001
    """A client of an emulator whose Lambda API lets in whoever comes."""
    monkeypatch.setattr(server, "control_api_guard", lambda _: lambda *_: None)
    started, stop = threading.Event(), asyncio.Event()
    served: list[Any] = []

    async def run() -> None:
        async with serve(Options(sandbox="none", services=False)) as (ready, _):
            served.extend((ready.endpoint, asyncio.get_running_loop()))
            started.set()
            await stop.wait()

    def main() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=main)
    thread.start()
    assert started.wait(30)
    client = boto3.client(
        "lambda",
        endpoint_url=served[0],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    yield client
    client.close()
    served[1].call_soon_threadsafe(stop.set)
    thread.join()


@pytest.mark.parametrize("origin", ORIGINS)
def test_without_the_guard_the_same_page_deploys_a_function(
    unguarded: Any, page: Page, attacker: int, origin: str
) -> None:
    """So the tests above can fail."""
    page.goto(f"http://{origin}:{attacker}/")
    attack(page, unguarded.meta.endpoint_url, ATTACKS["control"][0])
    listed = unguarded.list_functions()["Functions"]
    assert [one["FunctionName"] for one in listed] == ["evil"]


def test_without_the_guard_a_page_whose_name_is_bent_reads_and_deletes(
    unguarded: Any, page: Page
) -> None:
    unguarded.create_function(
        **creation() | {"FunctionName": "mine", "Code": {"ZipFile": package()}}
    )
    port = unguarded.meta.endpoint_url.rpartition(":")[2]
    base = f"http://evil.example:{port}"
    page_before_the_name_was_bent(page, base)
    found = attack(page, base, (f"{FUNCTIONS}/mine", FUNCTIONS, {}, JSON))
    assert found["GET"].startswith("200 ")
    assert unguarded.list_functions()["Functions"] == []
