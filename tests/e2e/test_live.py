"""`lambdameter live` as a user starts it: pages that watch, and what is recorded."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from lambdameter.build import page
from lambdameter.errors import HostError
from lambdameter.race import declaration as race
from lambdameter.race.recordings import Recordings

RECORDS = 2_000
FLAGS = ("live", "--port", "0", "--set", f"records={RECORDS}", "--speed", "host")
LANES = ("python", "rust")
TOLD_TO_ONE = {"accepted", "refused"}
# Whoever builds beside the tests makes them slow; this is only to notice what hangs.
LIMIT_S = 120
Message = dict[str, Any]


class Live:
    """The running command."""

    def __init__(self, command: Any) -> None:
        command.until("Press Ctrl-C to stop")
        self.command = command
        self.url = (command.folder / "stdout").read_text().strip()
        self.site = self.get("site.json")

    def get(self, path: str, **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    @property
    def recordings(self) -> Recordings:
        return Recordings(self.command.folder / "races")

    def recorded(self, name: str, verified: int = 0) -> Message:
        """A race when it is over; whoever asked for it is told a moment before the recorder."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            race: Message = self.get(f"races/{name}.json")
            kinds = [one["type"] for one in race["messages"]]
            if kinds.count("report") == len(LANES) and kinds.count("verified") >= verified:
                return race
        pytest.fail(f"the end of {name} was not recorded")

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A page that is open."""
        origin: Any = self.url.rstrip("/")
        async with connect(self.site["websocket"], origin=origin, proxy=None) as socket:
            yield Page(socket, self.site["token"])


class Page:
    """What a page hears, and what it asks for."""

    def __init__(self, socket: ClientConnection, token: str) -> None:
        self.socket = socket
        self._token = token
        self.told: list[Message] = []

    async def ask(self, action: str, **asked: Any) -> Message:
        await self.socket.send(json.dumps({"action": action, "token": self._token} | asked))
        return await self.hear(lambda told: told["type"] in TOLD_TO_ONE)

    async def hear(self, wanted: Callable[[Message], bool]) -> Message:
        """Listen until this is told."""
        while True:
            message: Message = json.loads(await asyncio.wait_for(self.socket.recv(), LIMIT_S))
            self.told.append(message)
            if wanted(message):
                return message

    async def until_over(self) -> list[Message]:
        """Listen until each lane has its REPORT line; what was told of the race."""
        while len([one for one in self.told if one["type"] == "report"]) < len(LANES):
            await self.hear(lambda _: True)
        return of_race(self.told)


def of_race(messages: list[Message]) -> list[Message]:
    return [one for one in messages if "race" in one]


def by_lane(messages: list[Message]) -> dict[str | None, list[Message]]:
    """Lanes tell for themselves: only what one of them tells comes in order."""
    return {lane: [one for one in messages if one.get("lane") == lane] for lane in (None, *LANES)}


def only(messages: list[Message], kind: str, lane: str) -> Message:
    (found,) = [one for one in messages if (one["type"], one.get("lane")) == (kind, lane)]
    return found


@pytest.fixture(scope="module")
def live(lambdameter: Callable[..., Any], require: Callable[[bool, str], None]) -> Live:
    try:
        page.find()
    except HostError as error:
        require(False, str(error))  # noqa: FBT003
    return Live(lambdameter(*FLAGS))


async def test_a_race_on_warm_environments_is_watched_verified_and_recorded(live: Live) -> None:
    async with live.page() as mine:
        assert (await mine.ask("warmup", memory_mb=512))["type"] == "accepted"
        warmed = [await mine.hear(lambda told: told["type"] == "warmed") for _ in LANES]
        assert sorted(one["lane"] for one in warmed) == [*LANES]
        assert all("Memory Size: 512 MB" in one["report"] for one in warmed)
        await mine.ask("run", format="csv", memory_mb=512)
        told = await mine.until_over()
        for lane in LANES:
            assert only(told, "running", lane)["cold"] is False
            assert only(told, "finished", lane)["answer"]["written"] == RECORDS
            records = [
                one["records"] for one in told if one.get("lane") == lane and "records" in one
            ]
            assert records == [1_000, 2_000]
            phases = [one["phase"] for one in told if one.get("lane") == lane and "phase" in one]
            assert phases == ["download", "parse", "write"]
            assert "Init Duration" not in only(told, "report", lane)["report"]
            assert "x-lambdameter-cpu-ms" in only(told, "report", lane)["headers"]
        await mine.ask("verify")
        verdict = await mine.hear(lambda one: one["type"] == "verified")
    assert verdict["identical"] is True
    assert {lane["count"] for lane in verdict["lanes"].values()} == {RECORDS}
    name = verdict["race"]
    recorded = live.recorded(name, verified=1)
    assert by_lane(recorded["messages"]) == by_lane([*told, verdict])
    assert recorded["site"] == live.site | {"token": None, "websocket": None}
    assert json.loads(msgspec.json.encode(live.recordings.read(name))) == recorded
    assert live.get("races/current.json") == recorded
    (listed,) = live.get("races.json")["races"]
    assert (listed["over"], listed["identical"], listed["memory_mb"]) == (True, True, 512)


async def test_twenty_pages_see_the_same_race_and_two_at_once_are_not_held(live: Live) -> None:
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(live.page()) for _ in range(20)]
        first, second, leaving = pages[:3]
        asked = [one.ask("run", format="json", memory_mb=1_024) for one in (first, second)]
        await asyncio.gather(*asked)
        await leaving.hear(lambda told: told["type"] == "started")
        await leaving.socket.close()
        stayed = [one for one in pages if one is not leaving]
        seen = [
            by_lane(told) for told in await asyncio.gather(*(one.until_over() for one in stayed))
        ]
        answers = [one for who in stayed for one in who.told if one["type"] in TOLD_TO_ONE]
    # Each is accepted by the connection handler; the runner may be quicker to refuse one.
    assert sorted(one["type"] for one in answers) == ["accepted", "accepted", "refused"]
    assert {one.get("reason") for one in answers} == {None, "a race is running"}
    assert all(one == seen[0] for one in seen)
    for lane in LANES:
        assert only(seen[0][lane], "running", lane)["cold"] is True
        assert "Memory Size: 1024 MB" in only(seen[0][lane], "report", lane)["report"]
    recorded = live.recorded(seen[0][None][0]["race"])
    assert by_lane(recorded["messages"]) == seen[0]
    assert live.get("races/current.json") == recorded


async def test_a_racer_that_dies_is_a_failed_lane_and_what_it_told_is_kept(live: Live) -> None:
    async with live.page() as mine:
        await mine.ask("run", format="csv", memory_mb=128, cold=True)
        await mine.hear(lambda told: told["type"] == "phase" and told["lane"] == "python")
        racer(live, "python").kill()
        told = await mine.until_over()
    assert only(told, "failed", "python")["error"]["errorType"] == "Runtime.ExitError"
    assert "Status: error" in only(told, "report", "python")["report"]
    assert only(told, "finished", "rust")["answer"]["written"] == RECORDS
    kept = by_lane(live.recorded(told[0]["race"])["messages"])
    assert kept["rust"] == by_lane(told)["rust"]
    # It was killed while it told one page after the other: the recorder may lack what came last.
    lacking = [one for one in by_lane(told)["python"] if one not in kept["python"]]
    assert {one["type"] for one in lacking} <= {"phase"}
    listed = live.get("races.json")["races"][0]
    assert listed["lanes"]["python"]["failed"] == "Runtime.ExitError"
    assert listed["lanes"]["rust"]["failed"] is None


def racer(live: Live, lane: str) -> psutil.Process:
    """The process of a racer's environment that is not about to end."""
    name = race.resource(race.load(), f"racer-{lane}")
    found: psutil.Process
    (found,) = [
        one
        for one in live.command.parts["emulator"].children(recursive=True)
        if one.environ().get("AWS_LAMBDA_FUNCTION_NAME") == name
        and one.environ().get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") == "128"
    ]
    return found


