"""What is to be measured: workload.toml, checked."""

from __future__ import annotations

from typing import Any, Literal

from lambdameter.model.base import ParameterValue, Record


class Case(Record, frozen=True, kw_only=True):
    """One input of a workload.

    Attributes:
        object: the file that the generator writes; uploaded to S3 under this key.
        event: the event's template; in its strings {bucket}, {object} and {table} are filled in.
    """

    name: str
    title: str
    object: str
    event: dict[str, Any]


class Variant(Record, frozen=True, kw_only=True):
    """One implementation of a workload.

    Attributes:
        source: folder below the workload's, the root of what is packaged.
        build: how `source` becomes a zip ("copy": as it is; "cargo": `cargo build --release`).
        binary: cargo's binary target, packaged as `bootstrap` ("cargo" alone).
        language: decides the colour, nothing else.
    """

    name: str
    title: str
    language: str
    runtime: str
    handler: str
    source: str
    build: Literal["copy", "cargo"]
    binary: str | None = None
    environment: dict[str, str] = {}


class TableKey(Record, frozen=True, kw_only=True):
    """One key attribute of a DynamoDB table; `type` is DynamoDB's own letter."""

    name: str
    type: Literal["S", "N", "B"]


class Table(Record, frozen=True, kw_only=True):
    """The table that each trial is given empty."""

    partition_key: TableKey
    sort_key: TableKey | None = None


class MayDiffer(Record, frozen=True, kw_only=True):
    """A field that two variants may answer or write differently, and why."""

    field: str
    reason: str


class EqualityRule(Record, frozen=True, kw_only=True):
    """What must be equal: everything, but for the fields named here."""

    table: tuple[MayDiffer, ...] = ()
    response: tuple[MayDiffer, ...] = ()


class Phase(Record, frozen=True, kw_only=True):
    """A part of the handler's time: `field` is its dotted path in the response, in ms."""

    name: str
    title: str
    field: str


class ResponseShape(Record, frozen=True, kw_only=True):
    """Where the handler's own figures stand in its response (dotted paths).

    Attributes:
        count: how many units of work were done; `unit` names one.
        total: the handler's own total, ms.
    """

    count: str
    unit: str
    total: str
    phases: tuple[Phase, ...] = ()


class Calls(Record, frozen=True, kw_only=True):
    """What the parameters are in a cold and in a warm call, where they are not the defaults."""

    cold: dict[str, ParameterValue] = {}
    warm: dict[str, ParameterValue] = {}


class ServiceUse(Record, frozen=True, kw_only=True):
    """Requests that one call makes besides table writes (those are counted in the table)."""

    service: str
    operation: str
    requests: int


class Workload(Record, frozen=True, kw_only=True):
    """A task, its variants and its cases: workload.toml, checked.

    Attributes:
        root: absolute path of the folder that holds workload.toml.
        generator: a Python script below root; see workload.py for its contract.
        timeout_s: the function's timeout, seconds.
        default_variants: those that are measured unless others are asked for; empty: all.
    """

    name: str
    title: str
    root: str
    timeout_s: int
    parameters: dict[str, ParameterValue]
    calls: Calls
    generator: str
    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]
    response: ResponseShape
    default_variants: tuple[str, ...] = ()
    table: Table | None = None
    equality: EqualityRule = EqualityRule()
    service_use: tuple[ServiceUse, ...] = ()
