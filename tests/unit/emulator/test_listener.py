from __future__ import annotations

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from lambdameter.emulator.listener import Listener
from lambdameter.errors import HostError


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"hello"), 10)


async def test_many_apps_share_one_loop_on_ports_of_their_own():
    listeners = [await Listener.open(PlainTextResponse("hello")) for _ in range(3)]
    assert len({listener.address for listener in listeners}) == 3
    for listener in listeners:
        listener.close()


async def test_a_taken_port_is_told_with_what_to_do():
    first = await Listener.open(PlainTextResponse("hello"))
    with pytest.raises(HostError, match="port is taken") as error:
        await Listener.open(PlainTextResponse("hello"), int(first.address.split(":")[1]))
    assert error.value.exit_code == 3
    first.close()


async def test_closing_cuts_every_connection():
    listener = await Listener.open(PlainTextResponse("hello"))
    host, port = listener.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await read_answer(reader)).startswith(b"HTTP/1.1 200")
    listener.close()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
