"""Starts the local services, `lambdameter-services`, and watches them.

The program prints one JSON line when it is ready and ends at the end of its stdin, so it cannot
outlive the emulator. If it ends before that, what functions do is not valid any more: `died`
carries the error to every invocation.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import re
from pathlib import Path

import msgspec

from lambdameter.emulator.services.admin_client import AdminClient
from lambdameter.errors import BadInputError, HostError, LambdameterError, TargetError
from lambdameter.model.sample import ServiceTime

START_LIMIT_S = 30.0
_STOP_LIMIT_S = 10.0
_STDERR_LINES = 10
_CHANGE_BYTES = 8
_PREFIX = "lambdameter-services: "
# cause (place). next step. See crates/services/src/refusal.rs.
_REFUSAL = re.compile(r"(.*) \(([^()]*)\)\. (.*)")


class ServicesReady(msgspec.Struct, frozen=True, kw_only=True):
    """The line that the program prints when it is ready.

    Attributes:
        dynamodb, s3, admin: URLs.
        ca_bundle: the file of its certificate authority.
        changes: a file whose content changes whenever the usage of any access key id does.
        engines: service -> name and version of its engine.
        latency_model, faults: as in TargetInfo.
    """

    dynamodb: str
    s3: str
    admin: str
    ca_bundle: str
    changes: str
    engines: dict[str, str]
    latency_model: str | None
    faults: str | None = None


class Services:
    """The running program; make it with `Services.start`.

    Attributes:
        ready: what it printed.
        died: resolves with the error if the program ends before `close`.
    """

    def __init__(self, process: asyncio.subprocess.Process, ready: ServicesReady) -> None:
        self.ready = ready
        self.died: asyncio.Future[LambdameterError] = asyncio.get_running_loop().create_future()
        self._process = process
        self._admin = AdminClient(ready.admin)
        self._changes = os.open(ready.changes, os.O_RDONLY | os.O_CLOEXEC)
        self._usages: dict[str, tuple[bytes, ServiceTime]] = {}
        self._last_lines: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        self._closing = False
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def start(
        cls, program: Path, *arguments: str, limit_s: float = START_LIMIT_S
    ) -> Services:
        """Start the program and wait for its line.

        Raises:
            BadInputError: it refused an option.
            HostError: it cannot be started, or it is not ready in time.
        """
        process = await asyncio.create_subprocess_exec(
            str(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            ready = await asyncio.wait_for(_first_line(process), limit_s)
        except (TimeoutError, msgspec.DecodeError) as error:
            why = (
                f"they were not ready within {limit_s:g} s"
                if isinstance(error, TimeoutError)
                else "they did not print their ready line"
            )
            # A program that closed its stdout is about to end by itself, with an exit status.
            grace_s = 0.0 if isinstance(error, TimeoutError) else _STOP_LIMIT_S
            complaint = await _end(process, grace_s)
            if process.returncode == BadInputError.exit_code:
                message = complaint.removeprefix(_PREFIX)
                refusal = _REFUSAL.fullmatch(message)
                raise BadInputError(
                    f"The local services refused an option: {refusal[1] if refusal else message}",
                    place=refusal[2] if refusal else None,
                    next_step=refusal[3] if refusal else "Correct this option.",
                ) from error
            raise HostError(
                f"The local services did not start: {why}"
                + (f", with the message: {complaint}" * bool(complaint)),
                place=str(program),
                next_step="To see their output, run them by hand with --state and an empty folder.",
            ) from error
        except BaseException:
            await _end(process, 0.0)
            raise
        services = cls(process, ready)
        services._tasks = (
            asyncio.ensure_future(services._listen()),
            asyncio.ensure_future(services._watch()),
        )
        return services

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._process.pid

    async def usage(self, access_key_id: str) -> ServiceTime:
        """What was done so far with this access key id.

        The program is asked only if it has done anything since the last time: for a function that
        calls no service, asking would be most of an invocation's cost.

        Raises:
            LambdameterError: the program has died, or does not answer.
        """
        if self.died.done():
            raise self.died.result()
        change = os.pread(self._changes, _CHANGE_BYTES, 0)
        last_change, usage = self._usages.get(access_key_id, (None, None))
        if usage is not None and last_change == change:
            return usage
        try:
            usage = await self._admin.usage(access_key_id)
        except OSError as error:
            # If the program has died, that is about to be noticed.
            await asyncio.wait((self.died,), timeout=_STOP_LIMIT_S)
            raise self._death() from error
        self._usages[access_key_id] = (change, usage)
        return usage

    async def forget(self, access_key_id: str) -> None:
        """Delete what is known of this access key id."""
        self._usages.pop(access_key_id, None)
        if not (self._closing or self.died.done()):
            with contextlib.suppress(OSError):
                await self._admin.forget(access_key_id)

    def _death(self) -> LambdameterError:
        if self.died.done():
            return self.died.result()
        return TargetError(
            "The local services do not answer any more",
            place="lambdameter-services",
            next_step="Continue with `lambdameter run --resume DIR`, or start again.",
        )

    async def close(self) -> None:
        """End the program by the end of its stdin; where that does not help, kill it.

        Raises:
            LambdameterError: it had died before.
        """
        self._closing = True
        self._admin.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        _, late = await asyncio.wait(self._tasks, timeout=_STOP_LIMIT_S)
        if late:
            for task in late:
                task.cancel()
            await asyncio.wait(late)
            await _end(self._process, 0.0)
        os.close(self._changes)
        if self.died.done():
            raise self.died.result()

    async def _listen(self) -> None:
        stderr = self._process.stderr
        while stderr is not None and (line := await stderr.readline()):
            self._last_lines.append(line.decode(errors="replace").rstrip())

    async def _watch(self) -> None:
        # Nothing more is expected on stdout, but a full pipe would stop the program.
        if self._process.stdout is not None:
            await self._process.stdout.read()
        returncode = await self._process.wait()
        if self._closing and returncode == 0:
            return
        await asyncio.wait(self._tasks[:1], timeout=1.0)
        message = "\n".join(self._last_lines)
        self.died.set_result(
            TargetError(
                f"The local services died (exit status {returncode})"
                + (f", with the message: {message}" if message else ", without a message"),
                place="lambdameter-services",
                next_step="Continue with `lambdameter run --resume DIR`, or start again.",
            )
        )


async def _first_line(process: asyncio.subprocess.Process) -> ServicesReady:
    line = await process.stdout.readline() if process.stdout else b""
    return msgspec.json.decode(line, type=ServicesReady)


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> str:
    """What the process wrote last, after it ended by itself within `grace_s` or was killed."""
    try:
        _, complaint = await asyncio.wait_for(process.communicate(), grace_s)
    except TimeoutError:
        process.kill()
        _, complaint = await process.communicate()
    return (complaint or b"").decode(errors="replace").strip()
