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
        mounts: as in ProcessSpec, /tmp apart.
        entrypoint_error: why there is nothing to start; None where there is.
        package_bytes: the size of the zip.
        overheads: what AWS would add; None: nothing is added.
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


class Address(Protocol):
    """An open Runtime API."""

    @property
    def address(self) -> str:
        """host:port."""
        ...

    def close(self) -> None:
        """Close it, and every connection to it."""
        ...


def process_spec(
    blueprint: Blueprint, identity: Identity, api: Address, tmp: str, start_note: int
) -> ProcessSpec:
    """The process of one environment; `tmp` is its own folder on the host."""
    return ProcessSpec(
        argv=blueprint.argv,
        environment=process_environment(
            blueprint.facts,
            identity,
            region=blueprint.region,
            runtime_api=api.address,
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
        usage: what the data plane has done so far for an access key id; None: there is none.
        forget: that access key id will not be used again.
        awake: entered while an invocation runs.
    """

    enclose: Callable[[str, Blueprint], Sandbox]
    clock: Clock
    listen: Callable[[RuntimePeer], Awaitable[Address]]
    usage: Callable[[str], Awaitable[ServiceTime | None]]
    forget: Callable[[str], Awaitable[None]]
    awake: AbstractContextManager[None]
