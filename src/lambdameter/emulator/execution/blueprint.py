"""What an execution environment is made from, and what it needs around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import msgspec

from lambdameter.emulator.clock import Clock
from lambdameter.emulator.execution.overheads import Overheads
from lambdameter.emulator.execution.process_environment import (
    Endpoints,
    FunctionFacts,
    Identity,
    process_environment,
)
from lambdameter.emulator.execution.runtime_api.peer import RuntimePeer
from lambdameter.emulator.sandbox.base import ProcessSpec, Sandbox
from lambdameter.model.sample import ServiceTime


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """What every environment of one function version is made from.

    Attributes:
        mounts: as in ProcessSpec, without /tmp.
        endpoints: of the local services; None: there are no local services.
        entrypoint_error: why there is nothing to start; None where there is.
        package_bytes: the size of the zip.
        overheads: the model of what AWS adds; None: nothing is added.
        connections: the URL of the WebSocket API's @connections; None: there is no such API.
    """

    facts: FunctionFacts
    arn: str
    timeout_s: int
    argv: tuple[str, ...]
    mounts: dict[str, str]
    region: str
    endpoints: Endpoints | None = None
    entrypoint_error: str | None = None
    package_bytes: int = 0
    overheads: Overheads | None = None
    connections: str | None = None

    @property
    def timeout_ms(self) -> float:
        """The function's timeout."""
        return self.timeout_s * 1000.0


class Address(Protocol):
    """A Runtime API that listens."""

    @property
    def address(self) -> str:
        """host:port."""
        ...

    def close(self) -> None:
        """Close it, and every connection to it."""
        ...


def process_spec(
    blueprint: Blueprint, identity: Identity, runtime_api: str, tmp: str, start_note: int
) -> ProcessSpec:
    """The process of one environment.

    Args:
        blueprint: what the environment is made from.
        identity: its names and credentials.
        runtime_api: host:port of its Runtime API.
        tmp: its own folder on the host.
        start_note: as in ProcessSpec.
    """
    return ProcessSpec(
        argv=blueprint.argv,
        environment=process_environment(
            blueprint.facts,
            identity,
            region=blueprint.region,
            runtime_api=runtime_api,
            endpoints=blueprint.endpoints,
            connections=blueprint.connections,
        ),
        mounts=blueprint.mounts | {"/tmp": tmp},  # noqa: S108 - the path inside
        start_note=start_note,
    )


class EmulatorServices(NamedTuple):
    """What environments need of the emulator.

    Attributes:
        enclose: makes the sandbox of an environment, by its name.
        listen: opens a Runtime API.
        usage: what the local services have done so far for an access key id; None: there are no
            local services.
        forget: called when an access key id will not be used again.
        awake: entered while an invocation runs.
    """

    enclose: Callable[[str, Blueprint], Sandbox]
    clock: Clock
    listen: Callable[[RuntimePeer], Awaitable[Address]]
    usage: Callable[[str], Awaitable[ServiceTime | None]]
    forget: Callable[[str], Awaitable[None]]
    awake: AbstractContextManager[None]
