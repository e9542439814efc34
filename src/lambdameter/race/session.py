"""Runs the live race: starts or finds its target, records, serves the page, and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from lambdameter.build import cargo, function
from lambdameter.cost import price_list
from lambdameter.emulator.gateway.declaration import Listen, WebSocketApi
from lambdameter.emulator.options import Options as EmulatorOptions
from lambdameter.errors import BadInputError, TargetError
from lambdameter.interruption import SIGNALS
from lambdameter.measure.cpu_speed import SpeedChoice, chosen
from lambdameter.measure.host_limits import check_granted
from lambdameter.measure.local_lambda import Running, running
from lambdameter.model.artifact import Dataset
from lambdameter.model.base import Architecture
from lambdameter.model.race_declaration import RaceDeclaration, RaceResources
from lambdameter.model.race_records import DeployedCode, RaceSite
from lambdameter.model.sample import TargetInfo
from lambdameter.model.workload import Workload
from lambdameter.race import declaration, deployment, site, staging
from lambdameter.race.page_server import PageContent, serving
from lambdameter.race.recorder import Recorder, record
from lambdameter.race.recordings import Recordings
from lambdameter.targets.boto import BotoTarget, Options
from lambdameter.workload import loader
from lambdameter.workload.parameters import apply_settings

# Runs while the page is served; ends only by raising an error.
BackgroundTask = Callable[[], Coroutine[Any, Any, None]]
_DEFAULT_REGION = "us-east-1"


class RaceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `lambdameter live`.

    Attributes:
        region: None: the default region, or the one that the race is deployed in.
    """

    memory_sizes: tuple[int, ...]
    settings: dict[str, str]
    latency: str | None
    faults: str | None
    sandbox: str
    speed: SpeedChoice
    architecture: Architecture
    region: str | None
    out: Path
    token: str | None


def run_local(options: RaceOptions, html: str, listening: socket.socket) -> None:
    """Race on the local Lambda until Ctrl-C; only the recorded races remain.

    Raises:
        LambdameterError: the local Lambda cannot be set up, or has ended.
    """
    console = Console(stderr=True, highlight=False)
    race = declaration.load()
    workload = loader.load(race.workload)
    with console.status("generating the data"):
        data = staging.make_data(workload, apply_settings(workload, options.settings)["warm"])
    emulator = EmulatorOptions(
        latency=options.latency,
        faults=options.faults,
        sandbox=options.sandbox,
        speed=chosen(options.speed, options.architecture),
        region=options.region or _DEFAULT_REGION,
        websocket_api=_websocket_api(race, listening),
    )
    with running(emulator) as started:
        where = _deploy_locally(options, workload, data, started)
        _record_and_serve(options.out, html, where, listening, [watch_process(started.pid)])


def _deploy_locally(
    options: RaceOptions, workload: Workload, data: Dataset, started: Running
) -> RaceSite:
    """Put the race on the local Lambda."""
    console = Console(stderr=True, highlight=False)
    race = declaration.load()
    target = BotoTarget(
        Options(
            region=options.region or _DEFAULT_REGION,
            architecture=options.architecture,
            endpoints=started.endpoints,
        )
    )
    info = target.info()
    check_granted(info, options.memory_sizes, console, required=False)

    def build(crate: Path, binary: str) -> bytes:
        return cargo.executable(crate / "Cargo.toml", console, binary)

    packages = staging.make_packages(race, info.architecture, build)
    token = staging.new_token()
    with console.status("setting up the race"):
        staging.set_up(target, race, workload, staging.objects(workload, data))
        resources = RaceResources(
            bucket=staging.BUCKET,
            connections_url=started.connections,
            token_sha256=staging.token_sha256(token),
            table_key=staging.table(workload).partition_key.name,
            functions_url=started.endpoints.functions,
        )
        for name, package in packages.items():
            staging.deploy(target, race, name, package, resources)
    setup = site.RaceSetup(
        race=race,
        workload=workload,
        work=staging.work(workload, data, packages),
        info=info,
        architecture=options.architecture,
    )
    sizes = options.memory_sizes
    return site.make(setup, sizes, price_list.latest(), websocket=started.websocket, token=token)


