"""Starts the data plane, `lambdameter-services`, and watches over it.

It prints one JSON line when it is ready and ends at the end of its stdin, so it cannot outlive
the emulator. If it ends before that, nothing that a function did can be trusted any more:
`died` carries the error to every invocation.
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
_SAYS = "lambdameter-services: "
# cause (place). next step. See crates/services/src/refusal.rs.
_REFUSAL = re.compile(r"(.*) \(([^()]*)\)\. (.*)")


class ServicesReady(msgspec.Struct, frozen=True, kw_only=True):
    """The line that the data plane prints: URLs, files, engine names with versions.

    Attributes:
        changes: a file whose content differs whenever any caller's usage does.
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
    """The running data plane; make it with `Services.start`."""

    def __init__(self, process: asyncio.subprocess.Process, ready: ServicesReady) -> None:
        self.ready = ready
        self.died: asyncio.Future[LambdameterError] = asyncio.get_running_loop().create_future()
        self._process = process
        self._admin = AdminClient(ready.admin)
        self._changes = os.open(ready.changes, os.O_RDONLY | os.O_CLOEXEC)
        self._known: dict[str, tuple[bytes, ServiceTime]] = {}
        self._last_words: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        self._closing = False
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    @classmethod
    async def start(
        cls, program: Path, *arguments: str, limit_s: float = START_LIMIT_S
    ) -> Services:
        """Start it and wait for its line.

        Raises:
            BadInputError: it refused an option.
            HostError: it cannot be started, ends, or says nothing in time.
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
            # What closed its stdout is about to end by itself, with its own exit status.
            grace_s = 0.0 if isinstance(error, TimeoutError) else _STOP_LIMIT_S
            complaint = await _end(process, grace_s)
            if process.returncode == BadInputError.exit_code:
                told = complaint.removeprefix(_SAYS)
                refusal = _REFUSAL.fullmatch(told)
                raise BadInputError(
                    f"The local services refused an option: {refusal[1] if refusal else told}",
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
        """Of its process."""
        return self._process.pid

    async def usage(self, access_key_id: str) -> ServiceTime:
        """What was done so far with this access key id.

        The data plane is not asked where it has done nothing at all since it was last asked: for
        a function that calls no service, asking would be most of what an invocation costs.

        Raises:
            LambdameterError: the data plane has died, or does not answer.
        """
        if self.died.done():
            raise self.died.result()
        change = os.pread(self._changes, _CHANGE_BYTES, 0)
        known = self._known.get(access_key_id)
        if known is not None and known[0] == change:
            return known[1]
        try:
            usage = await self._admin.usage(access_key_id)
        except OSError as error:
            # Its end is about to be noticed, if it is one.
            await asyncio.wait((self.died,), timeout=_STOP_LIMIT_S)
            raise self._death() from error
        self._known[access_key_id] = (change, usage)
        return usage

    async def forget(self, access_key_id: str) -> None:
        """Nothing will be asked about this access key id any more."""
        self._known.pop(access_key_id, None)
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
        """End it, by the end of its stdin; by force where that does not help.

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
            self._last_words.append(line.decode(errors="replace").rstrip())

    async def _watch(self) -> None:
        # stdout has nothing more to say, but a full pipe would stop it.
        if self._process.stdout is not None:
            await self._process.stdout.read()
        returncode = await self._process.wait()
        if self._closing and returncode == 0:
            return
        await asyncio.wait(self._tasks[:1], timeout=1.0)
        words = "\n".join(self._last_words)
        self.died.set_result(
            TargetError(
                f"The local services died (exit status {returncode})"
                + (f", with the message: {words}" if words else ", without a message"),
                place="lambdameter-services",
                next_step="Continue with `lambdameter run --resume DIR`, or start again.",
            )
        )


async def _first_line(process: asyncio.subprocess.Process) -> ServicesReady:
    line = await process.stdout.readline() if process.stdout else b""
    return msgspec.json.decode(line, type=ServicesReady)


async def _end(process: asyncio.subprocess.Process, grace_s: float) -> str:
    """Its last words, after it ended by itself within the grace or by force."""
    try:
        _, complaint = await asyncio.wait_for(process.communicate(), grace_s)
    except TimeoutError:
        process.kill()
        _, complaint = await process.communicate()
    return (complaint or b"").decode(errors="replace").strip()
