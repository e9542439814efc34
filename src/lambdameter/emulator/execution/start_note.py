"""When a runtime's process began.

On AWS, Init Duration begins with the runtime's process. It contains neither what the emulator does
before that (a Runtime API, cgroups, a process, its mounts) nor delays of the emulator's event loop:
the launcher writes the time into a pipe right before it becomes the runtime.
"""

from __future__ import annotations

import contextlib
import os

from lambdameter.errors import HostError

_BYTES = 64
_NS_PER_MS = 1e6


class StartNote:
    """A pipe for one start.

    Attributes:
        writer: the descriptor that the launcher gets.
    """

    def __init__(self) -> None:
        """Open the pipe.

        Raises:
            HostError: all descriptors are in use.
        """
        try:
            self._reader, self.writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise HostError(
                f"Cannot start a function's process: {error.strerror}",
                next_step="Raise the limit of open files (`ulimit -n`), or use fewer "
                "environments at the same time.",
            ) from error
        self._at_ms: float | None = None
        self._open = {self._reader, self.writer}

    def handed_over(self) -> None:
        """The launcher has its own copy of the writer."""
        self._close(self.writer)

    def at_ms(self) -> float | None:
        """When the process began, ms of CLOCK_MONOTONIC; None: it has not begun, or never will."""
        if self._reader in self._open:
            with contextlib.suppress(BlockingIOError):
                if text := os.read(self._reader, _BYTES):
                    self._at_ms = int(text) / _NS_PER_MS
                self._close(self._reader)
        return self._at_ms

    def close(self) -> None:
        """Close both ends. May be called twice."""
        for descriptor in tuple(self._open):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)
