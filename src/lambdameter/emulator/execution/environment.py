"""One execution environment: the lifecycle's table, a sandbox, a meter and a Runtime API.

It has no thread and no loop of its own: the runtime's requests, the process and the timers feed
events into the table; `invoke` drives it and waits for the end of each phase.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec

from lambdameter.emulator.execution import failures, metering
from lambdameter.emulator.execution.additions import Additions
from lambdameter.emulator.execution.blueprint import (
    Address,
    Blueprint,
    EmulatorServices,
    process_spec,
)
from lambdameter.emulator.execution.failures import FUNCTION_ERROR, Failure
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.execution.lifecycle import (
    Action,
    Event,
    InvalidTransitionError,
    State,
    transition,
)
from lambdameter.emulator.execution.log import InvocationLog
from lambdameter.emulator.execution.metering import Ending, Reading, Span, Tier
from lambdameter.emulator.execution.process import FunctionProcess
from lambdameter.emulator.execution.process_environment import Identity
from lambdameter.emulator.execution.runtime_api.answers import InvalidRequestIdError
from lambdameter.emulator.execution.runtime_api.peer import Delivery
from lambdameter.emulator.execution.start_note import StartNote
from lambdameter.emulator.sandbox.base import Counters, Sandbox
from lambdameter.errors import LambdameterError
from lambdameter.model.sample import Meter, ServiceTime

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
INIT_LIMIT_MS = 10_000.0

_UNUSED = Counters(cpu_ms=0.0, throttled_ms=0.0, peak_memory_mb=0.0, oom_kills=0, lost_ms=0.0)


class Environment:
    """One execution environment; it serves one invocation at a time."""

    def __init__(
        self, identity: Identity, blueprint: Blueprint, surroundings: EmulatorServices, tmp: str
    ) -> None:
        self.identity = identity
        self.state = State.NEW
        self._blueprint = blueprint
        self._around = surroundings
        self._clock = surroundings.clock
        self._tmp = tmp
        self._sandbox: Sandbox | None = None
        self._process: FunctionProcess | None = None
        self._start_note: StartNote | None = None
        self._additions = Additions(blueprint.overheads, blueprint.package_bytes)
        self._api: Address | None = None
        self._log = InvocationLog()
        self._settled: asyncio.Future[None] | None = None
        self._waiting: asyncio.Future[Delivery | None] | None = None
        self._request: InvocationRequest | None = None
        self._answer: tuple[bytes, str | None] | None = None
        self._ending: Ending | None = None
        self._failed_by: Event | None = None
        self._init_error: tuple[str, bytes] | None = None
        self._init: Counters | None = None
        self._service: ServiceTime | None = None
        self._resting = _UNUSED
        self._started = Reading(at_ms=0.0, counters=_UNUSED)
        self._stopped_ms = 0.0
        self._event_ms = 0.0
        self._deadline_ms = 0.0
        self._delivered = False
        self._perform: dict[Action, Callable[[], None]] = {
            Action.FREEZE: self._freeze,
            Action.THAW: self._thaw,
            Action.THROTTLE: self._throttle,
            Action.START_CLOCK: self._start_clock,
            Action.STOP_CLOCK: self._stop_clock,
            Action.CHARGE: self._charge,
            Action.DELIVER: self._deliver,
            Action.SETTLE: self._settle,
        }

    # --- driven by the scheduler -------------------------------------------------------------

    async def invoke(self, request: InvocationRequest) -> Outcome:
        """Handle one event, with the Init phase before it where nothing runs yet.

        Raises:
            LambdameterError: the sandbox or the data plane failed; the environment is unusable.
        """
        self._log = InvocationLog()
        init_ms = await self._initialise() if self.state is State.NEW else None
        if self.state is State.FAILED:
            await self._drive(Event.CLEAN)
        self._request = request
        self._answer = self._ending = self._failed_by = self._init_error = None
        self._delivered = False
        await self._phase(Event.INVOKE, self._blueprint.timeout_s * 1000.0)
        return await self._finish(request, init_ms)

    async def destroy(self) -> None:
        """Reclaim it, whatever it is doing. May be called twice."""
        if self.state is not State.DEAD:
            await self._drive(Event.DESTROY)

    async def _initialise(self) -> float | None:
        """The Init phase: its duration, ms; None where it failed and is to be retried."""
        began_ms = self._clock.now_ms()
        await self._phase(Event.START, INIT_LIMIT_MS)
        init_ms = self._event_ms - self._began(began_ms)
        await self._drain()
        counters = self._counters()
        if self.state is State.IDLE:
            self._init = counters
            self._service = await self._around.usage(self.identity.access_key_id)
            added_ms = self._additions.after_init(counters, self._service)
            if added_ms:
                await self._clock.wait(added_ms)
            return init_ms + added_ms
        status, error_type = self._init_failure(counters)
        self._log.init_report(init_ms, "init", status, error_type)
        return None

    def _began(self, not_before_ms: float) -> float:
        """When a phase began: where the runtime started in it, with that.

        Limits run from before that, so one that ran into its limit is counted from there too.
        """
        started_ms = self._start_note.at_ms() if self._start_note else None
        if started_ms is None or self._failed_by is Event.TIMEOUT:
            return not_before_ms
        return max(not_before_ms, started_ms)

    async def _phase(self, event: Event, limit_ms: float) -> None:
        settled = self._settled = asyncio.get_running_loop().create_future()
        timer = self._clock.call_later(limit_ms, lambda: self._late(Event.TIMEOUT))
        try:
            await self._drive(event)
            await settled
        finally:
            timer.cancel()

    async def _finish(self, request: InvocationRequest, init_ms: float | None) -> Outcome:
        await self._drain()
        end = Reading(at_ms=self._stopped_ms, counters=self._counters())
        start = msgspec.structs.replace(self._started, at_ms=self._began(self._started.at_ms))
        modelled = self._additions.of(end.counters)
        failure = self._failure(request, end.counters) if self.state is State.FAILED else None
        if not self._delivered:
            status, error_type = self._init_failure(end.counters)
            init_took_ms = self._stopped_ms - start.at_ms
            self._log.init_report(init_took_ms, "invoke", status, error_type)
            self._log.start(request.request_id)
        report = metering.report(
            request.request_id,
            Tier(
                memory_mb=self._blueprint.facts.memory_mb,
                timeout_ms=self._blueprint.timeout_s * 1000.0,
                reserved_mb=modelled.memory_mb if modelled else 0.0,
            ),
            Span(start=start, end=end, init_ms=init_ms),
            self._ending or (failure.ending if failure else Ending()),
        )
        self._log.end(report, failure.log if failure else "")
        if self.state is State.FAILED:
            await self._drive(Event.CLEAN)
        # Last: what it did until it was frozen or killed is this invocation's.
        service = await self._around.usage(self.identity.access_key_id)
        meter = msgspec.structs.replace(self._meter(end, service), modelled=modelled)
        # The first answer wins: what a runtime does after it cannot take it back.
        payload, error = self._answer or (failure.payload if failure else b"", FUNCTION_ERROR)
        self._request = None
        return Outcome(payload, error, self._log, report, meter)

    def _meter(self, end: Reading, service: ServiceTime | None) -> Meter:
        before, self._service = self._service, service
        init, self._init = self._init, None
        return metering.meter(
            environment=self.identity.name,
            start=self._started.counters,
            end=end.counters,
            init=init,
            service=metering.service_difference(before, self._service),
        )

    def _failure(self, request: InvocationRequest, counters: Counters) -> Failure:
        if self._failed_by is Event.TIMEOUT:
            return failures.timed_out(
                request.request_id, self._blueprint.timeout_s, self._clock.epoch_ms()
            )
        if self._blueprint.entrypoint_error is not None:
            return failures.no_entrypoint(request.request_id, self._blueprint.entrypoint_error)
        if self._init_error is not None:
            error_type, payload = self._init_error
            return failures.init_failed(payload, error_type)
        returncode = self._process.returncode if self._process else None
        return failures.exited(
            request.request_id, returncode or 0, out_of_memory=self._out_of_memory(counters)
        )

    def _init_failure(self, counters: Counters) -> tuple[str, str | None]:
        if self._failed_by is Event.TIMEOUT:
            return "timeout", None
        if self._init_error is not None:
            return "error", self._init_error[0]
        oom = self._out_of_memory(counters)
        return "error", "Runtime.OutOfMemory" if oom else "Runtime.ExitError"

    def _out_of_memory(self, counters: Counters) -> bool:
        return (counters.oom_kills or 0) > (self._started.counters.oom_kills or 0)

    # --- the runtime, the process and the timers -----------------------------------------------

    def next_event(self) -> asyncio.Future[Delivery | None]:
        """GET /runtime/invocation/next."""
        transition(self.state, Event.NEXT)
        waiting: asyncio.Future[Delivery | None] = asyncio.get_running_loop().create_future()
        earlier, self._waiting = self._waiting, waiting
        _resolve(earlier, None)
        self._happen(Event.NEXT)
        return waiting

    def respond(self, request_id: str, payload: bytes | None) -> None:
        """POST /runtime/invocation/{request id}/response."""
        self._check(request_id)
        self._happen(Event.RESPONSE)
        if payload is not None:
            self._answer = (payload, None)
        else:
            too_large = failures.response_too_large()
            self._answer, self._ending = (too_large.payload, FUNCTION_ERROR), too_large.ending

    def report_error(self, request_id: str, payload: bytes) -> None:
        """POST /runtime/invocation/{request id}/error."""
        self._check(request_id)
        self._happen(Event.ERROR)
        self._answer = (payload, FUNCTION_ERROR)

    def report_init_error(self, error_type: str, payload: bytes) -> None:
        """POST /runtime/init/error."""
        transition(self.state, Event.INIT_ERROR)
        self._init_error = (error_type, payload)
        self._happen(Event.INIT_ERROR)

    def _check(self, request_id: str) -> None:
        if self._request is None or self._request.request_id != request_id:
            raise InvalidRequestIdError

    def _late(self, event: Event) -> None:
        """A timer or an exit: too late where the phase has just ended."""
        with contextlib.suppress(InvalidTransitionError):
            self._happen(event)

    # --- the table -----------------------------------------------------------------------------

    def _enter(self, event: Event) -> tuple[Action, ...]:
        state, actions = transition(self.state, event)
        self._event_ms = self._clock.now_ms()
        if state is State.FAILED and self.state is not State.FAILED:
            self._failed_by = event
        self.state = state
        return actions

    def _happen(self, event: Event) -> None:
        try:
            for action in self._enter(event):
                self._perform[action]()
        except LambdameterError as error:
            # Not the fault of whoever told us: it is the phase that cannot go on.
            if self._settled is not None and not self._settled.done():
                self._settled.set_exception(error)

    async def _drive(self, event: Event) -> None:
        for action in self._enter(event):
            if action is Action.SPAWN:
                await self._spawn()
            elif action is Action.KILL:
                await self._kill()
            elif action is Action.DELIVER:
                await self._deliver_by_and_by()
            else:
                self._perform[action]()

    @property
    def _enclosed(self) -> Sandbox:
        if self._sandbox is None:
            raise InvalidTransitionError(self.state, Event.INVOKE)
        return self._sandbox

    def _freeze(self) -> None:
        self._enclosed.freeze()

    def _thaw(self) -> None:
        self._enclosed.thaw()

    def _throttle(self) -> None:
        self._enclosed.throttle()

    def _charge(self) -> None:
        overheads = self._blueprint.overheads
        if overheads is not None and overheads.invocation.cpu_ms:
            self._enclosed.charge(overheads.invocation.cpu_ms / 2)

    def _counters(self) -> Counters:
        self._resting = self._sandbox.counters() if self._sandbox else _UNUSED
        return self._resting

    def _start_clock(self) -> None:
        # Frozen or not there at all, it has used nothing since the last reading.
        self._deadline_ms = self._clock.epoch_ms() + self._blueprint.timeout_s * 1000.0
        self._started = Reading(at_ms=self._clock.now_ms(), counters=self._resting)

    def _stop_clock(self) -> None:
        self._stopped_ms = self._event_ms

    def _settle(self) -> None:
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)

    def _deliver(self) -> None:
        request = self._request
        if request is None:
            raise InvalidTransitionError(self.state, Event.NEXT)
        self._delivered = True
        self._log.start(request.request_id)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(self._deadline_ms)),
            "Lambda-Runtime-Invoked-Function-Arn": self._blueprint.arn,
            **request.headers,
        }
        waiting, self._waiting = self._waiting, None
        _resolve(waiting, Delivery(headers=headers, payload=request.payload))

    async def _deliver_by_and_by(self) -> None:
        """As much later as AWS has to do for it, within Duration."""
        overheads = self._blueprint.overheads
        if overheads is not None and overheads.invocation.ms:
            await self._clock.wait(overheads.invocation.ms)
        # It may have ended meanwhile.
        if self.state is State.INVOKE:
            self._deliver()

    async def _spawn(self) -> None:
        if self._blueprint.entrypoint_error is not None:
            self._init_error = ("Runtime.InvalidEntrypoint", b"")
            self._happen(Event.INIT_ERROR)
            return
        self._api = await self._around.listen(self)
        self._sandbox = self._around.enclose(self.identity.name, self._blueprint)
        note = self._start_note = StartNote()
        inside = process_spec(self._blueprint, self.identity, self._api, self._tmp, note.writer)
        spawned = await self._sandbox.spawn(inside)
        note.handed_over()
        self._process = FunctionProcess(spawned, self._output, lambda: self._late(Event.EXIT))

    def _output(self, data: bytes) -> None:
        self._log.output(data)

    async def _drain(self) -> None:
        if self._process is not None:
            await self._process.drain()

    async def _kill(self) -> None:
        waiting, self._waiting = self._waiting, None
        _resolve(waiting, None)
        if self._process is not None:
            self._process.disown()
        if self._sandbox is not None:
            await self._sandbox.destroy()
        if self._process is not None:
            await self._process.ended()
        if self._api is not None:
            self._api.close()
        if self._start_note is not None:
            self._start_note.close()
        # Only now: where this was cancelled on the way, destroy() has to find what is left.
        self._api = self._process = self._sandbox = self._start_note = None
        self._resting = _UNUSED
        self._additions.reset()


def _resolve(future: asyncio.Future[Delivery | None] | None, value: Delivery | None) -> None:
    if future is not None and not future.done():
        future.set_result(value)
