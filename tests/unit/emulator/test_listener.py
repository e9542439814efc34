from __future__ import annotations

import asyncio

import pytest

from lambdameter.emulator.listener import Listener
from lambdameter.emulator.messages import Request, Response
from lambdameter.errors import HostError


async def hello(_request: Request) -> Response:
    return Response(body=b"hello")


async def test_many_apis_share_one_loop_on_ports_of_their_own():
    listeners = [await Listener.open(hello, keep=0) for _ in range(3)]
    assert len({listener.address for listener in listeners}) == 3
    for listener in listeners:
        listener.close()


async def test_a_taken_port_is_told_with_what_to_do():
    first = await Listener.open(hello, keep=0)
    with pytest.raises(HostError, match="port is taken") as error:
        await Listener.open(hello, keep=0, port=int(first.address.split(":")[1]))
    assert error.value.exit_code == 3
    first.close()


async def test_closing_cuts_every_connection():
    listener = await Listener.open(hello, keep=0)
    reader, writer = await asyncio.open_connection(*listener.address.split(":"))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"hello"), 10)
    assert answer.startswith(b"HTTP/1.1 200")
    listener.close()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
