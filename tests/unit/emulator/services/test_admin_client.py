from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from lambdameter.emulator.services.admin_client import AdminClient
from lambdameter.errors import TargetError

USAGE = b'{"requests":{"%b":1},"modelled_ms":1.5}'


class DataPlane:
    """Answers with the key that it was asked for; `answer` may be replaced."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.ended: list[asyncio.Task[None] | None] = []
        self.connections = 0
        self.hang_up_after = 1_000
        self.answer: Callable[[bytes], bytes] = self.usage

    def usage(self, request: bytes) -> bytes:
        key = request.split()[1].rpartition(b"/")[2]
        return self.message(b"200 OK", USAGE % key)

    def message(self, status: bytes, body: bytes) -> bytes:
        return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.ended.append(asyncio.current_task())
        for _ in range(self.hang_up_after):
            try:
                request = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            self.requests.append(request)
            writer.write(self.answer(request))
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.fixture
def data_plane() -> DataPlane:
    return DataPlane()


@pytest.fixture
async def client(data_plane: DataPlane) -> AsyncIterator[AdminClient]:
    server = await asyncio.start_server(data_plane.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made = AdminClient(f"http://{host}:{port}/admin")
    yield made
    made.close()
    server.close()
    await asyncio.gather(*(task for task in data_plane.ended if task))


async def test_questions_share_a_connection_and_each_gets_its_own_answer(
    client: AdminClient, data_plane: DataPlane
) -> None:
    keys = [f"ASIA{number}" for number in range(20)]
    answers = await asyncio.gather(*(client.usage(key) for key in keys))
    assert [list(answer.requests) for answer in answers] == [[key] for key in keys]
    assert data_plane.connections == 1
    assert data_plane.requests[0].startswith(b"GET /admin/usage/ASIA0 HTTP/1.1\r\n")


async def test_an_access_key_id_is_forgotten(client: AdminClient, data_plane: DataPlane) -> None:
    data_plane.answer = lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"
    await client.forget("ASIA1")
    assert data_plane.requests[0].startswith(b"DELETE /admin/usage/ASIA1 ")


async def test_a_question_that_was_given_up_costs_the_next_one_nothing(client: AdminClient) -> None:
    await client.usage("ASIA0")
    given_up = asyncio.ensure_future(client.usage("ASIA1"))
    await asyncio.sleep(0)
    given_up.cancel()
    assert list((await client.usage("ASIA2")).requests) == ["ASIA2"]


async def test_a_kept_connection_that_was_closed_is_opened_again(
    client: AdminClient, data_plane: DataPlane
) -> None:
    data_plane.hang_up_after = 1
    for key in ("ASIA1", "ASIA2", "ASIA3"):
        assert list((await client.usage(key)).requests) == [key]
    assert data_plane.connections == 3


async def test_a_data_plane_that_hangs_up_is_an_os_error(
    client: AdminClient, data_plane: DataPlane
) -> None:
    data_plane.hang_up_after = 0
    with pytest.raises(OSError, match=r"closed the connection|reset"):
        await client.usage("ASIA1")


async def test_a_data_plane_that_is_not_there_is_an_os_error(unused_port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        await AdminClient(f"http://127.0.0.1:{unused_port}").usage("ASIA1")


@pytest.fixture
async def unused_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    return int(port)


@pytest.mark.parametrize(
    ("status", "body"), [(b"200 OK", b"[1]"), (b"404 Not Found", b"nobody"), (b"200 OK", b"\xff")]
)
async def test_an_answer_that_makes_no_sense_is_told_as_it_is(
    client: AdminClient, data_plane: DataPlane, status: bytes, body: bytes
) -> None:
    data_plane.answer = lambda _: data_plane.message(status, body)
    with pytest.raises(TargetError, match=f"answered {status.decode()[:3]}: ") as error:
        await client.usage("ASIA1")
    assert "report it" in error.value.next_step


async def test_what_is_no_http_ends_the_connection(
    client: AdminClient, data_plane: DataPlane
) -> None:
    data_plane.answer = lambda _: b"hello\r\n\r\n"
    with pytest.raises(OSError, match="closed the connection"):
        await client.usage("ASIA1")
