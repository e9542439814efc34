"""One question to the data plane after every invocation: what has this access key id done?"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import h11
import msgspec

from lambdameter.errors import TargetError
from lambdameter.model import ServiceTime

_READ_BYTES = 65_536


class AdminClient:
    """GET {admin}/usage/{access key id} over one connection that stays open."""

    def __init__(self, admin: str) -> None:
        parts = urlsplit(admin)
        self._host = parts.hostname or ""
        self._port = parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._http = h11.Connection(h11.CLIENT)

    async def usage(self, access_key_id: str) -> ServiceTime:
        """Cumulative since the data plane started.

        Raises:
            OSError: the data plane does not answer.
            TargetError: it answers what it should not.
        """
        async with self._lock:
            try:
                status, body = await self._get(f"{self._prefix}/usage/{access_key_id}")
            except BaseException:
                # Whatever is still under way on this connection would answer the next question.
                self.close()
                raise
        if status != 200:  # noqa: PLR2004 - HTTP's own number
            raise TargetError(
                f"The data plane's admin endpoint answered {status}: {body.decode()}",
                place=f"http://{self._host}:{self._port}",
                next_step="This is a fault of lambdameter: please report it.",
            )
        return msgspec.json.decode(body, type=ServiceTime)

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None

    async def _get(self, path: str) -> tuple[int, bytes]:
        if self._streams is None:
            self._http = h11.Connection(h11.CLIENT)
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        headers = [("Host", f"{self._host}:{self._port}")]
        request = h11.Request(method="GET", target=path, headers=headers)
        writer.write(
            (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        )
        status, body = await self._answer(reader)
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self.close()
        return status, body

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        status, body = 0, b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(_READ_BYTES)
                if not data:
                    raise ConnectionResetError
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
