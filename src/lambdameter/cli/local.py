"""Starts the local Lambda in a process of its own, so that measuring does not disturb it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from lambdameter.emulator.server import EmulatorFailed, EmulatorReady, Options
from lambdameter.errors import LambdameterError, TargetError, of_exit_code
from lambdameter.target.boto import Endpoints

_STOP_S = 30
_LAST_WORDS = 2_000


@contextmanager
def local_lambda(options: Options) -> Iterator[Endpoints]:
    """The emulator and its data plane, for as long as the context lasts.

    Raises:
        LambdameterError: it did not start; or it ended by itself while it was needed, then as
            a note on whatever came of that.
    """
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            [sys.executable, "-m", "lambdameter.emulator", *_arguments(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            # Ctrl-C is for the command line alone: it ends the emulator when it is done with it.
            start_new_session=True,
        ) as process,
    ):
        try:
            yield _endpoints(process)
        except LambdameterError as error:
            if process.poll() is not None:
                said.seek(0)
                error.add_note(f"The local Lambda ended: {said.read()[-_LAST_WORDS:].strip()}")
            raise
        finally:
            _stop(process)


def _arguments(options: Options) -> list[str]:
    arguments = ["--port", str(options.port), "--sandbox", options.sandbox]
    arguments += ["--region", options.region]
    if options.latency is not None:
        arguments += ["--latency", options.latency]
    if options.seed is not None:
        arguments += ["--seed", str(options.seed)]
    return arguments


def _endpoints(process: subprocess.Popen[str]) -> Endpoints:
    line = process.stdout.readline() if process.stdout else ""
    try:
        ready = msgspec.json.decode(line, type=EmulatorReady | EmulatorFailed)
    except msgspec.DecodeError as error:
        raise TargetError(
            "The local Lambda ended before it was ready",
            place="python -m lambdameter.emulator",
            next_step="Start it by hand with `lambdameter emulate` and see what it says.",
        ) from error
    if isinstance(ready, EmulatorFailed):
        raise of_exit_code(ready.exit_code)(
            ready.cause, place=ready.place, next_step=ready.next_step
        )
    return Endpoints(
        functions=ready.endpoint,
        s3=ready.s3 or "",
        dynamodb=ready.dynamodb or "",
        ca_bundle=ready.ca_bundle or "",
        access_key_id="AKIALAMBDAMETER00000",
        secret_access_key="local",  # noqa: S106 - the data plane lets everyone in
    )


def _stop(process: subprocess.Popen[str]) -> None:
    """The end of stdin is its sign to leave; it cleans up after itself."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
