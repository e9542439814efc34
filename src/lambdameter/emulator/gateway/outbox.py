"""What waits to be sent to one client, bounded: a slow one costs that much memory and no more."""

from __future__ import annotations

import asyncio

from lambdameter.emulator.gateway.protocol import MAX_MESSAGE_BYTES, Close

# Our own choice: AWS has such a buffer and does not tell its size.
MAX_BYTES = 8 * MAX_MESSAGE_BYTES
# What a message takes beside its text, so that a million empty ones have no room either.
_FRAME_BYTES = 64


class Outbox:
    """Messages in their order, and perhaps a close behind them."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str | Close] = asyncio.Queue()
        self._bytes = 0

    def put(self, text: str) -> bool:
        """Whether there was room for it."""
        size = _size(text)
        if self._bytes + size > MAX_BYTES:
            return False
        self._bytes += size
        self._queue.put_nowait(text)
        return True

    def close(self, close: Close) -> None:
        """After what waits already."""
        self._queue.put_nowait(close)

    async def get(self) -> str | Close:
        """The next one; it keeps its room until it was `sent`."""
        return await self._queue.get()

    def sent(self, text: str) -> None:
        """The client's kernel, or ours, has it."""
        self._bytes -= _size(text)


def _size(text: str) -> int:
    return len(text.encode()) + _FRAME_BYTES
