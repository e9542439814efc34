"""A page server and a WebSocket API that a test controls, and a browser."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import queue
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from lambdameter.build import page as built_page
from lambdameter.errors import HostError
from lambdameter.model import race_messages
from lambdameter.model.race_records import DeployedCode, RaceSite, RecordedRace
from lambdameter.race.export import export

Message = dict[str, Any]
LANES = ("python", "rust")
RECORDS = 50_000
CHROMIUM = "chromium"
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_S = 20.0
expect.set_options(timeout=_PATIENCE_S * 1_000)


def site(**changed: Any) -> Message:
    """The site that the page server serves."""
    return {
        "schema": 2,
        "target": "local",
        "websocket": None,
        "token": "t",
        "region": "us-east-1",
        "architecture": "arm64",
        "records": RECORDS,
        "lanes": [
            {"name": "python", "title": "Python", "runtime": "python3.12", "zip_bytes": 9_410},
            {"name": "rust", "title": "Rust", "runtime": "provided.al2023", "zip_bytes": 4_812_345},
        ],
        "formats": ["csv", "json"],
        "tiers": [
            {"memory_mb": size, "vcpu": size / 1_769} for size in (128, 256, 512, 1_024, 1_769)
        ],
        "conditions": "c1",
        "caveats": [
            {"label": "CPU", "text": "quota of memory/1769 of a vCPU per 20 ms, by cgroup v1"},
            {"label": "Engines", "text": "dynamodb: dynoxide-rs 3.2.0; s3: s3s-fs 0.14.1"},
            {"label": "Calibration", "text": "python3.13 1.37, compiled code 1.70 times"},
        ],
        "modelled": "service latency, AWS's share of Init Duration and memory",
        "prices": {
            "per_request_usd": 2e-7,
            "gb_second_usd": 0.0000133334,
            "services_usd_per_race": {"python": 0.03125, "rust": 0.03125},
            "as_of": "2026-10-01",
            "region": "us-east-1",
        },
    } | changed


class FakeRace:
    """The messages of one race, as its functions send them."""

    def __init__(self, race: str, began_ms: float, **parameters: Any) -> None:
        self.race = race
        self.began_ms = began_ms
        parameters = {"format": "csv", "memory_mb": 1_024, "cold": True} | parameters
        self.start = [
            {"type": "clearing", "race": race, "at_ms": began_ms - 900, **parameters},
            {
                "type": "started",
                "race": race,
                "at_ms": began_ms,
                "order": ["rust", "python"],
                **parameters,
            },
        ]
        self.memory_mb = parameters["memory_mb"]
        self.cold = parameters["cold"]

    def lane(self, name: str, init_ms: float, write_ms: float) -> list[Message]:
        """A lane from its handler's begin to its last record."""
        of = {"race": self.race, "lane": name}
        running = self.began_ms + 20 + (init_ms if self.cold else 0)
        writing = running + 700
        marks = [(0, "download"), (240, "parse"), (700, "write")]
        phases = [
            {"type": "phase", "at_ms": running + at, "phase": phase, **of} for at, phase in marks
        ]
        progress = [
            {
                "type": "progress",
                "at_ms": writing + write_ms * records / RECORDS,
                "records": records,
                **of,
            }
            for records in range(1_000, RECORDS + 1, 1_000)
        ]
        return [{"type": "running", "at_ms": running, "cold": self.cold, **of}, *phases, *progress]

    def end(self, name: str, init_ms: float, write_ms: float) -> list[Message]:
        """A lane's answer, and its REPORT line."""
        of = {"race": self.race, "lane": name}
        ended = self.began_ms + 20 + (init_ms if self.cold else 0) + 700 + write_ms
        answer = {
            "records": RECORDS,
            "written": RECORDS,
            "invalid": {"count": 0, "first": []},
            "retried_items": 0,
            "total_ms": write_ms + 700,
            "phases": {"s3_ms": 240.0, "parse_ms": 460.0, "write_ms": write_ms},
        }
        billed = round(write_ms + 712 + (init_ms if self.cold else 0))
        init = f"Init Duration: {init_ms:.2f} ms\t" if self.cold else ""
        line = (
            f"REPORT RequestId: 6f0c4a52-1d1b-4c7e-9a55-0d8c7f1b2{name[:3]}\t"
            f"Duration: {write_ms + 712:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {self.memory_mb} MB\tMax Memory Used: 168 MB\t{init}"
        )
        headers = {
            "x-lambdameter-service": json.dumps({"requests": {}, "modelled_ms": write_ms / 2})
        }
        return [
            {"type": "finished", "at_ms": ended, "answer": answer, "telling_ms": 93.25, **of},
            {"type": "report", "at_ms": ended + 40, "report": line, "headers": headers, **of},
        ]

    def failed(self, name: str, kind: str) -> list[Message]:
        """A lane that died."""
        of = {"race": self.race, "lane": name, "at_ms": self.began_ms + 1_500}
        line = (
            "REPORT RequestId: 1\tDuration: 1400.00 ms\tBilled Duration: 1400 ms\t"
            f"Memory Size: {self.memory_mb} MB\tMax Memory Used: 128 MB\t"
            f"Status: error\tError Type: {kind}\t"
        )
        error = {"errorType": kind, "errorMessage": "signal: killed"}
        return [
            {"type": "failed", "error": error, **of},
            {"type": "report", "report": line, "headers": {}, **of},
        ]

    def verified(self, *, identical: bool) -> Message:
        right = {"count": RECORDS, "digest": "36a1b1ecfa87" + 52 * "0"}
        fields = [{"field": "amount_paid", "expected": "45.5", "actual": "45.50"}]
        same = {**right, "missing": 0, "extra": 0, "changed": 0, "first": []}
        other = {
            **same,
            "digest": 64 * "b",
            "changed": 1,
            "first": [{"key": "REG-000017", "fields": fields}],
        }
        return {
            "type": "verified",
            "race": self.race,
            "at_ms": self.began_ms + 90_000,
            "identical": identical,
            "expected": right,
            "lanes": {"python": same, "rust": same if identical else other},
        }

    def whole(self, python_ms: float = 20_494, rust_ms: float = 11_600) -> list[Message]:
        """A race from start to end, in order."""
        lanes = (("python", 550.0, python_ms), ("rust", 75.1, rust_ms))
        messages = [part for lane in lanes for part in (*self.lane(*lane), *self.end(*lane))]
        return [*self.start, *sorted(messages, key=lambda message: message["at_ms"])]


