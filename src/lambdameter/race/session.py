"""The live race, held: where, what is recorded, what the page is served, and how it ends."""

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
from lambdameter.emulator.server import Options as EmulatorOptions
from lambdameter.errors import BadInputError, TargetError
from lambdameter.interruption import SIGNALS
from lambdameter.measure.cpu_speed import SpeedChoice, chosen
from lambdameter.measure.host_limits import check_granted
from lambdameter.measure.local_lambda import Running, running
from lambdameter.model.base import Architecture
from lambdameter.model.live import LiveSite
from lambdameter.model.race import Race, RaceSite
from lambdameter.model.sample import TargetInfo
from lambdameter.model.workload import Workload
from lambdameter.race import declaration, deployment, staging
from lambdameter.race import site as live_site
from lambdameter.race.page_server import Stage, serving
from lambdameter.race.races import Races
from lambdameter.race.recorder import Recorder, record
from lambdameter.targets.boto import BotoTarget, Options
from lambdameter.workload import loader
from lambdameter.workload.parameters import apply_settings

Work = Callable[[], Coroutine[Any, Any, None]]
_FIRST_REGION = "us-east-1"


class RaceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """As the command line has it; `region` None: the first one, or where it is deployed."""

    tiers: tuple[int, ...]
    settings: dict[str, str]
    latency: str | None
    faults: str | None
    sandbox: str
    speed: SpeedChoice
    architecture: Architecture
    region: str | None
    out: Path
    token: str | None


def locally(asked: RaceOptions, html: str, listening: socket.socket) -> None:
    """On the local Lambda, until Ctrl-C; nothing of it is left but the races.

    Raises:
        LambdameterError: it cannot be set up, or has died.
    """
    console = Console(stderr=True, highlight=False)
    the_race = declaration.load()
    task = loader.load(the_race.workload)
    region = asked.region or _FIRST_REGION
    with console.status("generating the data"):
        data = staging.make_data(task, apply_settings(task, asked.settings)["warm"])
    options = EmulatorOptions(
        latency=asked.latency,
        faults=asked.faults,
        sandbox=asked.sandbox,
        speed=chosen(asked.speed, asked.architecture),
        region=region,
        websocket_api=_api(the_race, listening),
    )
    with running(options) as started:
        target = BotoTarget(
            Options(region=region, architecture=asked.architecture, endpoints=started.endpoints)
        )
        info = target.info()
        check_granted(info, asked.tiers, console, required=False)

        def build(crate: Path, binary: str) -> bytes:
            return cargo.executable(crate / "Cargo.toml", console, binary)

        packages = staging.make_packages(the_race, info.architecture, build)
        token = staging.new_token()
        with console.status("setting up the race"):
            staging.set_up(target, the_race, task, staging.objects(task, data))
            where = _race_site(task, started, token)
            for name, package in packages.items():
                staging.deploy(target, the_race, name, package, where)
        place = live_site.Place(
            the_race=the_race,
            task=task,
            work=staging.work(task, data, packages),
            info=info,
            architecture=asked.architecture,
        )
        site = live_site.site(
            place, asked.tiers, price_list.latest(), websocket=started.websocket, token=token
        )
        _hold(asked, html, site, listening, [ended(started.pid)])


def on_aws(asked: RaceOptions, html: str, listening: socket.socket) -> None:
    """On AWS, where `lambdameter deploy` put it, until Ctrl-C.

    Raises:
        BadInputError: it is deployed nowhere, or not where it is asked for.
        TargetError: the WebSocket API lets nobody in.
    """
    deployed = deployment.deployed()
    if asked.region not in {None, deployed.region}:
        raise BadInputError(
            f"The race is deployed in {deployed.region}, not in {asked.region}",
            place="--region",
            next_step="Omit --region, or deploy to that region first.",
        )
    the_race = declaration.load()
    place = live_site.Place(
        the_race=the_race,
        task=loader.load(the_race.workload),
        work=deployed.work,
        info=TargetInfo(name="aws", region=deployed.region, architecture=deployed.architecture),
        architecture=deployed.architecture,
    )
    site = live_site.site(
        place,
        asked.tiers,
        price_list.latest(),
        websocket=deployed.endpoint,
        token=asked.token,
    )
    _hold(asked, html, site, listening, [])


