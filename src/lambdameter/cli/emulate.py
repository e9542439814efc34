"""`lambdameter emulate`: the local Lambda, for any client."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from lambdameter.cli.speed import Asked, chosen
from lambdameter.emulator import log
from lambdameter.emulator.__main__ import allow_many_descriptors
from lambdameter.emulator.binding import LOOPBACK, Binding, binding
from lambdameter.emulator.gateway import declaration
from lambdameter.emulator.process_environment import CONNECTIONS_URL
from lambdameter.emulator.sandbox import WAYS
from lambdameter.emulator.server import EmulatorReady, Options, serve
from lambdameter.interruption import SIGNALS
from lambdameter.model import Architecture

_Host = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="IP address where the Lambda API, DynamoDB and S3 listen; 0.0.0.0 or ::, at all.",
    ),
]
_AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME", help="Further name or address that clients call them by; repeatable."
    ),
]
_Latency = Annotated[
    str | None, typer.Option(help="Service latency: ms at the median, off, or a model's file.")
]
_Faults = Annotated[
    str | None,
    typer.Option(
        metavar="KIND=P,...",
        help="What befalls functions' requests: unprocessed, throttle, 5xx, cut.",
    ),
]


def emulate(  # noqa: PLR0913 - each is a flag
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Of the Lambda API; 0 takes a free one.")
    ] = 9_001,
    host: _Host = LOOPBACK,
    allow_host: _AllowHost = None,
    latency: _Latency = None,
    faults: _Faults = None,
    sandbox: Annotated[
        str, typer.Option(help=f"How limits are enforced: auto, {', '.join(WAYS)}.")
    ] = "auto",
    speed: Annotated[
        Asked, typer.Option(help="A Lambda vCPU's (auto: if this host is calibrated), or its own.")
    ] = "auto",
    architecture: Annotated[Architecture, typer.Option(help="Of that vCPU.")] = "arm64",
    overheads: Annotated[
        bool, typer.Option(help="Add what AWS adds to Init and memory, modelled.")
    ] = True,
    region: Annotated[str, typer.Option(help="The region that it answers for.")] = "us-east-1",
    websocket_api: Annotated[
        Path | None,
        typer.Option(metavar="API.TOML", help="A WebSocket API in front of the functions."),
    ] = None,
) -> None:
    """Run the local Lambda until Ctrl-C, for any client: boto3, the AWS CLI, an SDK."""
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
        told = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        for line in _reachable(binding(options.host, options.allow_hosts)):
            told.print(line)
        await interrupted.wait()


def _reachable(where: Binding) -> list[str]:
    """Who can call it now."""
    if where.local:
        return ["The local Lambda runs; only this machine can reach it. Ctrl-C ends it."]
    at = "every address of this machine" if where.everywhere else where.host
    names = ", ".join(sorted(where.names)) or "no other name than localhost and 127.0.0.1"
    lines = [
        f"warning: the Lambda API, DynamoDB and S3 listen at {at}.",
        "  who:   Whoever reaches it can run code as this user, and change what is stored.",
        "         Nothing checks credentials.",
        f"  names: They answer to {names}.",
    ]
    if where.everywhere:
        lines.append("  next:  Allow other names and addresses that clients call by --allow-host.")
    return [*lines, "The local Lambda runs. Ctrl-C ends it."]


def _environment(ready: EmulatorReady) -> dict[str, str]:
    """What makes a client of AWS's speak to us, in a shell's words."""
    told = {
        "AWS_ENDPOINT_URL_LAMBDA": ready.endpoint,
        "AWS_ENDPOINT_URL_DYNAMODB": ready.dynamodb or "",
        "AWS_ENDPOINT_URL_S3": ready.s3 or "",
        "AWS_CA_BUNDLE": ready.ca_bundle or "",
        "SSL_CERT_FILE": ready.ca_bundle or "",
        "AWS_REGION": ready.region,
        # The one that boto3 reads: it does not know AWS_REGION.
        "AWS_DEFAULT_REGION": ready.region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    if ready.websocket and ready.connections:
        told |= {CONNECTIONS_URL: ready.connections, "LAMBDAMETER_WEBSOCKET_URL": ready.websocket}
    return told
