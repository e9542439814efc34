"""`python -m lambdameter.emulator [OPTIONS]`: run until stdin ends, SIGTERM or SIGINT.

OPTIONS is `options.Options` as one JSON document. `lambdameter emulate` has the same as flags.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import stat
import sys

import msgspec
import uvloop

from lambdameter.emulator.gateway import declaration
from lambdameter.emulator.options import EmulatorFailed, EmulatorReady, Options
from lambdameter.emulator.server import serve
from lambdameter.errors import BadInputError, LambdameterError


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator; returns an exit code of errors.py."""
    try:
        options = _options(sys.argv[1:] if arguments is None else arguments)
        allow_many_descriptors()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options))
    except LambdameterError as error:
        _print(
            EmulatorFailed(
                cause=error.cause,
                place=error.place,
                next_step=error.next_step,
                exit_code=error.exit_code,
            )
        )
        return error.exit_code
    return 0


def _options(arguments: list[str]) -> Options:
    """`Options` from the only argument; the defaults where there is none."""
    try:
        (document,) = arguments or ["{}"]
        options = msgspec.json.decode(document, type=Options)
    except ValueError as error:  # msgspec's errors are ValueErrors too
        raise BadInputError(
            f"The options are not one JSON document of `emulator.options.Options`: {error}",
            place="python -m lambdameter.emulator",
            next_step="Use `lambdameter emulate`, whose options are flags, or fix the document.",
        ) from error
    if options.websocket_api is not None:
        declaration.checked(options.websocket_api, "websocket_api")
    return options


def allow_many_descriptors() -> None:
    """Raise the limit as far as this user may: an environment needs ten, a shell grants 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(options: Options) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serve(options) as (ready, plane):
        _print(ready)
        if options.websocket_api is not None and plane.placement.died is not None:
            # A page that only watches sends no request, so it would not notice.
            plane.placement.died.add_done_callback(lambda _: stopped.set())
        if _stdin_is_pipe():
            watcher = asyncio.ensure_future(_end_of_stdin(stopped))
            await stopped.wait()
            watcher.cancel()
            await asyncio.wait((watcher,))
        else:
            await stopped.wait()


def _print(line: EmulatorReady | EmulatorFailed) -> None:
    print(msgspec.json.encode(line).decode(), flush=True)  # noqa: T201 - our parent reads it


def _stdin_is_pipe() -> bool:
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


async def _end_of_stdin(stopped: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        while await reader.read(65_536):
            pass
    finally:
        transport.close()
    stopped.set()


if __name__ == "__main__":
    sys.exit(main())
