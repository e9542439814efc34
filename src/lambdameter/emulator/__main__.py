"""`python -m lambdameter.emulator`: run until stdin ends, SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import signal
import stat
import sys

import msgspec
import uvloop

from lambdameter.emulator.gateway import declaration
from lambdameter.emulator.http.binding import LOOPBACK
from lambdameter.emulator.sandbox import WAYS
from lambdameter.emulator.server import HOST_SPEED, EmulatorFailed, EmulatorReady, Options, serve
from lambdameter.errors import LambdameterError


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator; the exit code is errors.py's."""
    given = vars(_parser().parse_args(arguments))
    allow_many_descriptors()
    try:
        file = given.pop("websocket_api")
        given["allow_hosts"] = tuple(given["allow_hosts"])
        options = Options(**given, websocket_api=declaration.load(file) if file else None)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options))
    except LambdameterError as error:
        _tell(
            EmulatorFailed(
                cause=error.cause,
                place=error.place,
                next_step=error.next_step,
                exit_code=error.exit_code,
            )
        )
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lambdameter.emulator", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="port of the Lambda API; 0: a free port"
    )
    parser.add_argument("--host", default=LOOPBACK, help="IP address to listen on")
    parser.add_argument(
        "--allow-host",
        dest="allow_hosts",
        action="append",
        default=[],
        help="another host name or IP address that clients use; repeatable",
    )
    parser.add_argument("--latency", help='"off", or a latency model file')
    parser.add_argument("--faults", help="injected faults: KIND=PROBABILITY,...")
    parser.add_argument("--seed", type=int, help="seed of the latency model and of injected faults")
    parser.add_argument(
        "--sandbox", default="auto", help=f"method that enforces limits: auto, {', '.join(WAYS)}"
    )
    parser.add_argument("--speed", default=HOST_SPEED, help='"host", or a calibration file')
    parser.add_argument(
        "--no-overheads",
        dest="overheads",
        action="store_false",
        help="do not add AWS's own share of Init Duration and memory",
    )
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument(
        "--websocket-api", help="TOML file that declares a WebSocket API in front of the functions"
    )
    return parser


def allow_many_descriptors() -> None:
    """Take all that this user may have: an environment needs about ten, a shell gives 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _run(options: Options) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with serve(options) as (ready, plane):
        _tell(ready)
        if options.websocket_api is not None and plane.placement.died is not None:
            # Pages that watch ask for nothing, and so would not be told.
            plane.placement.died.add_done_callback(lambda _: stopped.set())
        if _stdin_is_pipe():
            watcher = asyncio.ensure_future(_end_of_stdin(stopped))
            await stopped.wait()
            watcher.cancel()
            await asyncio.wait((watcher,))
        else:
            await stopped.wait()


def _tell(line: EmulatorReady | EmulatorFailed) -> None:
    print(msgspec.json.encode(line).decode(), flush=True)  # noqa: T201 - for whoever started us


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