async def test_without_its_token_nothing_is_started(live: Live) -> None:
    before = live.get("races.json")
    async with live.page() as mine:
        for action in ("run", "warmup"):
            told = await mine.ask(action, format="csv", memory_mb=512, token="x" * 43)
            assert told["type"] == "refused"
    assert live.get("races.json") == before


async def test_a_foreign_page_reaches_neither_the_gateway_nor_the_token(live: Live) -> None:
    evil: Any = "http://evil.example"
    with pytest.raises(InvalidStatus, match="403"):
        async with connect(live.site["websocket"], origin=evil, proxy=None):
            pass
    for headers in ({"Origin": evil}, {"Host": "evil.example"}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            live.get("site.json", **headers)


def test_the_code_that_races_is_shown(live: Live) -> None:
    lanes = live.get("code.json")["lanes"]
    assert {lane: {one["language"] for one in files} for lane, files in lanes.items()} == {
        "python": {"python"},
        "rust": {"rust"},
    }


def test_ctrl_c_ends_it_and_the_races_can_be_exported(live: Live, run: Callable[..., Any]) -> None:
    count = len(live.get("races.json")["races"])
    live.command.process.send_signal(signal.SIGINT)
    ended = live.command.end()
    assert (ended.exit_code, ended.stdout) == (0, live.url + "\n")
    assert ended.stderr.endswith(f"races in races: {count}\n")
    assert live.command.left() == []
    done = run(live.command.folder, "live", "--export", "all.html")
    assert (done.returncode, done.stdout) == (0, "all.html\n")
    exported = Path(live.command.folder, "all.html").read_text()
    assert all(summary.race in exported for summary in live.recordings.list().races)
    assert live.site["token"] not in exported


async def test_where_the_data_plane_dies_it_ends_and_says_so(
    live: Live,  # noqa: ARG001 - one at a time
    lambdameter: Callable[..., Any],
) -> None:
    dying = Live(lambdameter(*FLAGS))
    async with dying.page() as mine:
        await mine.ask("run", format="csv", memory_mb=512)
        await mine.hear(lambda told: told["type"] == "running")
        dying.command.note()
        dying.command.parts["data plane"].kill()
        with pytest.raises(ConnectionClosed):
            await mine.hear(lambda _: False)
    ended = dying.command.end()
    assert ended.exit_code == 4
    assert "The local services died" in ended.stderr
    assert "races in races: 1" in ended.stderr
    assert dying.command.left() == []
    (kept,) = dying.recordings.list().races
    assert kept.over is False
