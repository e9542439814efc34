from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from lambdameter.emulator.http.listener import Listener
from lambdameter.emulator.http.messages import Request, Response

KEEP = 100


class Api:
    """Echoes; what a test wants to wait for, it holds."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.arrived = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, request: Request) -> Response:
        self.seen.append(request)
        self.arrived.set()
        await self.hold.wait()
        if request.path == "/fails":
            raise ValueError("no")
        return Response(body=request.body or b"none")


@pytest.fixture
def api() -> Api:
    return Api()


class Door:
    """Lets in all but those who come to another host; notes what it is shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, dict[str, str]]] = []

    def __call__(self, method: str, target: str, headers: Mapping[str, str]) -> Response | None:
        self.shown.append((method, target, dict(headers)))
        return None if headers.get("host") == "x" else Response(status=403, body=b"no")


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def listener(api: Api, door: Door) -> AsyncIterator[Listener]:
    opened = await Listener.open(api, door, keep=KEEP)
    yield opened
    opened.close()


@pytest.fixture
async def streams(
    listener: Listener,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*listener.address.split(":"))
    yield reader, writer
    writer.close()


def post(body: bytes, path: str = "/", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *more, "", ""]
    return "\r\n".join(lines).encode() + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    length = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def test_one_connection_serves_many_requests(streams: Any) -> None:
    reader, writer = streams
    for body in (b"1", b"2"):
        writer.write(post(body))
        assert await answer(reader) == (200, body)


async def test_requests_that_do_not_wait_are_answered_in_their_order(
    streams: Any, api: Api
) -> None:
    reader, writer = streams
    api.hold.clear()
    writer.write(post(b"1") + post(b"2"))
    await api.arrived.wait()
    writer.write(post(b"3"))
    assert len(api.seen) == 1
    api.hold.set()
    assert [(await answer(reader))[1] for _ in range(3)] == [b"1", b"2", b"3"]


async def test_a_request_in_pieces_is_one_request(streams: Any, api: Api) -> None:
    reader, writer = streams
    for byte in post(b"abc", "/some/where"):
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert await answer(reader) == (200, b"abc")
    assert [request.path for request in api.seen] == ["/some/where"]


async def test_of_a_body_that_is_too_large_only_the_size_is_kept(streams: Any, api: Api) -> None:
    reader, writer = streams
    writer.write(post(b"x" * (KEEP + 1)))
    assert await answer(reader) == (200, b"none")
    assert (api.seen[0].size, api.seen[0].body) == (KEEP + 1, None)


async def test_a_client_that_waits_to_be_asked_for_the_body_is_asked(streams: Any) -> None:
    reader, writer = streams
    request = post(b"abc", "/", "Expect: 100-continue")
    writer.write(request[:-3])
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(request[-3:])
    assert await answer(reader) == (200, b"abc")


async def test_connection_close_is_obeyed(streams: Any) -> None:
    reader, writer = streams
    writer.write(post(b"1", "/", "Connection: close"))
    assert await answer(reader) == (200, b"1")
    assert await reader.read() == b""


async def test_what_is_no_http_is_400_and_the_end(streams: Any) -> None:
    reader, writer = streams
    writer.write(b"hello\r\n\r\n")
    assert (await answer(reader))[0] == 400
    assert await reader.read() == b""