def run_aws(options: RaceOptions, html: str, listening: socket.socket) -> None:
    """Race on AWS, where `lambdameter deploy` put the functions, until Ctrl-C.

    Raises:
        BadInputError: the race is not deployed, or is deployed in another region.
        TargetError: the WebSocket API refuses connections.
    """
    deployed = deployment.load()
    if options.region not in {None, deployed.region}:
        raise BadInputError(
            f"The race is deployed in {deployed.region}, not in {options.region}",
            place="--region",
            next_step="Omit --region, or deploy to that region first.",
        )
    race = declaration.load()
    setup = site.RaceSetup(
        race=race,
        workload=loader.load(race.workload),
        work=deployed.work,
        info=TargetInfo(name="aws", region=deployed.region, architecture=deployed.architecture),
        architecture=deployed.architecture,
    )
    where = site.make(
        setup,
        options.memory_sizes,
        price_list.latest(),
        websocket=deployed.endpoint,
        token=options.token,
    )
    _record_and_serve(options.out, html, where, listening, [])


def serve(
    content: PageContent,
    listening: socket.socket,
    *,
    ready: asyncio.Event | None = None,
    background: Sequence[BackgroundTask] = (),
) -> None:
    """Serve the page until Ctrl-C, or until a background task fails.

    Args:
        content: what is served.
        listening: the socket to serve on.
        ready: the page's address is printed after this event; None: at once.
        background: tasks that run meanwhile.
    """
    asyncio.run(_serve(content, listening, ready, background))


async def _serve(
    content: PageContent,
    listening: socket.socket,
    ready: asyncio.Event | None,
    background: Sequence[BackgroundTask],
) -> None:
    interrupted = asyncio.Event()
    with _signals_set(interrupted):
        async with serving(content, listening), _running(background) as tasks:
            if ready is not None:
                await _wait_for_first(tasks, ready.wait(), interrupted.wait())
            if not interrupted.is_set():
                host, port = listening.getsockname()[:2]
                sys.stdout.write(f"http://{host}:{port}/\n")
                sys.stdout.flush()
                Console(stderr=True, highlight=False).print("Press Ctrl-C to stop.")
                await _wait_for_first(tasks, interrupted.wait())


@contextlib.asynccontextmanager
async def _running(background: Sequence[BackgroundTask]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.ensure_future(start()) for start in background]
    try:
        yield tasks
    finally:
        await _cancel(tasks)


async def _wait_for_first(
    running: Sequence[asyncio.Task[None]], *events: Coroutine[Any, Any, Any]
) -> None:
    """Wait for one of the events; raise the error of a running task that ends before."""
    tasks = [asyncio.ensure_future(event) for event in events]
    try:
        done, _ = await asyncio.wait([*running, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel(tasks)
    for task in done:
        task.result()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _signals_set(interrupted: asyncio.Event) -> Iterator[None]:
    """Signals that end the program set this event; afterwards their handlers are restored."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handled = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN}
    for number in handled:
        loop.add_signal_handler(number, interrupted.set)
    try:
        yield
    finally:
        for number, handler in handled.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _record_and_serve(
    out: Path,
    html: str,
    where: RaceSite,
    listening: socket.socket,
    background: Sequence[BackgroundTask],
) -> None:
    """Record races and serve the page; at the end, print where the races are."""
    recorder, connected = Recorder(out, where), asyncio.Event()
    race = declaration.load()
    content = PageContent(
        page=html,
        site=where,
        recordings=Recordings(out),
        code=DeployedCode(
            lanes={
                lane: function.sources(race.function(f"racer-{lane}"), declaration.ROOT)
                for lane in declaration.LANES
            }
        ),
        current=lambda: recorder.current,
    )
    url = where.websocket or ""
    try:
        serve(
            content,
            listening,
            ready=connected,
            background=[lambda: record(url, recorder, connected), *background],
        )
    finally:
        summary = f"races in {out}: {len(recorder.recorded)}"
        Console(stderr=True, highlight=False, soft_wrap=True).print(summary, markup=False)


def _websocket_api(race: RaceDeclaration, listening: socket.socket) -> WebSocketApi:
    """The WebSocket API, open only to the page, under both names of the loopback address."""
    port = listening.getsockname()[1]
    origins = tuple(f"http://{host}:{port}" for host in ("127.0.0.1", "localhost"))
    return WebSocketApi(
        name=race.name,
        stage=declaration.STAGE,
        routes=dict.fromkeys(declaration.ROUTES, declaration.resource(race, "connection")),
        listen=Listen(origins=origins),
    )


def watch_process(pid: int) -> BackgroundTask:
    """Fails when the local Lambda's process ends."""

    async def watch() -> None:
        descriptor = os.pidfd_open(pid)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        raise TargetError(
            "The local Lambda ended",
            place="python -m lambdameter.emulator",
            next_step="Start again with `lambdameter live`.",
        )

    return watch
