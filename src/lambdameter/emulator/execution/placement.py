"""Places invocations on execution environments: carries out the scheduler's decisions."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from lambdameter.emulator.control.api_errors import service, too_many_requests
from lambdameter.emulator.execution.blueprint import Blueprint, EmulatorServices
from lambdameter.emulator.execution.environment import Environment
from lambdameter.emulator.execution.invocation import InvocationRequest, Outcome
from lambdameter.emulator.execution.process_environment import Identity
from lambdameter.emulator.execution.scheduler import Scheduler, Serve, Throttle
from lambdameter.errors import LambdameterError, TargetError

_KEY_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KEY_LETTERS = 16
_TMP_MODE = 0o1777


def new_identity(epoch_ms: float) -> Identity:
    """A new environment's names and credentials."""
    name = secrets.token_hex(16)
    day = dt.datetime.fromtimestamp(epoch_ms / 1000, tz=dt.UTC).strftime("%Y/%m/%d")
    return Identity(
        name=name,
        # The form of temporary credentials, which are an execution role's:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
        access_key_id="ASIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(_KEY_LETTERS)),
        secret_access_key=secrets.token_urlsafe(30),
        session_token=secrets.token_urlsafe(48),
        log_stream=f"{day}/[$LATEST]{name}",
    )


class Placement:
    """All execution environments.

    Args:
        emulator: what environments need of the emulator.
        folder: the folder below which the environments' /tmp are made.
        scheduler: decides which environment serves.
        died: resolves with the error after which no invocation is valid any more; None: there is
            nothing that can fail so.
        identify: makes the identity of a new environment, from the time since 1970 in ms.
    """

    def __init__(
        self,
        emulator: EmulatorServices,
        folder: Path,
        *,
        scheduler: Scheduler | None = None,
        died: asyncio.Future[LambdameterError] | None = None,
        identify: Callable[[float], Identity] = new_identity,
    ) -> None:
        self._emulator = emulator
        self.died = died
        self._folder = folder
        self._scheduler = scheduler or Scheduler()
        self._identify = identify
        self._environments: dict[str, Environment] = {}
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._going: set[asyncio.Task[None]] = set()
        self._ended: LambdameterError | None = None
        if died is not None:
            died.add_done_callback(lambda future: self._end(future.result()))

    async def invoke(
        self, revision: str, blueprint: Blueprint, request: InvocationRequest
    ) -> Outcome:
        """Handle one event on an environment of this revision.

        Raises:
            ApiError: the invocation is throttled, or the sandbox or the local services failed.
        """
        try:
            environment = self._place(revision, blueprint)
        except OSError as error:
            raise service(str(error)) from error
        name = environment.identity.name
        try:
            with self._until_ended(), self._emulator.awake:
                outcome = await environment.invoke(request)
        except BaseException as error:
            self._scheduler.lost(name)
            await self._destroy(name)
            if isinstance(error, LambdameterError | OSError):
                raise service(str(error)) from error
            raise
        if not self._scheduler.released(name, self._emulator.clock.now_ms()):
            await self._destroy(name)
        return outcome

    async def retire(self, revision: str) -> None:
        """Take a revision's environments out of service."""
        await self._destroy(*self._scheduler.retire(revision))

    async def reap(self) -> None:
        """Reclaim environments that were idle for too long."""
        await self._destroy(*self._scheduler.reap(self._emulator.clock.now_ms()))

    async def close(self) -> None:
        """End every invocation and destroy every environment."""
        self._end(
            TargetError("The emulator is shutting down", next_step="Start the emulator again.")
        )
        if self._in_flight:
            await asyncio.wait(tuple(self._in_flight))
        await self._destroy(*self._environments)
        if self._going:
            await asyncio.wait(self._going)

    def _end(self, reason: LambdameterError) -> None:
        """Serve nothing from now on, for this reason; invocations in flight end at once."""
        self._ended = self._ended or reason
        for task in self._in_flight:
            task.cancel()

    @contextlib.contextmanager
    def _until_ended(self) -> Iterator[None]:
        """Cancel the running task when `_end` is called; it then gets the reason as its error."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._in_flight.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._ended is None or task.uncancel() > 0:
                raise
            raise self._ended from None
        finally:
            self._in_flight.discard(task)

    def _place(self, revision: str, blueprint: Blueprint) -> Environment:
        if self._ended is not None:
            raise service(str(self._ended))
        decision = self._scheduler.place(revision)
        if isinstance(decision, Throttle):
            raise too_many_requests(decision.reason)
        if isinstance(decision, Serve):
            return self._environments[decision.environment]
        identity = self._identify(self._emulator.clock.epoch_ms())
        tmp = self._folder / identity.name
        tmp.mkdir(parents=True)
        tmp.chmod(_TMP_MODE)
        environment = Environment(identity, blueprint, self._emulator, str(tmp))
        self._environments[identity.name] = environment
        self._scheduler.started(revision, identity.name)
        return environment

    async def _destroy(self, *names: str) -> None:
        """Destroy these environments at the same time, also when the caller is cancelled."""
        retired = [self._environments.pop(name) for name in names if name in self._environments]
        tasks = [asyncio.ensure_future(self._remove(environment)) for environment in retired]
        for task in tasks:
            self._going.add(task)
            task.add_done_callback(self._going.discard)
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            task.result()

    async def _remove(self, environment: Environment) -> None:
        try:
            await environment.destroy()
        finally:
            tmp = self._folder / environment.identity.name
            await asyncio.to_thread(shutil.rmtree, tmp, ignore_errors=True)
        await self._emulator.forget(environment.identity.access_key_id)
