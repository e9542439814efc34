"""The emulator, composed: `python -m lambdameter.emulator`, or `serve` for a program of ours."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from lambdameter import binaries
from lambdameter.emulator import leftovers, sandbox
from lambdameter.emulator.clock import Clock, SystemClock
from lambdameter.emulator.control.api import control_api, control_api_guard
from lambdameter.emulator.control.api.documents import MAX_REQUEST_BYTES
from lambdameter.emulator.control.code_store import CodeStore
from lambdameter.emulator.control.functions import Functions
from lambdameter.emulator.control.plane import ControlPlane, HostDescription, host_architecture
from lambdameter.emulator.execution import overheads
from lambdameter.emulator.execution.blueprint import Address, Blueprint, EmulatorServices
from lambdameter.emulator.execution.failures import MAX_RESPONSE_BYTES
from lambdameter.emulator.execution.managed_runtimes import HostRuntimes
from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.emulator.execution.placement import Placement
from lambdameter.emulator.execution.process_environment import Endpoints
from lambdameter.emulator.execution.runtime_api import ADMIT, runtime_api
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.gateway.declaration import WebSocketApi
from lambdameter.emulator.http.binding import Binding, binding
from lambdameter.emulator.http.listener import Listener, bind
from lambdameter.emulator.options import HOST_SPEED, EmulatorReady, Options
from lambdameter.emulator.sandbox.base import Sandbox, SandboxFactory
from lambdameter.emulator.sandbox.paced import PacedFactory
from lambdameter.emulator.services import latency, trust
from lambdameter.emulator.services.process import Services
from lambdameter.emulator.speed import pacer, store
from lambdameter.emulator.speed.keep_awake import KeepAwake
from lambdameter.errors import BadInputError, HostError, LambdameterError
from lambdameter.model.calibration import Calibration
from lambdameter.model.sample import Enforcement, ServiceTime, TargetInfo

if TYPE_CHECKING:
    from lambdameter.emulator.gateway.bound_gateway import BoundGateway

SERVICES = "lambdameter-services"
_LOG = logging.getLogger(__name__)
_REAP_EVERY_S = 30.0
PINS = Path(__file__).parent / "runtimes"


@contextlib.asynccontextmanager
async def serve(options: Options) -> AsyncIterator[tuple[EmulatorReady, ControlPlane]]:
    """Run the emulator until the context is left; nothing of it stays behind.

    Raises:
        LambdameterError: an address, a port, a sandbox or the local services cannot be had.
    """
    where = binding(options.host, options.allow_hosts)
    async with contextlib.AsyncExitStack() as stack:
        cleared = leftovers.clear()
        state = leftovers.make_folder()
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        factory = sandbox.detect(state, options.sandbox)
        stack.callback(factory.close)
        # Early: it often fails, and nothing needs to be stopped yet.
        listening = bind(where, options.port)
        stack.callback(listening.close)
        services = await _start_services(options, where, state) if options.services else None
        if services is not None:
            stack.push_async_callback(services.close)
        paced, calibration = _pace(options, factory, services, stack)
        awake = KeepAwake(clock := SystemClock())
        stack.callback(awake.close)
        gateway = _bind_gateway(options.websocket_api, stack)
        model = overheads.shipped() if options.overheads else None
        enforcement = awake.describe(paced.enforcement())
        host = HostDescription(
            info=_describe(options, services, enforcement, calibration, model),
            endpoints=_endpoints(services, state) if services else None,
            overheads=model,
            connections=gateway.addresses.connections if gateway else None,
        )
        placement = Placement(
            _emulator_services(paced, clock, services, awake),
            state / "environments",
            died=_first_death(services.died if services else None, paced.watch()),
        )
        plane = _control_plane(host, state, placement, clock)
        listener = await _listen(plane, listening, where)
        stack.callback(listener.close)
        # Before the connections are cut, so that callers who wait for an answer get one.
        stack.push_async_callback(plane.close)
        if gateway:
            stack.push_async_callback((await gateway.serve(clock, plane.invoke_by_name)).close)
        reaper = asyncio.ensure_future(_reap(placement))
        stack.callback(reaper.cancel)
        yield _ready(listener, host, gateway, cleared), plane


def _bind_gateway(
    api: WebSocketApi | None, stack: contextlib.AsyncExitStack
) -> BoundGateway | None:
    """Bind the WebSocket API's socket until the stack is closed; None: there is no such API."""
    if api is None:
        return None
    from lambdameter.emulator.gateway.bound_gateway import (  # noqa: PLC0415 - takes 0.2 s
        BoundGateway,
    )

    gateway = BoundGateway.bind(api)
    stack.callback(gateway.listening.close)
    return gateway


def _describe(
    options: Options,
    services: Services | None,
    enforcement: Enforcement,
    calibration: Calibration | None,
    model: Overheads | None,
) -> TargetInfo:
    return TargetInfo(
        name="local",
        region=options.region,
        architecture=host_architecture(),
        enforcement=enforcement,
        engines=services.ready.engines if services else {},
        latency_model=_latency_line(options, services) if services else None,
        faults=services.ready.faults if services else None,
        calibration=calibration,
        overheads=model.name if model else None,
    )


