"""The race's functions on a local Lambda, with real services: what runs on AWS, unchanged."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lambdameter.build import cargo, function
from lambdameter.emulator.options import Options as EmulatorOptions
from lambdameter.measure.local_lambda import local_lambda
from lambdameter.model.race_declaration import RaceDeclaration, RaceResources
from lambdameter.race import declaration, staging
from lambdameter.targets.boto import BotoTarget, Options
from lambdameter.workload import loader

RECORDS = 2_050
LANES = ("python", "rust")


class Pages(ThreadingHTTPServer):
    """`@connections`: what was sent to each page, checked; the page `gone` is not there."""

    daemon_threads = True

    def __init__(self, checked_message: Callable[[bytes], dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), Post)
        self.sent: list[tuple[str, Any]] = []
        self.checked = checked_message

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/race"


class Post(BaseHTTPRequestHandler):
    server: Pages

    def do_POST(self) -> None:  # the name is http.server's
        body = self.rfile.read(int(self.headers["Content-Length"]))
        prefix, connection = self.path.rsplit("/", 1)
        assert prefix == "/race/@connections"
        self.server.sent.append((connection, self.server.checked(body)))
        gone = connection == "gone"
        self.send_response(410 if gone else 200)
        if gone:
            self.send_header("X-Amzn-ErrorType", "GoneException")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Stage:
    """The race's functions, deployed, and the pages that they tell."""

    def __init__(self, target: BotoTarget, pages: Pages, race: RaceDeclaration) -> None:
        self.target, self.race = target, race
        self._pages = pages
        self._architecture = target.info().architecture

    def deploy(self, name: str) -> Any:
        def build(crate: Path, binary: str) -> bytes:
            return cargo.executable(crate / "Cargo.toml", Console(file=io.StringIO()), binary)

        resources = RaceResources(
            bucket=staging.BUCKET,
            connections_url=self._pages.url,
            token_sha256=hashlib.sha256(b"token").hexdigest(),
            table_key="registration_id",
        )
        declared = self.race.function(name)
        package = function.make(declared, declaration.ROOT, self._architecture, build)
        return staging.deploy(self.target, self.race, name, package, resources)

    def invoke(self, name: str, event: Any) -> list[tuple[str, Any]]:
        """Call a function once; what it told, and whom."""
        deployment = self.deploy(name)
        before = len(self._pages.sent)
        answer = self.target.invoke(deployment, json.dumps(event).encode())
        self.target.remove(deployment)
        assert answer.function_error is None, answer.payload
        return self._pages.sent[before:]


@pytest.fixture(scope="module")
def stage(
    require_launcher: None,  # noqa: ARG001
    tmp_path_factory: Any,
    checked_message: Callable[[bytes], dict[str, Any]],
) -> Iterator[Stage]:
    race = declaration.load()
    workload = loader.load(race.workload)
    data = staging.make_data(workload, workload.parameters | {"records": RECORDS})
    current = tmp_path_factory.mktemp("race") / "current.json"
    current.write_text(json.dumps({"race": "r", "warming": False, "last": "r", "began_s": 0}))
    pages = Pages(checked_message)
    serving = threading.Thread(target=pages.serve_forever)
    serving.start()
    with local_lambda(EmulatorOptions(sandbox="none", latency="off")) as endpoints:
        target = BotoTarget(Options(region="us-east-1", architecture="arm64", endpoints=endpoints))
        held = staging.objects(workload, data) | {"races/current.json": current}
        staging.set_up(target, race, workload, held)
        try:
            yield Stage(target, pages, race)
        finally:
            pages.shutdown()
            pages.server_close()
            serving.join()


def without_time(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "at_ms"}


@pytest.fixture(scope="module")
def sent(stage: Stage) -> dict[str, list[tuple[str, Any]]]:
    """What each racer tells, of one race of both."""

    def raced(lane: str) -> list[tuple[str, Any]]:
        task = {
            "bucket": staging.BUCKET,
            "key": declaration.object_key("csv"),
            "table": declaration.resource(stage.race, lane),
            "format": "csv",
        }
        event = {"race": "r", "lane": lane, "connections": ["gone", "page"], "task": task}
        return stage.invoke(f"racer-{lane}", event)

    return {lane: raced(lane) for lane in LANES}


@pytest.mark.parametrize("lane", LANES)
def test_a_racer_tells_its_start_its_phases_each_thousand_records_and_its_answer(
    sent: dict[str, list[tuple[str, Any]]], lane: str
) -> None:
    messages = [message for page, message in sent[lane] if page == "page"]
    about = {"race": "r", "lane": lane}
    assert [without_time(message) for message in messages[:-1]] == [
        about | {"type": "running", "cold": True},
        about | {"type": "phase", "phase": "download"},
        about | {"type": "phase", "phase": "parse"},
        about | {"type": "phase", "phase": "write"},
        about | {"type": "progress", "records": 1_000},
        about | {"type": "progress", "records": 2_000},
    ]
    last = messages[-1]
    assert last["type"] == "finished"
    assert last["answer"]["written"] == RECORDS
    assert last["telling_ms"] > 0


@pytest.mark.parametrize("lane", LANES)
def test_each_message_says_when_it_was_told(
    sent: dict[str, list[tuple[str, Any]]], lane: str
) -> None:
    times = [message["at_ms"] for page, message in sent[lane] if page == "page"]
    assert times == sorted(times)
    assert time.time() - 3_600 < times[0] / 1_000 <= time.time()


@pytest.mark.parametrize("lane", LANES)
def test_a_racer_tells_a_page_that_is_gone_nothing_more(
    sent: dict[str, list[tuple[str, Any]]], lane: str
) -> None:
    assert [message["type"] for page, message in sent[lane] if page == "gone"] == ["running"]


def test_both_racers_send_the_same_requests_to_the_same_pages(
    sent: dict[str, list[tuple[str, Any]]],
) -> None:
    def form(lane: str) -> list[Any]:
        names = {"type", "phase", "records", "cold"}
        return [
            (page, {name: value for name, value in message.items() if name in names})
            for page, message in sent[lane]
        ]

    assert form("python") == form("rust")
    fields = [{*message, *message.get("answer", {})} for _, message in sent["python"]]
    assert fields == [{*message, *message.get("answer", {})} for _, message in sent["rust"]]


@pytest.mark.parametrize("lane", LANES)
def test_a_task_that_cannot_be_done_is_told_by_both_alike(stage: Stage, lane: str) -> None:
    task = {"bucket": staging.BUCKET, "key": "none", "table": "none", "format": "csv"}
    event = {"race": "s", "lane": lane, "connections": ["page"], "task": task}
    (_, last) = stage.invoke(f"racer-{lane}", event)[-1]
    assert last["type"] == "failed"
    assert last["error"] == {
        "errorType": "ObjectNotFound",
        "errorMessage": f"NoSuchKey: s3://{staging.BUCKET}/none",
    }


def test_the_verifier_finds_both_tables_as_the_generator_says(
    stage: Stage, sent: dict[str, list[tuple[str, Any]]]
) -> None:
    assert sent
    ((page, verdict),) = stage.invoke("verifier", {"connection": "me"})
    assert (page, verdict["type"], verdict["identical"]) == ("me", "verified", True)
    assert [lane["count"] for lane in verdict["lanes"].values()] == [RECORDS] * 2
    assert len({one["digest"] for one in verdict["lanes"].values()}) == 1
