"""The messages that wait to be sent to one client; a limit keeps a slow client's memory small."""

from __future__ import annotations

import asyncio

from lambdameter.emulator.gateway.protocol import MAX_MESSAGE_BYTES, Close

# Our own choice: AWS has such a buffer and does not document its size.
MAX_BYTES = 8 * MAX_MESSAGE_BYTES
# Memory of a message beside its text, so that a million empty messages exceed the limit too.
_FRAME_BYTES = 64


class Outbox:
    """Messages in their order, perhaps with a close after them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | Close] = asyncio.Queue()
        self._bytes = 0

    def put(self, text: str) -> bool:
        """Add a message; False: it exceeds the limit and was not added."""
        size = _size(text)
        if self._bytes + size > MAX_BYTES:
            return False
        self._bytes += size
        self._queue.put_nowait(text)
        return True

    def close(self, close: Close) -> None:
        """Add a close after the messages that wait."""
        self._queue.put_nowait(close)

    async def get(self) -> str | Close:
        """The next message or close; a message counts against the limit until it was `sent`."""
        return await self._queue.get()

    def sent(self, text: str) -> None:
        """A kernel has the message, the client's or ours."""
        self._bytes -= _size(text)


def _size(text: str) -> int:
    return len(text.encode()) + _FRAME_BYTES
