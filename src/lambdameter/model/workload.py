"""What is to be measured: workload.toml, checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from lambdameter.model.base import ParameterValue, Record


class Case(Record, frozen=True, kw_only=True):
    """One input of a workload.

    Attributes:
        object: the file that the generator writes, uploaded to S3; None: it reads none.
        event: the event's template; in its strings {bucket}, {object} and {table} are filled in.
        expected: fields that every answer must have, where no generator says so.
    """

    name: str
    title: str
    object: str | None = None
    event: Any
    expected: dict[str, Any] | None = None


class Variant(Record, frozen=True, kw_only=True):
    """One implementation of a workload.

    Attributes:
        source: folder below the workload's, the root of what is packaged.
        build: how `source` becomes a zip ("copy": as it is; "cargo": `cargo build --release`).
        binary: cargo's binary target, packaged as `bootstrap` ("cargo" alone).
        features: cargo features, in place of the default ones of all crates in its workspace.
        build_environment: variables of that build; only with `features`, which must set apart
            what the variables change, or cargo builds one over the other.
        language: decides the colour, and what is a rewrite of what.
        not_a_candidate: why this variant is measured but never recommended; None for candidates.
            `exhibit` in workload.toml and in run folders.
    """

    name: str
    title: str
    language: str
    runtime: str
    handler: str
    source: str
    build: Literal["copy", "cargo"]
    binary: str | None = None
    features: tuple[str, ...] | None = None
    build_environment: dict[str, str] = {}
    environment: dict[str, str] = {}
    not_a_candidate: str | None = msgspec.field(default=None, name="exhibit")


class TableKey(Record, frozen=True, kw_only=True):
    """One key attribute of a DynamoDB table; `type` is DynamoDB's own letter."""

    name: str
    type: Literal["S", "N", "B"]


class Table(Record, frozen=True, kw_only=True):
    """The table that each trial is given, with the generator's `initial.ndjson` or empty."""

    partition_key: TableKey
    sort_key: TableKey | None = None


class MayDiffer(Record, frozen=True, kw_only=True):
    """A field that two variants may answer or write differently, and why."""

    field: str
    reason: str


class AnswerMayDiffer(MayDiffer, frozen=True, kw_only=True):
    """A field of the answer that may differ: by anything, or by no more than a tolerance.

    Numbers a and b are alike where |a - b| <= max(absolute, relative * max(|a|, |b|)), as
    https://docs.python.org/3/library/math.html#math.isclose has it.

    Attributes:
        absolute, relative: None, both: the field is not compared at all.
    """

    absolute: Annotated[float, Meta(gt=0)] | None = None
    relative: Annotated[float, Meta(gt=0, lt=1)] | None = None

    @property
    def tolerated(self) -> bool:
        """Whether the field is compared, and not ignored."""
        return self.absolute is not None or self.relative is not None


class EqualityRule(Record, frozen=True, kw_only=True):
    """What must be equal: everything, but for the fields named here.

    Attributes:
        errors: when two failures are alike: "type", both failed with the same errorType;
            "message", and with the same errorMessage; "any", both failed.
    """

    table: tuple[MayDiffer, ...] = ()
    response: tuple[AnswerMayDiffer, ...] = ()
    errors: Literal["type", "message", "any"] = "type"


class Phase(Record, frozen=True, kw_only=True):
    """A part of the handler's time: `field` is its dotted path in the response, in ms."""

    name: str
    title: str
    field: str


class ResponseShape(Record, frozen=True, kw_only=True):
    """Where the handler's own figures stand in its response (dotted paths).

    Attributes:
        json_strings: fields that hold JSON as a string, such as an HTTP answer's `body`; all
            else here and in the equality rule reads them as that JSON.
        count: how many units of work were done; None: a call is one unit. `unit` names one.
        total: the handler's own total, ms; None: it has none, and Duration is compared.
    """

    json_strings: tuple[str, ...] = ()
    count: str | None = None
    unit: str = "call"
    total: str | None = None
    phases: tuple[Phase, ...] = ()


class Calls(Record, frozen=True, kw_only=True):
    """What the parameters are in a cold and in a warm call, where they are not the defaults."""

    cold: dict[str, ParameterValue] = {}
    warm: dict[str, ParameterValue] = {}


class ServiceUse(Record, frozen=True, kw_only=True):
    """What one call asks for besides table writes (those are counted in the table).

    Attributes:
        operation: the request, or the capacity unit, by which the price list has it.
        requests: how many; half a read unit is what an eventually consistent read takes.
        cases: whose calls ask for it; empty: all.
    """

    service: str
    operation: str
    requests: int | float
    cases: tuple[str, ...] = ()


class Workload(Record, frozen=True, kw_only=True):
    """A task, its variants and its cases: workload.toml, checked.

    Attributes:
        root: absolute path of the folder that holds workload.toml.
        generator: a Python script below root (its contract: workload/loader.py). None: there is
            no table and no object, and each case says itself what is expected.
        input_schema: a file below root, the JSON Schema of events; None: there is none.
        timeout_s: the function's timeout, seconds.
        memory_mb: the tiers that are measured unless others are asked for.
        rounds: environments of each cell, unless another number is asked for; None: 20, or as many
            as a run of ten minutes holds.
        warm_calls: in each environment, unless another number is asked for; None: 15, or fewer.
        default_variants: those that are measured unless others are asked for; empty: all.
    """

    name: str
    title: str
    root: str
    timeout_s: int
    parameters: dict[str, ParameterValue] = {}
    calls: Calls = Calls()
    generator: str | None = None
    input_schema: str | None = None
    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]
    response: ResponseShape
    memory_mb: tuple[int, ...] = (1024,)
    rounds: int | None = None
    warm_calls: int | None = None
    default_variants: tuple[str, ...] = ()
    table: Table | None = None
    equality: EqualityRule = EqualityRule()
    service_use: tuple[ServiceUse, ...] = ()
