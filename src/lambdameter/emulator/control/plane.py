"""The state behind the control API: functions, their code, and what runs them."""

from __future__ import annotations

import asyncio
import logging
import platform

import msgspec

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.control.code_store import Code, CodeStore
from lambdameter.emulator.control.event_queue import EventQueue
from lambdameter.emulator.control.functions import Function, Functions
from lambdameter.emulator.control.settings import Settings
from lambdameter.emulator.execution import log
from lambdameter.emulator.execution.blueprint import Blueprint
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.execution.managed_runtimes import Launch, Runtimes
from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.emulator.execution.placement import Placement
from lambdameter.emulator.execution.process_environment import CA_DIR, Endpoints, FunctionFacts
from lambdameter.errors import HostError, LambdameterError
from lambdameter.model.base import Architecture
from lambdameter.model.report_line import format_host
from lambdameter.model.sample import TargetInfo

_LOG = logging.getLogger(__name__)


class HostDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for every function; the last three as in Blueprint.

    Attributes:
        info: what the emulator says of itself, before it has prepared any runtime.
    """

    info: TargetInfo
    endpoints: Endpoints | None = None
    overheads: Overheads | None = None
    connections: str | None = None


def host_architecture() -> Architecture:
    """This machine's architecture, as Lambda names it.

    Raises:
        HostError: Lambda does not support it.
    """
    machine = platform.machine()
    if machine == "x86_64":
        return "x86_64"
    if machine in {"aarch64", "arm64"}:
        return "arm64"
    raise HostError(
        f"Lambda does not support the architecture {machine}",
        next_step="Use a machine with x86_64 or arm64.",
    )


class ControlPlane:
    """The state behind the control API."""

    def __init__(  # noqa: PLR0913 - the composition root hands in each part once
        self,
        *,
        functions: Functions,
        code: CodeStore,
        runtimes: Runtimes,
        placement: Placement,
        host: HostDescription,
        clock: Clock,
    ) -> None:
        self.functions = functions
        self.placement = placement
        self._code = code
        self._runtimes = runtimes
        self._host = host
        self._blueprints: dict[str, Blueprint] = {}
        self._pending: set[asyncio.Task[None]] = set()
        self._describe(host.info)
        self._events = EventQueue(clock, self.invoke_by_name)

    async def create(self, name: str, settings: Settings, package: bytes) -> Function:
        """Create a function; it is Pending until its runtime has been prepared."""
        code = await self._store(package)
        function = self.functions.create(name, settings, code)
        self._settle_soon(function)
        return function

    async def update_code(
        self, function: Function, package: bytes, revision: str | None
    ) -> Function:
        """Change the code; the environments of the old code are retired."""
        self.functions.check_change(function, revision)
        code = await self._store(package)
        # Another change may have begun while the package was stored.
        function = self.functions.get(function.name)
        self.functions.check_change(function, revision)
        changed = self.functions.change(function, code=code)
        self._settle_soon(changed)
        return changed

    def update_settings(
        self, function: Function, settings: Settings, revision: str | None
    ) -> Function:
        """Change the configuration; the environments of the old configuration are retired."""
        self.functions.check_change(function, revision)
        changed = self.functions.change(function, settings=settings)
        self._settle_soon(changed)
        return changed

    async def delete(self, function: Function) -> None:
        """Delete a function and reclaim its environments."""
        await self._retire(self.functions.delete(function))

    async def _retire(self, revision: Function | None) -> None:
        if revision is not None:
            self._blueprints.pop(revision.revision, None)
            await self.placement.retire(revision.revision)

    def blueprint(self, function: Function) -> Blueprint:
        """The blueprint of a serving revision's environments."""
        return self._blueprints[function.revision]

    async def invoke(self, function: Function, request: InvocationRequest) -> Outcome:
        """Handle one event on the revision that serves now.

        Raises:
            ApiError: no revision serves, the invocation is throttled, or the sandbox or the local
                services failed.
        """
        serving = self.functions.serving(function)
        return await self.placement.invoke(serving.revision, self.blueprint(serving), request)

    async def invoke_by_name(self, name: str, request: InvocationRequest) -> Outcome:
        """Handle one event on the function that has the name now, for a caller who sees no log.

        Raises:
            ApiError: there is no such function, or as `invoke`.
        """
        outcome = await self.invoke(self.functions.get(name), request)
        log.pass_on(name, outcome.log)
        return outcome

    def invoke_later(self, function: Function, request: InvocationRequest) -> None:
        """Accept an asynchronous invocation.

        Raises:
            ApiError: no revision serves.
        """
        self.functions.serving(function)
        self._events.put(function.name, request)

    async def close(self) -> None:
        """Drop events and changes in progress, and reclaim every environment."""
        await self._events.close()
        for task in self._pending:
            task.cancel()
        if self._pending:
            await asyncio.wait(self._pending)
        await self.placement.close()

    async def _store(self, package: bytes) -> Code:
        return await asyncio.to_thread(self._code.store, package)

    def _settle_soon(self, function: Function) -> None:
        task = asyncio.ensure_future(self._settle(function))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _settle(self, function: Function) -> None:
        try:
            launch = await self._runtimes.launch(
                function.settings.runtime, function.settings.handler, function.code.folder
            )
        except (LambdameterError, OSError) as error:
            self.functions.settled(function, str(error))
            return
        except Exception as error:  # noqa: BLE001 - the caller sees any fault of ours
            # Otherwise the function would be pending for ever.
            _LOG.exception("%s could not be prepared", function.name)
            self.functions.settled(function, f"{type(error).__name__}: {error}")
            return
        if not self.functions.is_latest(function):
            return
        self._blueprints[function.revision] = self._make_blueprint(function, launch)
        runtimes = self.info.runtimes | {function.settings.runtime: launch.label}
        self._describe(msgspec.structs.replace(self.info, runtimes=dict(sorted(runtimes.items()))))
        await self._retire(self.functions.settled(function, None))

    def _make_blueprint(self, function: Function, launch: Launch) -> Blueprint:
        endpoints = self._host.endpoints
        ca = {CA_DIR: endpoints.ca_bundle.rsplit("/", 1)[0]} if endpoints else {}
        return Blueprint(
            facts=FunctionFacts(
                name=function.name,
                memory_mb=function.settings.memory_size,
                handler=function.settings.handler,
                runtime=function.settings.runtime,
                variables=function.settings.variables,
            ),
            arn=function.arn,
            timeout_s=function.settings.timeout,
            argv=launch.argv,
            mounts=launch.mounts | ca,
            region=self._host.info.region,
            endpoints=endpoints,
            entrypoint_error=launch.error,
            package_bytes=function.code.size,
            overheads=self._host.overheads,
            connections=self._host.connections,
        )

    def _describe(self, info: TargetInfo) -> None:
        self.info = info
        self.host_headers = format_host(info)
