"""The program `lambdameter`: signals are heeded before anything that takes time is imported."""

from __future__ import annotations

import os
import signal
import sys

from lambdameter.interruption import EXIT_CODE, SIGNALS, interruption

# EX_SOFTWARE of sysexits.h. Python's own exit code for a bug is 1: a negative verdict here.
BUG = 70


def main() -> None:
    """Run the command line; exit with the code that docs/exit-codes.md documents."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(EXIT_CODE))  # nothing was begun yet
    try:
        from lambdameter import cli  # noqa: PLC0415 - it takes half a second

        with interruption.heeded():
            cli.main()
    except Exception:  # noqa: BLE001 - whatever it is, it is not a verdict
        _show_bug()
        sys.exit(BUG)
    finally:
        # The command has ended; a signal would only interrupt Python's own shutdown.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _show_bug() -> None:
    import traceback  # noqa: PLC0415 - needed only here

    traceback.print_exc()
    sys.stderr.write(
        "error: This is a bug in lambdameter: see the traceback above\n"
        "  next:  Report the traceback with the command that you typed. The samples of a run are\n"
        "         kept: `lambdameter run --resume DIR` continues the run.\n"
    )


if __name__ == "__main__":
    main()
