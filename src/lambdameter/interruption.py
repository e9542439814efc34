"""Ctrl-C, SIGTERM and SIGHUP: the first one stops the command cleanly, the second at once.

At once, too, nothing stays on this host: whatever the command started ends with its stdin.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_CODE = 130  # a shell's for SIGINT: 128 + 2
# Whatever was drawn in this line goes, and the cursor, which a progress bar hides, comes back.
_FRESH_LINE = "\r\x1b[K\x1b[?25h"


def say(line: str) -> None:
    """A line on stderr, past all buffers: a signal may come in the middle of any of them."""
    with contextlib.suppress(OSError):
        os.write(2, f"{_FRESH_LINE * os.isatty(2)}{line}\n".encode())


class Interruption:
    """What signals do to this process.

    Args:
        say: tells the user.
        leave: ends the process without a word to anybody; os._exit.
    """

    def __init__(
        self, say: Callable[[str], None] = say, leave: Callable[[int], object] = os._exit
    ) -> None:
        self._say = say
        self._leave = leave
        self._came = False
        self._owed = False
        self._held = 0
        self._work_so_far: Callable[[], str] | None = None

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Heed the signals, but those that whoever started us had us ignore (nohup, `&`)."""
        self._came = self._owed = False
        before = {number: signal.getsignal(number) for number in SIGNALS}
        heeded = {number: how for number, how in before.items() if how != signal.SIG_IGN}
        for number in heeded:
            signal.signal(number, self.come)
        try:
            yield
        finally:
            for number, how in heeded.items():
                signal.signal(number, how)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The first signal waits until the context ends: what is cleaned up is cleaned up whole.

        Raises:
            KeyboardInterrupt: at its end, if a signal came.
        """
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._owed and not self._held:
                self._owed = False
                raise KeyboardInterrupt

    @contextmanager
    def reporting(self, work_so_far: Callable[[], str]) -> Iterator[None]:
        """What the last line says of the work so far, should a second signal come."""
        self._work_so_far = work_so_far
        try:
            yield
        finally:
            self._work_so_far = None

    def come(self, *_: object) -> None:
        """The handler.

        Raises:
            KeyboardInterrupt: it is the first, and none that waits.
        """
        if self._came:
            suffix = f"; {self._work_so_far()}" if self._work_so_far else ""
            self._say(f"interrupted twice: stopped at once{suffix}")
            self._leave(EXIT_CODE)
        self._came = True
        self._say("interrupted: stopping (interrupt again to stop at once)")
        if self._held:
            self._owed = True
        else:
            raise KeyboardInterrupt


interruption = Interruption()
