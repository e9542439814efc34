"""What is below whole messages, by clients that break the rules."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from lambdameter.emulator.gateway.frames import MAX_HEAD_BYTES
from lambdameter.emulator.gateway.protocol import MAX_FRAME_BYTES, MAX_MESSAGE_BYTES
from lambdameter.emulator.gateway.session import CLOSE_LIMIT_MS

TEXT, BINARY, CONTINUATION, PING = 0x1, 0x2, 0x0, 0x9
FIN, MASKED = 0x80, 0x80


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True) -> bytes:
    mask = MASKED if masked else 0
    head = bytes([opcode | (FIN if fin else 0)])
    if len(payload) < 126:
        head += bytes([mask | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([mask | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([mask | 127]) + struct.pack("!Q", len(payload))
    # A key of zeros leaves the payload as it is.
    return head + (bytes(4) if masked else b"") + payload


class Raw:
    """A client that sends what it is told to, byte for byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, served: Any) -> Raw:
        raw = await cls.ask(served)
        assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        return raw

    @classmethod
    async def ask(cls, served: Any) -> Raw:
        """For a connection; the answer is still to be read."""
        reader, writer = await asyncio.open_connection(*served.found.domain.split(":"))
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET /live HTTP/1.1\r\nHost: {served.found.domain}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        return cls(reader, writer)

    async def close_code(self) -> int:
        """Of the close frame that comes next."""
        opcode, size = await self.reader.readexactly(2)
        assert opcode == 0x88
        code: int = struct.unpack("!H", (await self.reader.readexactly(size))[:2])[0]
        self.writer.write(frame(0x8, struct.pack("!H", code)))
        return code

    async def end(self) -> None:
        self.writer.close()


async def code_after(served: Any, *sent: bytes) -> int:
    raw = await Raw.connect(served)
    raw.writer.write(b"".join(sent))
    code = await raw.close_code()
    await raw.end()
    return code


async def test_a_frame_at_the_limit_is_taken(served: Any, functions: Any) -> None:
    raw = await Raw.connect(served)
    raw.writer.write(frame(TEXT, b"x" * MAX_FRAME_BYTES))
    assert len((await functions.next("default"))["body"]) == MAX_FRAME_BYTES
    await raw.end()


async def test_a_message_at_the_limit_in_frames_at_the_limit_is_taken(
    served: Any, functions: Any
) -> None:
    async with served.connect() as websocket:
        await websocket.send(["x" * MAX_FRAME_BYTES] * 4)
        assert len((await functions.next("default"))["body"]) == MAX_MESSAGE_BYTES


async def test_a_frame_over_32_kb_is_1009(served: Any, functions: Any) -> None:
    assert await code_after(served, frame(TEXT, b"x" * (MAX_FRAME_BYTES + 1))) == 1009
    context = (await functions.next("disconnect"))["requestContext"]
    assert context["disconnectStatusCode"] == 1009


async def test_a_frame_that_announces_a_gigabyte_is_1009_before_it_is_there(served: Any) -> None:
    head = bytes([TEXT | FIN, MASKED | 127]) + struct.pack("!Q", 1 << 30) + bytes(4)
    assert await code_after(served, head, b"x" * (MAX_FRAME_BYTES + 1)) == 1009


async def test_a_message_over_128_kb_is_1009(served: Any) -> None:
    async with served.connect() as websocket:
        await websocket.send(["x" * MAX_FRAME_BYTES] * 4 + ["x"])
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1009


