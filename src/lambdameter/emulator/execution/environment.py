"""One execution environment: it feeds the lifecycle's table and carries out the table's actions.

It has no thread and no loop of its own: the runtime's requests, the process and the timers feed
events into the table; `invoke` drives it and waits for the end of each phase.
"""

from __future__ import annotations

import asyncio
import contextlib

from lambdameter.emulator.execution import metering
from lambdameter.emulator.execution.blueprint import Blueprint, EmulatorServices, process_spec
from lambdameter.emulator.execution.environment_overheads import EnvironmentOverheads
from lambdameter.emulator.execution.failures import FUNCTION_ERROR
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.execution.lifecycle import (
    Action,
    Event,
    InvalidTransitionError,
    State,
    transition,
)
from lambdameter.emulator.execution.metering import InitPhase, Reading, Span
from lambdameter.emulator.execution.process_environment import Identity
from lambdameter.emulator.execution.running_invocation import InitError, Phase, RunningInvocation
from lambdameter.emulator.execution.runtime_api.answers import InvalidRequestIdError
from lambdameter.emulator.execution.runtime_api.peer import Delivery
from lambdameter.emulator.execution.started_runtime import StartedRuntime
from lambdameter.emulator.sandbox.base import NOTHING_USED, Counters
from lambdameter.errors import LambdameterError
from lambdameter.model.sample import ServiceTime

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
INIT_LIMIT_MS = 10_000.0