class Stage:
    """The page server and the WebSocket API of one test, used from the test's thread."""

    def __init__(self, html: str, checked: Callable[[bytes], Message], **changes: Any) -> None:
        self._html = html
        self._checked = checked
        self._sockets: set[WebSocket] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.url = f"http://{self.host}/"
        self.site = site(websocket=f"ws://{self.host}/race", **changes)
        self.requests: queue.Queue[Message] = queue.Queue()
        self.joined: queue.Queue[None] = queue.Queue()
        self.recordings: dict[str, list[Message]] = {}
        self.open = True
        self._ready = threading.Event()
        self._server = uvicorn.Server(
            uvicorn.Config(self._application(), log_config=None, lifespan="off", ws="wsproto")
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/site.json", lambda _: JSONResponse(self.site)),
                Route(
                    "/races.json",
                    lambda _: JSONResponse({"races": self._summaries(), "unreadable": []}),
                ),
                Route("/races/current.json", self._current),
                Route(
                    "/races/{race}.json", lambda request: self._race(request.path_params["race"])
                ),
                Route("/code.json", lambda _: JSONResponse({"lanes": CODE})),
                WebSocketRoute("/race", self._gateway),
            ]
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve(sockets=[self._listening]))
        self._loop.close()

    def close(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(_PATIENCE_S)
        self._listening.close()

    async def _page(self, _: Request) -> Response:
        return HTMLResponse(
            self._html, headers={"content-security-policy": policy(self._html, self.host)}
        )

    def _current(self, _: Request) -> Response:
        return (
            self._race(next(reversed(self.recordings))) if self.recordings else JSONResponse(None)
        )

    def _race(self, race: str) -> Response:
        if race not in self.recordings:
            return JSONResponse({"error": "no such race"}, 404)
        return JSONResponse(self.recorded(race))

    def recorded(self, race: str) -> Message:
        """A race as the page server reads it from its folder."""
        recorded_site = self.site | {"token": None}
        return {"schema": 2, "race": race, "site": recorded_site, "messages": self.recordings[race]}

    def _summaries(self) -> list[Message]:
        of_site = {name: self.site[name] for name in ("target", "conditions")}
        return [
            summary(race, messages) | of_site
            for race, messages in reversed(self.recordings.items())
        ]

    async def _gateway(self, websocket: WebSocket) -> None:
        if not self.open:
            await websocket.close()
            return
        await websocket.accept()
        self._sockets.add(websocket)
        self.joined.put(None)
        try:
            while True:
                self.requests.put(await websocket.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            self._sockets.discard(websocket)

    def expect(self, action: str) -> Message:
        """The page's next request, which must be exactly one of the union's."""
        request = self.requests.get(timeout=_PATIENCE_S)
        assert msgspec.to_builtins(msgspec.convert(request, race_messages.Request)) == request
        assert request["action"] == action
        return request

    def tell(self, *messages: Message) -> None:
        """Send to every page, and record."""
        self.keep(*messages)
        self.say(*messages)

    def say(self, *messages: Message) -> None:
        """Send to every page."""

        async def send() -> None:
            for websocket in tuple(self._sockets):
                for message in messages:
                    await websocket.send_json(message)

        self._do(send())

    def keep(self, *messages: Message) -> None:
        """Record only: no page receives it."""
        for message in messages:
            self._checked(json.dumps(message).encode())
            if "race" in message:
                self.recordings.setdefault(message["race"], []).append(message)

    def cut(self) -> None:
        """Close every connection, and let none in again until `open` is true."""

        async def close() -> None:
            for websocket in tuple(self._sockets):
                await websocket.close()

        self.open = False
        while not self.joined.empty():
            self.joined.get()
        self._do(close())

    def _do(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE_S)

    def export(self, folder: Path, *races: str, code: bool = False) -> Path:
        """The page with these races inside, as a file."""
        recorded = [msgspec.convert(self.recorded(race), RecordedRace) for race in races]
        deployed = msgspec.convert({"lanes": CODE}, DeployedCode) if code else None
        file = folder / "races.html"
        file.write_text(
            export(self._html, msgspec.convert(self.site, RaceSite), recorded, deployed)
        )
        return file


PYTHON = '''\
import boto3


def handler(event, context):
    """Write every record."""
    return {"written": 50_000}  # all of them
'''
RUST = """\
#[tokio::main]
async fn main() -> Result<(), Error> {
    // One client for all.
    run(service_fn(handler)).await
}

fn closes() -> &'static str { "</script><!-- " }
"""
CODE = {
    "python": [{"path": "handler.py", "language": "python", "text": PYTHON}],
    "rust": [{"path": "src/main.rs", "language": "rust", "text": RUST}],
}


def summary(race: str, messages: list[Message]) -> Message:
    """One line of /races.json."""
    lanes: dict[str, Message] = {
        lane: {"total_ms": None, "init_ms": None, "failed": None} for lane in LANES
    }
    over, identical = set(), None
    for message in messages:
        lane = lanes.get(message.get("lane", ""), {})
        if message["type"] == "finished":
            lane["total_ms"] = message["answer"]["total_ms"]
        elif message["type"] == "failed":
            lane["failed"] = message["error"]["errorType"]
        elif message["type"] == "report":
            over.add(message["lane"])
        elif message["type"] == "verified":
            identical = message["identical"]
    parameters = {name: messages[0][name] for name in ("format", "memory_mb", "cold")}
    return {
        "race": race,
        **parameters,
        "began_ms": messages[0]["at_ms"],
        "over": over == set(LANES),
        "identical": identical,
        "lanes": lanes,
    }


def policy(html: str, host: str) -> str:
    """The strictest under which the page must work: what is inline is named by its hash."""

    def hashes(element: str) -> str:
        found = re.findall(
            rf"<{element}(?![^>]*application/json)[^>]*>(.*?)</{element}>", html, re.DOTALL
        )
        digests = (hashlib.sha256(text.encode()).digest() for text in found)
        return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)

    return (
        f"default-src 'none'; script-src {hashes('script')}; style-src {hashes('style')}; "
        f"img-src data:; connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'"
    )


@pytest.fixture(scope="session")
def html(require: Callable[[bool, str], None]) -> str:
    """The page, as `make setup` built it."""
    try:
        return built_page.find().read_text()
    except HostError as error:
        require(False, str(error))  # noqa: FBT003
        raise


@pytest.fixture(scope="module")
def browser(require: Callable[[bool, str], None]) -> Iterator[Browser]:
    program = shutil.which(CHROMIUM)
    require(program is not None, "needs Debian's chromium (scripts/page/apt.txt)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Whatever the page throws or logs as an error is the test's failure."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(_PATIENCE_S * 1_000)
    said: list[str] = []
    context.on("weberror", lambda error: said.append(str(error.error)))
    context.on(
        "console", lambda message: said.append(message.text) if message.type == "error" else None
    )
    yield context
    context.close()
    # That a server is not there is what some tests are about.
    assert [text for text in said if not re.search(r"ERR_|WebSocket", text)] == []


@pytest.fixture
def stages(
    html: str, checked_message: Callable[[bytes], Message]
) -> Iterator[Callable[..., Stage]]:
    opened: list[Stage] = []

    def make(**changes: Any) -> Stage:
        opened.append(Stage(html, checked_message, **changes))
        return opened[-1]

    yield make
    for stage in opened:
        stage.close()


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    return stages()


@pytest.fixture
def page(context: BrowserContext, stage: Stage) -> Page:
    """The served page, its connection open."""
    page = context.new_page()
    page.goto(stage.url)
    stage.joined.get(timeout=_PATIENCE_S)
    return page


@pytest.fixture
def fake_race() -> Callable[..., FakeRace]:
    """A race that began now, or `age_s` seconds ago."""
    numbers = itertools.count(1)

    def make(*, age_s: float = 0, **parameters: Any) -> FakeRace:
        began_ms = (time.time() - age_s) * 1_000
        return FakeRace(f"{next(numbers):032x}", began_ms, **parameters)

    return make