def _control_plane(
    host: HostDescription, state: Path, placement: Placement, clock: Clock
) -> ControlPlane:
    def revision() -> str:
        return str(uuid.uuid4())

    return ControlPlane(
        functions=Functions(host.info.region, host.info.architecture, clock.epoch_ms, revision),
        code=CodeStore(state / "code"),
        runtimes=HostRuntimes(platformdirs.user_cache_path("lambdameter") / "runtimes", PINS),
        placement=placement,
        host=host,
        clock=clock,
    )


async def _listen(plane: ControlPlane, listening: socket.socket, where: Binding) -> Listener:
    return await Listener.open(
        control_api(plane),
        control_api_guard(where.names),
        keep=MAX_REQUEST_BYTES,
        listening=listening,
        where=where,
    )


def _ready(
    listener: Listener,
    host: HostDescription,
    gateway: BoundGateway | None,
    cleared: tuple[str, ...],
) -> EmulatorReady:
    services = host.endpoints
    return EmulatorReady(
        endpoint=f"http://{listener.address}",
        dynamodb=services.dynamodb if services else None,
        s3=services.s3 if services else None,
        ca_bundle=services.ca_bundle if services else None,
        region=host.info.region,
        cleared=cleared,
        websocket=gateway.addresses.websocket if gateway else None,
        connections=host.connections,
    )


async def _start_services(options: Options, where: Binding, state: Path) -> Services:
    arguments = ["--state", str(state / "services"), "--host", where.host]
    for name in sorted(where.names):
        arguments += ["--allow-host", name]
    if options.latency is not None:
        arguments += ["--latency", _latency_argument(options.latency, state)]
    if options.faults is not None:
        arguments += ["--faults", options.faults]
    if options.seed is not None:
        arguments += ["--seed", str(options.seed)]
    (state / "services").mkdir()
    return await Services.start(binaries.find(SERVICES), *arguments)


def _latency_argument(option: str, state: Path) -> str:
    """What the local services take: for a median, a model file that is written here."""
    median_ms = latency.median_ms(option)
    if median_ms is None:
        return option
    if median_ms == 0:
        return latency.OFF
    file = state / "latency.toml"
    file.write_text(latency.model(median_ms), encoding="utf-8")
    return str(file)


def _latency_line(options: Options, services: Services) -> str | None:
    median_ms = None if options.latency is None else latency.median_ms(options.latency)
    if median_ms is None:
        return services.ready.latency_model
    return latency.line(median_ms, options.seed)


def _pace(
    options: Options,
    factory: SandboxFactory,
    services: Services | None,
    stack: contextlib.AsyncExitStack,
) -> tuple[PacedFactory, Calibration | None]:
    """Keep CPUs to a Lambda vCPU's share, and to its speed where there is a calibration."""
    calibration = None
    if options.speed != HOST_SPEED:
        file = Path(options.speed)
        calibration = store.load(file, store.cpu_model())
        if calibration is None:
            raise BadInputError(
                "There is no calibration of this host", place=str(file), next_step=store.MAKE
            )
    paced = PacedFactory.start(factory, calibration)
    stack.callback(paced.close)
    if calibration is not None and services is not None:
        pacer.exempt(services.pid)
    return paced, calibration


def _first_death(
    *deaths: asyncio.Future[LambdameterError] | asyncio.Future[HostError] | None,
) -> asyncio.Future[LambdameterError]:
    """Resolves with the first of them that does; None stands for what cannot die."""
    first: asyncio.Future[LambdameterError] = asyncio.get_running_loop().create_future()

    def take(death: asyncio.Future[LambdameterError] | asyncio.Future[HostError]) -> None:
        if not first.done():
            first.set_result(death.result())

    for death in deaths:
        if death is not None:
            death.add_done_callback(take)
    return first


def _emulator_services(
    paced: PacedFactory, clock: Clock, services: Services | None, awake: KeepAwake
) -> EmulatorServices:
    def enclose(name: str, blueprint: Blueprint) -> Sandbox:
        facts, added = blueprint.facts, blueprint.overheads
        reserved_mb = added.memory.base_mb if added else 0.0
        return paced.create(name, facts.memory_mb, facts.runtime, reserved_mb)

    async def listen(peer: RuntimePeer) -> Address:
        return await Listener.open(runtime_api(peer), ADMIT, keep=MAX_RESPONSE_BYTES)

    async def usage(access_key_id: str) -> ServiceTime | None:
        return await services.usage(access_key_id) if services else None

    async def forget(access_key_id: str) -> None:
        if services:
            await services.forget(access_key_id)

    return EmulatorServices(
        enclose=enclose, clock=clock, listen=listen, usage=usage, forget=forget, awake=awake
    )


def _endpoints(services: Services, state: Path) -> Endpoints:
    ready = services.ready
    # In a folder of its own, since functions see the whole folder.
    bundle = trust.write_bundle(ready.ca_bundle, state / "ca")
    return Endpoints(dynamodb=ready.dynamodb, s3=ready.s3, ca_bundle=str(bundle))


async def _reap(placement: Placement) -> None:
    while True:
        await asyncio.sleep(_REAP_EVERY_S)
        try:
            await placement.reap()
        except LambdameterError as error:
            _LOG.warning("%s", error)
