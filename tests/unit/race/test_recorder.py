from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve

from lambdameter.errors import HostError, TargetError
from lambdameter.model.race_records import RaceSite, RecordedRace
from lambdameter.race import recordings
from lambdameter.race.recorder import Recorder, record

RACE = "1" * 32
Messages = Callable[..., list[dict[str, Any]]]


def messages(race: RecordedRace) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(msgspec.json.encode(race.messages))
    return read


def record_all(recorder: Recorder, messages: list[dict[str, Any]]) -> None:
    for message in messages:
        recorder.record(json.dumps(message))


def test_a_race_is_read_back_as_it_was_told(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    recorder = Recorder(tmp_path / "races", site)
    record_all(recorder, whole_race())
    read = recordings.read(tmp_path / "races" / RACE)
    assert messages(read) == whole_race()
    assert recorder.current == RACE


def test_a_field_of_a_newer_version_is_kept(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    newer = whole_race()[0] | {"weather": "fine"}
    record_all(Recorder(tmp_path, site), [newer])
    assert json.loads((tmp_path / RACE / "messages.ndjson").read_text()) == newer


def test_neither_token_nor_gateway_is_kept(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    record_all(Recorder(tmp_path, site), whole_race())
    read = recordings.read(tmp_path / RACE)
    assert (read.site.token, read.site.websocket) == (None, None)
    assert b"a secret" not in (tmp_path / RACE / "race.json").read_bytes()


def test_each_message_is_on_disk_before_the_next_comes(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    recorder = Recorder(tmp_path, site)
    for number, message in enumerate(whole_race(), 1):
        record_all(recorder, [message])
        assert len(recordings.read(tmp_path / RACE).messages) == number


def test_a_race_whose_beginning_was_missed_is_recorded_from_there(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    record_all(Recorder(tmp_path, site), whole_race()[4:])
    assert messages(recordings.read(tmp_path / RACE)) == whole_race()[4:]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"type": "accepted", "action": "run"}',
        '{"type": "progress", "race": "../../etc", "lane": "rust", "at_ms": 1, "records": 1}',
        '{"type": "progress", "race": 7, "lane": "rust", "at_ms": 1, "records": 1}',
    ],
)
def test_what_is_of_no_race_is_not_kept(tmp_path: Path, site: RaceSite, text: str) -> None:
    recorder = Recorder(tmp_path, site)
    recorder.record(text)
    assert list(tmp_path.iterdir()) == []
    assert recorder.current is None


def test_a_line_that_was_cut_off_does_not_run_into_the_next(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    record_all(Recorder(tmp_path, site), whole_race()[:3])
    with (tmp_path / RACE / "messages.ndjson").open("ab") as file:
        file.write(b'{"type": "prog')
    record_all(Recorder(tmp_path, site), whole_race()[3:])
    assert messages(recordings.read(tmp_path / RACE)) == whole_race()


def test_a_verdict_comes_to_its_own_race_and_makes_it_no_current_one(
    tmp_path: Path, site: RaceSite, whole_race: Messages, verified: Any
) -> None:
    recorder = Recorder(tmp_path, site)
    verdict = verified(RACE, identical=True)
    record_all(recorder, whole_race() + whole_race("2" * 32) + [verdict])
    assert messages(recordings.read(tmp_path / RACE))[-1] == verdict
    assert recorder.current == "2" * 32


def test_a_verdict_on_a_race_that_was_not_recorded_makes_no_race(
    tmp_path: Path, site: RaceSite, verified: Any
) -> None:
    recorder = Recorder(tmp_path, site)
    record_all(recorder, [verified(RACE, identical=True)])
    assert list(tmp_path.iterdir()) == []
    assert recorder.recorded == set()


def test_a_folder_that_cannot_be_written_ends_it(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    (tmp_path / "races").write_text("a file")
    with pytest.raises(HostError, match="cannot be recorded"):
        record_all(Recorder(tmp_path / "races", site), whole_race())


class Gateway:
    """A WebSocket server that sends each client the next messages, and closes the connection."""

    def __init__(self, *due: list[dict[str, Any]]) -> None:
        self.due = list(due)
        self.paths: list[str] = []
        self.done = asyncio.Event()

    async def serve_client(self, client: ServerConnection) -> None:
        assert client.request is not None
        self.paths.append(client.request.path)
        if not self.due:
            self.done.set()
            await client.wait_closed()
            return
        for message in self.due.pop(0):
            await client.send(json.dumps(message))


async def test_a_connection_that_is_cut_is_made_again(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    gateway = Gateway(whole_race()[:3], whole_race()[3:])
    connected = asyncio.Event()
    recorder = Recorder(tmp_path, site)
    async with serve(gateway.serve_client, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.ensure_future(record(f"ws://127.0.0.1:{port}/race", recorder, connected))
        await gateway.done.wait()
        assert connected.is_set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert messages(recordings.read(tmp_path / RACE)) == whole_race()
    assert gateway.paths == ["/race?recorder=1"] * 3


async def test_a_gateway_that_lets_nobody_in_is_told(tmp_path: Path, site: RaceSite) -> None:
    async def closed(client: ServerConnection, _: Any) -> Any:
        return client.respond(403, "Forbidden")

    async def never(_: ServerConnection) -> None:
        raise AssertionError

    async with serve(never, "127.0.0.1", 0, process_request=closed) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/race"
        with pytest.raises(TargetError, match=r"refuses connections: .*403"):
            await record(url, Recorder(tmp_path, site), asyncio.Event())


async def test_where_nothing_listens_at_the_start_it_says_so(
    tmp_path: Path, site: RaceSite
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{deaf.getsockname()[1]}/race"
        with pytest.raises(TargetError, match="refuses connections"):
            await record(url, Recorder(tmp_path, site), asyncio.Event())


@contextlib.asynccontextmanager
async def recording(server: Server, recorder: Recorder) -> AsyncIterator[asyncio.Task[None]]:
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/race"
    task = asyncio.ensure_future(record(url, recorder, asyncio.Event()))
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_gateway_that_is_busy_is_asked_again_once_it_has_let_us_in(
    tmp_path: Path, site: RaceSite, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    at_once = functools.partial(connect, reconnect_delays=lambda: (0.0 for _ in itertools.count()))
    monkeypatch.setattr("lambdameter.race.recorder.connect", at_once)
    statuses = [None, status, None]
    gateway = Gateway([])

    async def busy(client: ServerConnection, _: Any) -> Any:
        refused = statuses.pop(0)
        return client.respond(refused, "") if refused else None

    async with (
        serve(gateway.serve_client, "127.0.0.1", 0, process_request=busy) as server,
        recording(server, Recorder(tmp_path, site)) as task,
    ):
        done = asyncio.ensure_future(gateway.done.wait())
        await asyncio.wait({task, done}, return_when=asyncio.FIRST_COMPLETED)
        done.cancel()
        assert (statuses, task.done()) == ([], False)


async def test_a_gateway_that_says_nothing_any_more_is_connected_to_again(
    tmp_path: Path, site: RaceSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = functools.partial(connect, ping_interval=0.01, ping_timeout=0.05, close_timeout=0.05)
    monkeypatch.setattr("lambdameter.race.recorder.connect", hasty)
    again = asyncio.Event()
    dead: list[ServerConnection] = []

    async def dies(client: ServerConnection) -> None:
        if dead:
            again.set()
            return
        dead.append(client)
        client.transport.pause_reading()
        await again.wait()

    async with (
        serve(dies, "127.0.0.1", 0, close_timeout=0.05) as server,
        recording(server, Recorder(tmp_path, site)),
    ):
        await asyncio.wait_for(again.wait(), 20)