class Environment:
    """One execution environment; it serves one invocation at a time.

    Args:
        identity: its names and credentials.
        blueprint: what it is made from.
        emulator: what it needs of the emulator.
        tmp: the folder on the host that its function sees as /tmp.
    """

    def __init__(
        self, identity: Identity, blueprint: Blueprint, emulator: EmulatorServices, tmp: str
    ) -> None:
        self.identity = identity
        self.state = State.NEW
        self._blueprint = blueprint
        self._emulator = emulator
        self._clock = emulator.clock
        self._tmp = tmp
        self._overheads = EnvironmentOverheads(blueprint.overheads, blueprint.package_bytes)
        # What the local services have done for it since it was made, as last asked.
        self._service: ServiceTime | None = None
        # When the last event happened.
        self._event_ms = 0.0
        self._runtime: StartedRuntime | None = None
        self._invocation: RunningInvocation | None = None

    # --- driven by `Placement` -------------------------------------------------------------

    async def invoke(self, request: InvocationRequest) -> Outcome:
        """Handle one event, with the Init phase before it where nothing runs yet.

        Raises:
            LambdameterError: the sandbox or the local services failed; the environment is
                unusable.
        """
        invocation = self._invocation = RunningInvocation(request, self._blueprint)
        try:
            if self.state is State.NEW:
                await self._initialise(invocation)
            if self.state is State.FAILED:
                await self._drive(Event.CLEAN)
            await self._phase(invocation, Event.INVOKE, self._blueprint.timeout_ms)
            return await self._finish(invocation)
        finally:
            self._invocation = None

    async def destroy(self) -> None:
        """Reclaim the environment, whatever it is doing. May be called twice."""
        if self.state is not State.DEAD:
            await self._drive(Event.DESTROY)

    async def _initialise(self, invocation: RunningInvocation) -> None:
        """The Init phase; where it fails, the invocation is to try once more."""
        began_ms = self._clock.now_ms()
        await self._phase(invocation, Event.START, INIT_LIMIT_MS)
        init_ms = self._event_ms - self._began(invocation, began_ms)
        counters = await self._drain()
        if self.state is not State.IDLE:
            invocation.log_failed_init(init_ms, "init", counters)
            return
        self._service = await self._emulator.usage(self.identity.access_key_id)
        added_ms = self._overheads.after_init(counters, self._service)
        if added_ms:
            await self._clock.wait(added_ms)
        invocation.init = InitPhase(ms=init_ms + added_ms, counters=counters)

    def _began(self, invocation: RunningInvocation, not_before_ms: float) -> float:
        """When a phase began: with the runtime's process, where that started in the phase.

        A phase that ran into its limit is counted from `not_before_ms`, as its limit is.
        """
        if self._runtime is None or invocation.phase.failed_by is Event.TIMEOUT:
            return not_before_ms
        return self._runtime.began_ms(not_before_ms)

    async def _phase(self, invocation: RunningInvocation, event: Event, limit_ms: float) -> None:
        phase = invocation.phase = Phase()
        timer = self._clock.call_later(limit_ms, lambda: self._late(Event.TIMEOUT))
        try:
            await self._drive(event)
            await phase.ended
        finally:
            timer.cancel()

    async def _finish(self, invocation: RunningInvocation) -> Outcome:
        counters = await self._drain()
        started = invocation.start
        span = Span(
            start=Reading(at_ms=self._began(invocation, started.at_ms), counters=started.counters),
            end=Reading(at_ms=invocation.stopped_ms, counters=counters),
            init=invocation.init,
        )
        has_failed = self.state is State.FAILED
        if has_failed:
            returncode = self._runtime.returncode if self._runtime else None
            invocation.fail(counters, returncode, self._clock.epoch_ms())
        modelled = self._overheads.of(counters)
        report = invocation.end(span, modelled.memory_mb if modelled else 0.0)
        if has_failed:
            await self._drive(Event.CLEAN)
        # Last: what the function did until it was frozen or killed is this invocation's.
        before = self._service
        self._service = await self._emulator.usage(self.identity.access_key_id)
        service = metering.service_difference(before, self._service)
        meter = metering.meter(self.identity.name, span, service, modelled)
        payload, error = invocation.answer or (b"", FUNCTION_ERROR)
        return Outcome(payload, error, invocation.log, report, meter)

    async def _drain(self) -> Counters:
        """The counters, once everything that the process wrote is in the log."""
        if self._runtime is None:
            return NOTHING_USED
        await self._runtime.drain()
        return self._runtime.read_counters()

    # --- the runtime, the process and the timers -----------------------------------------------

    def next_event(self) -> asyncio.Future[Delivery | None]:
        """GET /runtime/invocation/next."""
        transition(self.state, Event.NEXT)
        event = self._started.wait_for_event()
        self._happen(Event.NEXT)
        return event

    def respond(self, request_id: str, payload: bytes | None) -> None:
        """POST /runtime/invocation/{request id}/response."""
        invocation = self._invocation_of(request_id)
        self._happen(Event.RESPONSE)
        invocation.respond(payload)

    def report_error(self, request_id: str, payload: bytes) -> None:
        """POST /runtime/invocation/{request id}/error."""
        invocation = self._invocation_of(request_id)
        self._happen(Event.ERROR)
        invocation.report_error(payload)

    def report_init_error(self, error_type: str, payload: bytes) -> None:
        """POST /runtime/init/error."""
        transition(self.state, Event.INIT_ERROR)
        self._running.phase.init_error = InitError(error_type, payload)
        self._happen(Event.INIT_ERROR)

    def _invocation_of(self, request_id: str) -> RunningInvocation:
        if self._invocation is None or self._invocation.request_id != request_id:
            raise InvalidRequestIdError
        return self._invocation

    def _late(self, event: Event) -> None:
        """A timer or an exit: too late where the phase has just ended."""
        with contextlib.suppress(InvalidTransitionError):
            self._happen(event)

    def _output(self, data: bytes) -> None:
        if self._invocation is not None:
            self._invocation.log.output(data)

    # --- the table -----------------------------------------------------------------------------

    @property
    def _running(self) -> RunningInvocation:
        if self._invocation is None:
            raise InvalidTransitionError(self.state, Event.NEXT)
        return self._invocation

    @property
    def _started(self) -> StartedRuntime:
        if self._runtime is None:
            raise InvalidTransitionError(self.state, Event.INVOKE)
        return self._runtime

    def _enter(self, event: Event) -> tuple[Action, ...]:
        state, actions = transition(self.state, event)
        self._event_ms = self._clock.now_ms()
        if state is State.FAILED and self.state is not State.FAILED and self._invocation:
            self._invocation.phase.failed_by = event
        self.state = state
        return actions

    def _happen(self, event: Event) -> None:
        try:
            for action in self._enter(event):
                self._perform(action)
        except LambdameterError as error:
            # Not the fault of the runtime, process or timer: the phase cannot go on.
            if self._invocation is not None:
                self._invocation.phase.settle(error)

    async def _drive(self, event: Event) -> None:
        for action in self._enter(event):
            match action:
                case Action.SPAWN:
                    await self._spawn()
                case Action.KILL:
                    await self._kill()
                case Action.DELIVER:
                    await self._deliver_after_overhead()
                case _:
                    self._perform(action)

    def _perform(self, action: Action) -> None:
        match action:
            case Action.FREEZE:
                self._started.sandbox.freeze()
            case Action.THAW:
                self._started.sandbox.thaw()
            case Action.THROTTLE:
                self._started.sandbox.throttle()
            case Action.CHARGE:
                self._charge()
            case Action.START_CLOCK:
                self._start_clock()
            case Action.STOP_CLOCK:
                self._running.stopped_ms = self._event_ms
            case Action.DELIVER:
                self._started.deliver(self._running.deliver())
            case Action.SETTLE:
                if self._invocation is not None:
                    self._invocation.phase.settle()

    def _charge(self) -> None:
        overheads = self._blueprint.overheads
        if overheads is not None and overheads.invocation.cpu_ms:
            self._started.sandbox.charge(overheads.invocation.cpu_ms / 2)

    def _start_clock(self) -> None:
        # Frozen or not there at all, it has used nothing since the last reading.
        counters = self._runtime.counters if self._runtime else NOTHING_USED
        start = Reading(at_ms=self._clock.now_ms(), counters=counters)
        self._running.start_clock(start, self._clock.epoch_ms())

    async def _deliver_after_overhead(self) -> None:
        """As much later as AWS has to do for it, within Duration."""
        overheads = self._blueprint.overheads
        if overheads is not None and overheads.invocation.ms:
            await self._clock.wait(overheads.invocation.ms)
        # The invocation may have ended meanwhile.
        if self.state is State.INVOKE:
            self._perform(Action.DELIVER)

    async def _spawn(self) -> None:
        if self._blueprint.entrypoint_error is not None:
            self.report_init_error("Runtime.InvalidEntrypoint", b"")
            return
        runtime = self._runtime = await StartedRuntime.open(
            self, self._emulator, self.identity.name, self._blueprint
        )
        spec = process_spec(
            self._blueprint, self.identity, runtime.api.address, self._tmp, runtime.note.writer
        )
        await runtime.spawn(spec, self._output, lambda: self._late(Event.EXIT))

    async def _kill(self) -> None:
        if self._runtime is not None:
            await self._runtime.kill()
        # Only now: where this was cancelled on the way, destroy() has to find what is left.
        self._runtime = None
        self._overheads.reset()