async def test_a_failure_of_ours_is_logged_and_500_and_not_the_end(
    streams: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = streams
    writer.write(post(b"", "/fails") + post(b"1"))
    assert (await answer(reader))[0] == 500
    assert await answer(reader) == (200, b"1")
    assert "ValueError: no" in caplog.text


async def test_a_client_that_goes_away_before_its_answer_disturbs_nobody(
    streams: Any, listener: Listener, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = streams
    api.hold.clear()
    writer.write(post(b"1"))
    await api.arrived.wait()
    writer.transport.abort()
    api.hold.set()
    while listener._connections:  # noqa: ASYNC110 - that it notices is no event of ours
        await asyncio.sleep(0)
    reader, another = await asyncio.open_connection(*listener.address.split(":"))
    another.write(post(b"2"))
    assert await answer(reader) == (200, b"2")
    assert caplog.text == ""
    another.close()


FOREIGN = b"POST / HTTP/1.1\r\nHost: y\r\nContent-Length: 3\r\n"


async def test_who_is_not_let_in_is_never_heard_and_disturbs_nothing(
    streams: Any, api: Api
) -> None:
    reader, writer = streams
    writer.write(post(b"1") + FOREIGN + b"\r\nabc" + post(b"2"))
    assert [await answer(reader) for _ in range(3)] == [(200, b"1"), (403, b"no"), (200, b"2")]
    assert [request.body for request in api.seen] == [b"1", b"2"]


async def test_who_is_not_let_in_is_answered_in_turn(streams: Any, api: Api) -> None:
    reader, writer = streams
    api.hold.clear()
    writer.write(post(b"1") + FOREIGN + b"\r\nabc")
    await api.arrived.wait()
    api.hold.set()
    assert [await answer(reader) for _ in range(2)] == [(200, b"1"), (403, b"no")]


async def test_a_body_of_one_who_is_not_let_in_is_not_asked_for(streams: Any, api: Api) -> None:
    reader, writer = streams
    writer.write(FOREIGN + b"Expect: 100-continue\r\n\r\n")
    assert await answer(reader) == (403, b"no")
    assert await reader.read() == b""
    assert api.seen == []


async def test_a_handshake_of_one_who_is_not_let_in_is_answered_once(
    streams: Any, api: Api
) -> None:
    reader, writer = streams
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nabc"
    writer.write(FOREIGN + upgrade)
    assert await answer(reader) == (403, b"no")
    assert await reader.read() == b""
    assert api.seen == []


async def test_a_head_that_is_not_let_in_has_no_body(streams: Any) -> None:
    reader, writer = streams
    writer.write(b"HEAD / HTTP/1.1\r\nHost: y\r\n\r\n" + post(b"1"))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403")
    assert await answer(reader) == (200, b"1")


@pytest.mark.parametrize("first", ["x", ""])
async def test_equal_headers_are_shown_as_one(streams: Any, door: Door, first: str) -> None:
    reader, writer = streams
    writer.write(f"GET /a HTTP/1.1\r\nHost: {first}\r\nhOST: x\r\n\r\n".encode())
    assert await answer(reader) == (403, b"no")
    assert door.shown == [("GET", "/a", {"host": f"{first}, x"})]


async def held(api: Api) -> None:
    """One request is being handled, and is not answered yet."""
    await asyncio.wait_for(api.arrived.wait(), 10)


@pytest.mark.parametrize("after", [b" \x00garbage", b"GET / BAD\r\n\r\n"], ids=["byte", "line"])
async def test_what_cannot_be_read_takes_no_answer_from_what_came_before(
    streams: Any, api: Api, after: bytes
) -> None:
    reader, writer = streams
    api.hold.clear()
    writer.write(post(b"one") + after)
    await held(api)
    api.hold.set()
    assert await answer(reader) == (200, b"one")
    assert (await answer(reader))[0] == 400
    assert await reader.read() == b""


async def test_after_a_request_that_closes_nothing_is_heard(streams: Any, api: Api) -> None:
    reader, writer = streams
    writer.write(post(b"one", "/", "Connection: close") + post(b"two") + b"\x00")
    assert await answer(reader) == (200, b"one")
    assert await reader.read() == b""
    assert len(api.seen) == 1


async def test_who_has_nothing_more_to_say_is_answered_all_the_same(streams: Any, api: Api) -> None:
    reader, writer = streams
    api.hold.clear()
    writer.write(post(b"one") + post(b"two"))
    writer.write_eof()
    await held(api)
    api.hold.set()
    assert [await answer(reader), await answer(reader)] == [(200, b"one"), (200, b"two")]
    assert await reader.read() == b""


async def test_who_stops_in_the_midst_of_a_request_is_let_go(streams: Any, api: Api) -> None:
    reader, writer = streams
    writer.write(post(b"one")[:-1])
    writer.write_eof()
    assert await reader.read() == b""
    assert api.seen == []


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.2", "websocket"])
async def test_an_upgrade_is_not_made_and_the_request_is_served(
    streams: Any, protocol: str
) -> None:
    reader, writer = streams
    upgrade = ("Connection: Upgrade, HTTP2-Settings", f"Upgrade: {protocol}")
    writer.write(post(b"one", "/", *upgrade) + post(b"two", "/", *upgrade) + post(b"three"))
    assert [await answer(reader) for _ in range(3)] == [
        (200, b"one"),
        (200, b"two"),
        (200, b"three"),
    ]


async def test_white_space_around_a_value_is_none_of_it(streams: Any, door: Door) -> None:
    reader, writer = streams
    writer.write(b"GET / HTTP/1.1\r\nHost: x \t\r\nA:\t b \r\n\r\n")
    assert (await answer(reader))[0] == 200
    assert door.shown[0][2] == {"host": "x", "a": "b"}


async def test_a_body_is_asked_for_when_it_is_its_turn(streams: Any, api: Api) -> None:
    reader, writer = streams
    api.hold.clear()
    writer.write(post(b"one"))
    await held(api)
    whole = post(b"two", "/", "Expect: 100-continue", "Expect: 100-continue")
    writer.write(whole[:-3])
    api.hold.set()
    assert await answer(reader) == (200, b"one")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(whole[-3:])
    assert await answer(reader) == (200, b"two")


async def test_a_client_of_http_1_0_is_asked_for_nothing(streams: Any) -> None:
    reader, writer = streams
    writer.write(post(b"one", "/", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert await answer(reader) == (200, b"one")