def serve(
    stage: Stage,
    listening: socket.socket,
    *,
    ready: asyncio.Event | None = None,
    meanwhile: Sequence[Work] = (),
) -> None:
    """The page, until Ctrl-C; or until something fails that goes on meanwhile.

    Args:
        stage: what is served.
        listening: where.
        ready: when there is something to be shown; None: at once.
        meanwhile: none of it ends by itself but by failing.
    """
    asyncio.run(_serve(stage, listening, ready, meanwhile))


async def _serve(
    stage: Stage,
    listening: socket.socket,
    ready: asyncio.Event | None,
    meanwhile: Sequence[Work],
) -> None:
    interrupted = asyncio.Event()
    with _heeding(interrupted):
        async with serving(stage, listening), _going_on(meanwhile) as going:
            if ready is not None:
                await _first(going, ready.wait(), interrupted.wait())
            if not interrupted.is_set():
                host, port = listening.getsockname()[:2]
                sys.stdout.write(f"http://{host}:{port}/\n")
                sys.stdout.flush()
                Console(stderr=True, highlight=False).print("Press Ctrl-C to stop.")
                await _first(going, interrupted.wait())


@contextlib.asynccontextmanager
async def _going_on(meanwhile: Sequence[Work]) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.ensure_future(one()) for one in meanwhile]
    try:
        yield tasks
    finally:
        await _end(tasks)


async def _first(going: Sequence[asyncio.Task[None]], *awaited: Coroutine[Any, Any, Any]) -> None:
    """Wait for one of them, and raise what ended what goes on meanwhile."""
    tasks = [asyncio.ensure_future(one) for one in awaited]
    try:
        done, _ = await asyncio.wait([*going, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    for one in done:
        one.result()


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _heeding(interrupted: asyncio.Event) -> Iterator[None]:
    """Ctrl-C is how this is meant to end; afterwards signals are what they were."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = {number: how for number, how in before.items() if how != signal.SIG_IGN}
    for number in heeded:
        loop.add_signal_handler(number, interrupted.set)
    try:
        yield
    finally:
        for number, how in heeded.items():
            loop.remove_signal_handler(number)
            signal.signal(number, how)


def _hold(
    asked: RaceOptions,
    html: str,
    site: LiveSite,
    listening: socket.socket,
    meanwhile: Sequence[Work],
) -> None:
    """Record and serve; at the end, say where the races are."""
    recorder, watching = Recorder(asked.out, site), asyncio.Event()
    the_race = declaration.load()
    stage = Stage(
        page=html,
        site=site,
        races=Races(asked.out),
        code={
            lane: function.sources(the_race.function(f"racer-{lane}"), declaration.ROOT)
            for lane in declaration.LANES
        },
        current=lambda: recorder.current,
    )
    url = site.websocket or ""
    try:
        serve(
            stage,
            listening,
            ready=watching,
            meanwhile=[lambda: record(url, recorder, watching), *meanwhile],
        )
    finally:
        told = f"races in {asked.out}: {len(recorder.begun)}"
        Console(stderr=True, highlight=False, soft_wrap=True).print(told, markup=False)


def _api(the_race: Race, listening: socket.socket) -> WebSocketApi:
    """The gateway, for our page alone, by whichever name a browser calls it."""
    port = listening.getsockname()[1]
    origins = tuple(f"http://{host}:{port}" for host in ("127.0.0.1", "localhost"))
    begins = declaration.resource(the_race, "connection")
    return WebSocketApi(
        name=the_race.name,
        stage=declaration.STAGE,
        routes=dict.fromkeys(declaration.ROUTES, begins),
        listen=Listen(origins=origins),
    )


def _race_site(task: Workload, started: Running, token: str) -> RaceSite:
    if task.table is None:
        raise staging.no_table(task)
    return RaceSite(
        bucket=staging.BUCKET,
        connections_url=started.connections,
        token_sha256=staging.token_sha256(token),
        table_key=task.table.partition_key.name,
        functions_url=started.endpoints.functions,
    )


def ended(pid: int) -> Work:
    """Notices the end of a process that must not end."""

    async def watched() -> None:
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

    return watched