async def test_multibyte_text_is_measured_in_bytes(served: Any) -> None:
    async with served.connect() as websocket:
        await websocket.send("é" * (MAX_FRAME_BYTES // 2 + 1))
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1009


async def test_a_binary_message_is_1003(served: Any) -> None:
    async with served.connect() as websocket:
        await websocket.send(b"\x00")
        with pytest.raises(ConnectionClosed):
            await websocket.recv()
        assert websocket.close_code == 1003


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"x", masked=False), 1002),
        (bytes([FIN | 0x40 | TEXT, MASKED, 0, 0, 0, 0]), 1002),
        (bytes([FIN | 0x3, MASKED, 0, 0, 0, 0]), 1002),
        (frame(CONTINUATION, b"x"), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(TEXT, b"\xff\xfe"), 1007),
    ],
    ids=["unmasked", "reserved-bit", "opcode", "continues-nothing", "long-ping", "no-utf-8"],
)
async def test_a_malformed_frame_is_answered_with_its_code(
    served: Any, sent: bytes, code: int
) -> None:
    assert await code_after(served, sent) == code


async def test_a_ping_is_answered_and_no_message(served: Any, functions: Any) -> None:
    async with served.connect() as websocket:
        await functions.next("connect")
        await (await websocket.ping(b"p"))
        assert functions.seen.empty()


async def test_pings_of_a_client_that_does_not_read_are_not_kept(
    served: Any, functions: Any
) -> None:
    raw = await Raw.connect(served)
    served.below().pause_writing()
    raw.writer.write(frame(PING, b"1") * 100 + frame(TEXT, b"x"))
    await functions.next("default")
    served.below().resume_writing()
    raw.writer.write(frame(PING, b"2"))
    assert await raw.reader.readexactly(3) == b"\x8a\x012"
    await raw.end()


async def test_what_is_sent_before_connect_has_answered_waits_outside(
    served: Any, functions: Any
) -> None:
    answer = asyncio.Event()

    async def connecting(_event: dict[str, Any]) -> bytes:
        await answer.wait()
        return b'{"statusCode": 200}'

    functions.handlers["connect"] = connecting
    raw = await Raw.ask(served)
    await functions.next("connect")
    assert not served.below().transport.is_reading()
    raw.writer.write(frame(TEXT, b"early"))
    answer.set()
    assert (await functions.next("default"))["body"] == "early"
    await raw.end()


@pytest.mark.parametrize("begin", ["GET /live", "GET /live HTTP/1.1\r\nX: "])
async def test_a_head_that_never_ends_is_refused(served: Any, begin: str) -> None:
    reader, writer = await asyncio.open_connection(*served.found.domain.split(":"))
    writer.write(begin.encode() + b"x" * MAX_HEAD_BYTES)
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()


async def test_a_client_that_leaves_and_does_not_read_what_was_sent_is_cut(
    served: Any, functions: Any
) -> None:
    raw = await Raw.connect(served)
    session = served.gateway.session(await served.connection_id())
    below = served.below()
    while not below.transport.get_write_buffer_size():
        session.post("x" * MAX_MESSAGE_BYTES)
        for _ in range(20):
            await asyncio.sleep(0)
    below.close_timeout = 0.0
    raw.writer.write(frame(0x8, struct.pack("!H", 4_000)))
    context = (await functions.next("disconnect"))["requestContext"]
    assert context["disconnectStatusCode"] == 4_000
    for _ in range(20):
        await asyncio.sleep(0)
    assert below not in served.listener._state.connections
    await raw.end()


async def test_a_handshake_that_is_none_leaves_the_rest_alone(served: Any, functions: Any) -> None:
    reader, writer = await asyncio.open_connection(*served.found.domain.split(":"))
    writer.write(b"\x16\x03\x01 no HTTP\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400")
    writer.close()
    async with served.connect() as websocket:
        await websocket.send("x")
        await functions.next("default")


async def test_a_close_that_a_client_does_not_read_is_waited_for_ten_seconds(
    served: Any, functions: Any, host: Any
) -> None:
    raw = await Raw.connect(served)
    session = served.gateway.session(await served.connection_id())
    while session._outbox._bytes == 0:
        session.post("x" * MAX_MESSAGE_BYTES)
        for _ in range(20):
            await asyncio.sleep(0)
    session.delete()
    host.clock.advance(CLOSE_LIMIT_MS)
    context = (await functions.next("disconnect"))["requestContext"]
    assert context["disconnectStatusCode"] == 1006
    await raw.end()
