"""Starts the local Lambda in a separate process, so that measuring does not disturb it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, NamedTuple

import msgspec
from rich.console import Console

from lambdameter.emulator import leftovers
from lambdameter.emulator.options import EmulatorFailed, EmulatorReady, Options
from lambdameter.errors import LambdameterError, TargetError, of_exit_code
from lambdameter.interruption import interruption
from lambdameter.targets.boto import Endpoints

EMULATOR = (sys.executable, "-m", "lambdameter.emulator")
_STOP_S = 30
_LAST_CHARACTERS = 2_000


class Running(NamedTuple):
    """A process of the local Lambda; with a WebSocket API it ends when its local services end.

    Attributes:
        websocket: URL of the WebSocket API, ws://; connections: URL of its @connections.
    """

    pid: int
    endpoints: Endpoints
    websocket: str
    connections: str


@contextmanager
def local_lambda(options: Options, program: Sequence[str] = EMULATOR) -> Iterator[Endpoints]:
    """The endpoints of the emulator and its local services, while the context lasts."""
    with running(options, program) as started:
        yield started.endpoints


@contextmanager
def running(options: Options, program: Sequence[str] = EMULATOR) -> Iterator[Running]:
    """The emulator and its local services, while the context lasts.

    Raises:
        LambdameterError: the emulator did not start, or it or its local services died. The death
            replaces the error that it caused.
    """
    with (
        tempfile.TemporaryFile("w+") as stderr,
        subprocess.Popen(
            [*program, msgspec.json.encode(options).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # Ctrl-C reaches only the command line, which ends the emulator itself.
            start_new_session=True,
        ) as process,
    ):
        try:
            started = _started(process, stderr)
            try:
                yield started
            except LambdameterError as error:
                death = _death(process, stderr) if _stop(process) else None
                if death is not None:
                    raise death from error
                raise
        finally:
            with interruption.held():
                if not _stop(process) or process.returncode:
                    leftovers.clear()  # the emulator could not do this itself


def _started(process: subprocess.Popen[str], stderr: IO[str]) -> Running:
    line = process.stdout.readline() if process.stdout else ""
    try:
        ready = msgspec.json.decode(line, type=EmulatorReady | EmulatorFailed)
    except msgspec.DecodeError as error:
        _stop(process)
        raise TargetError(
            f"The local Lambda did not start; its last message: {_last_message(stderr)}",
            place="python -m lambdameter.emulator",
            next_step="Start the local Lambda by hand with `lambdameter emulate` to see "
            "its output.",
        ) from error
    if isinstance(ready, EmulatorFailed):
        raise _as_error(ready)
    if ready.cleared:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"cleaned up after a run that was killed: {', '.join(ready.cleared)}", markup=False
        )
    endpoints = Endpoints(
        functions=ready.endpoint,
        s3=ready.s3 or "",
        dynamodb=ready.dynamodb or "",
        ca_bundle=ready.ca_bundle or "",
        access_key_id="AKIALAMBDAMETER00000",
        secret_access_key="local",  # noqa: S106 - the local services check no credentials
    )
    return Running(process.pid, endpoints, ready.websocket or "", ready.connections or "")


def _as_error(failed: EmulatorFailed) -> LambdameterError:
    return of_exit_code(failed.exit_code)(
        failed.cause, place=failed.place, next_step=failed.next_step
    )


def _death(process: subprocess.Popen[str], stderr: IO[str]) -> LambdameterError | None:
    """Why the emulator died; None: it ended because it was asked to."""
    if process.returncode == 0:
        return None
    try:
        line = process.stdout.read() if process.stdout else ""
        return _as_error(msgspec.json.decode(line, type=EmulatorFailed))
    except msgspec.DecodeError:
        return TargetError(
            f"The local Lambda died (exit status {process.returncode}); its last "
            f"message: {_last_message(stderr)}",
            place="python -m lambdameter.emulator",
            next_step="Start again; `lambdameter doctor` shows what this host lacks.",
        )


def _last_message(stderr: IO[str]) -> str:
    stderr.seek(0)
    return stderr.read()[-_LAST_CHARACTERS:].strip() or "nothing"


def _stop(process: subprocess.Popen[str]) -> bool:
    """Close stdin, which asks the emulator to clean up and end; whether it did end in time."""
    if process.stdin:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return False
    return True
