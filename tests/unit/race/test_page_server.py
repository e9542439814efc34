from __future__ import annotations

import base64
import hashlib
import json
import socket
import urllib.error
import urllib.request
from asyncio import run, to_thread
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from lambdameter.errors import HostError
from lambdameter.model.race_records import DeployedCode, RaceSite, SourceFile
from lambdameter.race.page_server import PageContent, application, bind, serving
from lambdameter.race.recorder import Recorder
from lambdameter.race.recordings import Recordings

ONE, ANOTHER = "1" * 32, "2" * 32
PAGE = (
    "<!doctype html><title>t</title><style>a > b {}</style>"
    '<script id="lambdameter-data" type="application/json">null</script>'
    '<script type="module">let a = "<";</script>'
)
ROUTES = [
    "/",
    "/site.json",
    "/races.json",
    "/races/current.json",
    f"/races/{ONE}.json",
    "/code.json",
    "/export.html",
]
Messages = Callable[..., list[dict[str, Any]]]


class Answer(NamedTuple):
    status_code: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """Asks without a socket."""

    def __init__(self, content: PageContent) -> None:
        self._application = application(content)

    def get(self, target: str, **headers: str) -> Answer:
        return run(self.ask("GET", target, {"host": "127.0.0.1:8000"} | headers))

    async def ask(self, method: str, target: str, headers: dict[str, str]) -> Answer:
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._application(scope, receive, send)
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        body = b"".join(one.get("body", b"") for one in sent[1:])
        return Answer(sent[0]["status"], found, body.decode())


@pytest.fixture
def content(tmp_path: Path, site: RaceSite, whole_race: Messages) -> PageContent:
    recorder = Recorder(tmp_path, site)
    for message in whole_race(ONE, 1_000.0) + whole_race(ANOTHER, 2_000.0):
        recorder.record(json.dumps(message))
    return PageContent(
        page=PAGE,
        site=site,
        recordings=Recordings(tmp_path),
        code=DeployedCode(
            lanes={"python": (SourceFile(path="a.py", language="python", text="pass\n"),)}
        ),
        current=lambda: recorder.current,
    )


@pytest.fixture
def client(content: PageContent) -> Client:
    return Client(content)


def test_the_page_is_served_as_it_is(client: Client) -> None:
    answer = client.get("/")
    assert answer.text == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_site_is_told_with_the_token(client: Client, site: RaceSite) -> None:
    served = client.get("/site.json").json()
    assert served["token"] == site.token
    assert served["schema"] == 2
    assert served["tiers"] == [{"memory_mb": 128, "vcpu": 0.0724}]


def test_races_are_listed_with_the_newest_first(client: Client) -> None:
    listed = client.get("/races.json").json()
    assert [one["race"] for one in listed["races"]] == [ANOTHER, ONE]
    assert listed["races"][0]["lanes"]["rust"] == {
        "total_ms": 4.5,
        "init_ms": 200.0,
        "failed": None,
    }


def test_a_race_has_everything_that_was_told(client: Client, whole_race: Messages) -> None:
    race = client.get(f"/races/{ONE}.json").json()
    assert race["messages"] == whole_race(ONE, 1_000.0)
    assert (race["schema"], race["race"], race["site"]["token"]) == (2, ONE, None)


def test_the_current_race_is_the_one_that_was_on_last(client: Client) -> None:
    assert client.get("/races/current.json").json()["race"] == ANOTHER


def test_before_the_first_race_there_is_no_current_one(tmp_path: Path, site: RaceSite) -> None:
    empty = PageContent(page=PAGE, site=site, recordings=Recordings(tmp_path / "none"))
    answer = Client(empty).get("/races/current.json")
    assert (answer.status_code, answer.json()) == (200, None)


@pytest.mark.parametrize("race", ["3" * 32, "x", "..%2f..%2fetc%2fpasswd", "%00"])
def test_a_race_that_is_not_there_is_not_found(client: Client, race: str) -> None:
    answer = client.get(f"/races/{race}.json")
    assert answer.status_code == 404
    assert "error" in answer.json()


def test_a_broken_race_is_not_found_and_says_why(client: Client, tmp_path: Path) -> None:
    (tmp_path / ONE / "race.json").write_text("{")
    answer = client.get(f"/races/{ONE}.json")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("The race cannot be read")
    (lost,) = client.get("/races.json").json()["unreadable"]
    assert lost["folder"] == ONE


def test_the_deployed_source_is_shown(client: Client) -> None:
    shown = {"path": "a.py", "language": "python", "text": "pass\n"}
    assert client.get("/code.json").json() == {"lanes": {"python": [shown]}}


@pytest.mark.parametrize(
    ("query", "races"),
    [
        ("", [ANOTHER, ONE]),
        (f"?race={ONE}", [ONE]),
        (f"?race={ONE}&race={ANOTHER}", [ONE, ANOTHER]),
    ],
)
def test_an_export_has_the_races_that_are_named(
    client: Client, query: str, races: list[str]
) -> None:
    answer = client.get(f"/export.html{query}")
    assert answer.headers["content-disposition"].startswith("attachment")
    inside = answer.text.split(">null<")[0].split('json">')[1].split("</script>")[0]
    assert [one["race"] for one in json.loads(inside)["races"]] == races


def test_an_export_of_a_race_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/export.html?race=x").status_code == 404


def test_only_the_pages_own_scripts_and_styles_count_and_only_the_gateway_is_reached(
    client: Client,
) -> None:
    script, style = (
        base64.b64encode(hashlib.sha256(one).digest()).decode()
        for one in (b'let a = "<";', b"a > b {}")
    )
    for path in ("/", "/export.html"):
        policy = client.get(path).headers["content-security-policy"].split("; ")
        assert f"script-src 'sha256-{script}'" in policy
        assert f"style-src 'sha256-{style}'" in policy
        assert "connect-src 'self' ws://127.0.0.1:9002" in policy
        assert "default-src 'none'" in policy


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:8000", "0.0.0.0:8000", ""]
)
def test_a_name_that_was_bent_to_point_here_gets_nothing(
    client: Client, path: str, host: str
) -> None:
    answer = client.get(path, host=host)
    assert answer.status_code == 403
    assert answer.json()["error"].endswith("Open the address that `lambdameter live` printed.")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9000"])
def test_another_page_gets_nothing(client: Client, path: str, origin: str) -> None:
    assert client.get(path, origin=origin).status_code == 403


@pytest.mark.parametrize("path", ROUTES)
def test_no_other_page_may_read_an_answer_and_no_cache_keeps_it(client: Client, path: str) -> None:
    answer = client.get(path, origin="http://127.0.0.1:8000")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(client: Client, method: str) -> None:
    asked = client.ask(method, "/races.json", {"host": "127.0.0.1:8000"})
    assert run(asked).status_code == 405


def test_what_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/favicon.ico").status_code == 404


def test_a_port_that_is_taken_is_the_hosts_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HostError) as error:
            bind(port)
    assert error.value.place == f"127.0.0.1:{port}"


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own address
        return bytes(answer.read())


async def test_it_serves_as_long_as_it_is_meant_to(content: PageContent) -> None:
    listening = bind(0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    async with serving(content, listening):
        assert (await to_thread(get, url)).decode() == PAGE
    with pytest.raises(urllib.error.URLError):
        await to_thread(get, url)
