"""The program `lambdameter`: signals are heeded before anything that takes time is imported."""

from __future__ import annotations

import os
import signal

from lambdameter.interruption import EXIT_CODE, SIGNALS, interruption


def main() -> None:
    """Run the command line; exit with the code that errors.py documents."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(EXIT_CODE))  # nothing was begun yet
    from lambdameter import cli  # noqa: PLC0415 - it takes half a second

    try:
        with interruption.heeded():
            cli.main()
    finally:
        # All is said and done, and Python's own end would be broken off by one.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
