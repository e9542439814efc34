"""Puts invocations on execution environments: the scheduler's decisions, carried out."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from lambdameter.emulator.api_errors import service, too_many_requests
from lambdameter.emulator.blueprint import Blueprint, Surroundings
from lambdameter.emulator.environment import Environment
from lambdameter.emulator.invocation import InvocationRequest, Outcome
from lambdameter.emulator.process_environment import Identity
from lambdameter.emulator.scheduler import Scheduler, Serve, Throttle
from lambdameter.errors import LambdameterError

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
        folder: environments' /tmp are made below it.
        died: resolves with the error that makes every invocation void; None: nothing can.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        folder: Path,
        *,
        scheduler: Scheduler | None = None,
        died: asyncio.Future[LambdameterError] | None = None,
        identify: Callable[[float], Identity] = new_identity,
    ) -> None:
        self._around = surroundings
        self._folder = folder
        self._scheduler = scheduler or Scheduler()
        self._died = died
        self._identify = identify
        self._environments: dict[str, Environment] = {}

    async def invoke(
        self, revision: str, blueprint: Blueprint, request: InvocationRequest
    ) -> Outcome:
        """Handle one event on an environment of this revision.

        Raises:
            ApiError: throttled, or what the environment stands on has failed.
        """
        environment = self._place(revision, blueprint)
        name = environment.identity.name
        try:
            outcome = await self._unless_died(environment.invoke(request))
        except LambdameterError as error:
            self._scheduler.lost(name)
            await self._destroy(name)
            raise service(str(error)) from error
        except BaseException:
            self._scheduler.lost(name)
            await self._destroy(name)
            raise
        if not self._scheduler.released(name, self._around.clock.now_ms()):
            await self._destroy(name)
        return outcome

    async def retire(self, revision: str) -> None:
        """Take a revision's environments out of service."""
        await self._destroy(*self._scheduler.retire(revision))

    async def reap(self) -> None:
        """Reclaim environments that were idle for too long."""
        await self._destroy(*self._scheduler.reap(self._around.clock.now_ms()))

    async def close(self) -> None:
        """Destroy every environment."""
        await self._destroy(*self._environments)

    def _place(self, revision: str, blueprint: Blueprint) -> Environment:
        decision = self._scheduler.place(revision)
        if isinstance(decision, Throttle):
            raise too_many_requests(decision.reason)
        if isinstance(decision, Serve):
            return self._environments[decision.environment]
        identity = self._identify(self._around.clock.epoch_ms())
        tmp = self._folder / identity.name
        tmp.mkdir(parents=True)
        tmp.chmod(_TMP_MODE)
        environment = Environment(identity, blueprint, self._around, str(tmp))
        self._environments[identity.name] = environment
        self._scheduler.started(revision, identity.name)
        return environment

    async def _unless_died(self, invocation: Coroutine[Any, Any, Outcome]) -> Outcome:
        died = self._died
        if died is None:
            return await invocation
        task = asyncio.ensure_future(invocation)
        try:
            await asyncio.wait((task, died), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if died.done():
            task.cancel()
            await asyncio.wait((task,))
            raise died.result()
        return task.result()

    async def _destroy(self, *names: str) -> None:
        gone = [self._environments.pop(name) for name in names if name in self._environments]
        for environment in gone:
            await environment.destroy()
            tmp = self._folder / environment.identity.name
            await asyncio.to_thread(shutil.rmtree, tmp, ignore_errors=True)
