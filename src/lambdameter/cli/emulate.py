"""`lambdameter emulate`: the local Lambda, for any client."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from lambdameter.cli.flags import Sandbox
from lambdameter.emulator.__main__ import allow_many_descriptors
from lambdameter.emulator.execution import log
from lambdameter.emulator.execution.process_environment import CONNECTIONS_URL
from lambdameter.emulator.gateway import declaration
from lambdameter.emulator.http.binding import LOOPBACK, Binding, binding
from lambdameter.emulator.options import EmulatorReady, Options
from lambdameter.emulator.server import serve
from lambdameter.interruption import SIGNALS
from lambdameter.measure.cpu_speed import SpeedChoice, chosen
from lambdameter.model.base import Architecture

_Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="IP address that the Lambda API, DynamoDB and S3 listen on; 0.0.0.0 or "
        ":: for all addresses.",
    ),
]
_AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        help="Another host name or IP address that clients use to reach the local "
        "Lambda; repeatable.",
    ),
]
_Latency = Annotated[
    str | None, typer.Option(help="Service latency: median in ms, `off`, or a model file.")
]
_Faults = Annotated[
    str | None,
    typer.Option(
        metavar="KIND=P,...",
        help="Faults injected into the functions' requests, with their probability: "
        "unprocessed, throttle, 5xx, cut.",
    ),
]
_Speed = Annotated[
    SpeedChoice,
    typer.Option(
        help="CPU speed: lambda (a Lambda vCPU's), host (this machine's), or auto "
        "(lambda if this host is calibrated)."
    ),
]
_WebSocketApi = Annotated[
    Path | None,
    typer.Option(
        metavar="API.TOML",
        help="Declaration of a WebSocket API in front of the functions (docs/websocket.md).",
    ),
]


def emulate(  # noqa: PLR0913 - each is a flag
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the Lambda API; 0 picks a free port.")
    ] = 9_001,
    host: _Host = LOOPBACK,
    allow_host: _AllowHost = None,
    latency: _Latency = None,
    faults: _Faults = None,
    sandbox: Sandbox = "auto",
    speed: _Speed = "auto",
    architecture: Annotated[
        Architecture, typer.Option(help="CPU architecture of the Lambda vCPU that the speed is of.")
    ] = "arm64",
    overheads: Annotated[
        bool, typer.Option(help="Add AWS's own share of Init Duration and memory, from a model.")
    ] = True,
    region: Annotated[
        str, typer.Option(help="AWS region that the local Lambda claims to be in.")
    ] = "us-east-1",
    websocket_api: _WebSocketApi = None,
) -> None:
    """Run the local Lambda until Ctrl-C, for any client: boto3, the AWS CLI or an AWS SDK."""
    options = Options(
        port=port,
        host=host,
        allow_hosts=tuple(allow_host or ()),
        latency=latency,
        faults=faults,
        sandbox=sandbox,
        speed=chosen(speed, architecture),
        overheads=overheads,
        region=region,
        websocket_api=declaration.load(websocket_api) if websocket_api else None,
    )
    allow_many_descriptors()
    log.to_stderr()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_interrupted(options))


async def _until_interrupted(options: Options) -> None:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, interrupted.set)
    async with serve(options) as (ready, _):
        console = Console(highlight=False, soft_wrap=True, markup=False)
        for name, value in _environment(ready).items():
            console.print(f"export {name}={value}")
        notices = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        for line in _reachable(binding(options.host, options.allow_hosts)):
            notices.print(line)
        await interrupted.wait()


def _reachable(where: Binding) -> list[str]:
    """Who can call the local Lambda now."""
    if where.local:
        return [
            "The local Lambda is ready; only this machine can reach it. Press Ctrl-C to stop it."
        ]
    at = "every address of this machine" if where.everywhere else where.host
    names = ", ".join(sorted(where.names)) or "only localhost and 127.0.0.1"
    lines = [
        f"warning: the Lambda API, DynamoDB and S3 listen on {at}.",
        (
            "  who:   Anyone who can reach this address can run code as this user, and "
            "change stored data."
        ),
        "         No credentials are checked.",
        f"  names: Requests are accepted for {names}.",
    ]
    if where.everywhere:
        lines.append(
            "  next:  Name the other host names and addresses that clients use with --allow-host."
        )
    return [*lines, "The local Lambda is ready. Press Ctrl-C to stop it."]


def _environment(ready: EmulatorReady) -> dict[str, str]:
    """Environment variables that point AWS's clients to the local Lambda."""
    variables = {
        "AWS_ENDPOINT_URL_LAMBDA": ready.endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": ready.dynamodb or "",
        "AWS_ENDPOINT_URL_S3": ready.s3 or "",
        "AWS_CA_BUNDLE": ready.ca_bundle or "",
        "SSL_CERT_FILE": ready.ca_bundle or "",
        "AWS_REGION": ready.region,
        # boto3 reads this variable, not AWS_REGION.
        "AWS_DEFAULT_REGION": ready.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    if ready.websocket and ready.connections:
        variables |= {
            CONNECTIONS_URL: ready.connections,
            "LAMBDAMETER_WEBSOCKET_URL": ready.websocket,
        }
    return variables
