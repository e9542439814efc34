from __future__ import annotations

import asyncio

import pytest

from lambdameter.emulator.http.binding import binding
from lambdameter.emulator.http.listener import Listener, bind
from lambdameter.emulator.http.messages import Request, Response
from lambdameter.errors import HostError


def everybody(*_: object) -> None:
    """A guard that lets in who comes."""


async def hello(_request: Request) -> Response:
    return Response(body=b"hello")


async def test_many_apis_share_one_loop_on_ports_of_their_own() -> None:
    listeners = [await Listener.open(hello, everybody, keep=0) for _ in range(3)]
    assert len({listener.address for listener in listeners}) == 3
    for listener in listeners:
        listener.close()


async def test_a_taken_port_is_told_with_what_to_do() -> None:
    first = await Listener.open(hello, everybody, keep=0)
    with pytest.raises(HostError, match="port is already in use") as error:
        bind(port=int(first.address.split(":")[1]))
    assert error.value.exit_code == 3
    first.close()


def test_a_port_is_taken_from_the_moment_on_in_which_it_is_bound() -> None:
    with bind() as first:
        port = first.getsockname()[1]
        with pytest.raises(HostError, match="port is already in use") as error:
            bind(port=port)
    assert error.value.place == f"127.0.0.1:{port}"


def test_an_address_that_is_not_this_machines_is_told_with_what_to_do() -> None:
    with pytest.raises(HostError, match="not an address of this machine") as error:
        bind(binding("203.0.113.1"))
    assert (error.value.exit_code, error.value.place) == (3, "--host")


async def test_one_that_listens_everywhere_is_found_on_loopback() -> None:
    where = binding("0.0.0.0")  # noqa: S104 - that is what is tested
    listener = await Listener.open(hello, everybody, keep=0, where=where)
    assert listener.address.startswith("127.0.0.1:")
    reader, writer = await asyncio.open_connection(*listener.address.split(":"))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"hello"), 10)
    writer.close()
    listener.close()


async def test_closing_cuts_every_connection() -> None:
    listener = await Listener.open(hello, everybody, keep=0)
    reader, writer = await asyncio.open_connection(*listener.address.split(":"))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await asyncio.wait_for(reader.readuntil(b"hello"), 10)
    assert answer.startswith(b"HTTP/1.1 200")
    listener.close()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
