from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from lambdameter.guard import rules
from lambdameter.guard.asgi import GuardedApp, GuardedHttp

RULES = rules.Rules(profile=rules.PAGE, remedy="Call localhost.")
SERVED = b"\r\n\r\nserved"
GET = "GET {target} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n"


class App:
    """Answers what it is asked, and notes it."""

    def __init__(self) -> None:
        self.asked: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        await PlainTextResponse("served")(scope, receive, send)


def refuse(message: str) -> Response:
    return PlainTextResponse(message, 403)


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def streams(app: App) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    guarded = GuardedApp(app, RULES, refuse)
    config = Config(
        guarded,
        ws="wsproto",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )
    config.load()
    state = ServerState()
    listening = await asyncio.get_running_loop().create_server(
        lambda: GuardedHttp(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
    yield reader, writer
    writer.close()
    listening.close()
    for connection in tuple(state.connections):
        connection.transport.abort()


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def test_what_is_allowed_is_served_with_the_path_that_it_asks_for(
    streams: Any, app: App
) -> None:
    reader, writer = streams
    writer.write(GET.format(target="/a%20b?c", more="").encode())
    assert (await answer(reader)).endswith(SERVED)
    assert (app.asked[0]["path"], app.asked[0]["query_string"]) == ("/a b", b"c")


async def test_white_space_around_a_value_is_none_of_it(streams: Any) -> None:
    reader, writer = streams
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost \t\r\nSec-Fetch-Site:\tnone \r\n\r\n")
    assert (await answer(reader)).endswith(SERVED)


@pytest.mark.parametrize(
    ("target", "more", "said"),
    [
        ("http://localhost/", "", "is not a path"),
        ("*", "", "is not a path"),
        ("/", "Host: localhost\r\n", 'Host "localhost, localhost"'),
        ("/", "Origin: null\r\n", 'Origin "null"'),
    ],
)
async def test_what_asgi_does_not_show_is_seen_and_the_connection_goes_on(
    streams: Any, app: App, target: str, more: str, said: str
) -> None:
    reader, writer = streams
    writer.write(GET.format(target=target, more=more).encode())
    told = await answer(reader)
    assert told.startswith(b"HTTP/1.1 403")
    assert said in told.decode()
    assert app.asked == []
    writer.write(GET.format(target="/", more="").encode())
    assert (await answer(reader)).endswith(SERVED)


@pytest.mark.parametrize(
    "more",
    [
        "Expect: 100-continue\r\nContent-Length: 2\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    ],
)
async def test_where_it_is_not_known_what_comes_next_the_connection_ends(
    streams: Any, app: App, more: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = streams
    writer.write(GET.format(target="/", more=f"Origin: null\r\n{more}").encode())
    told = await reader.read()
    assert told.startswith(b"HTTP/1.1 403")
    assert told.count(b"HTTP/1.1") == 1
    assert app.asked == []
    assert caplog.text == ""
