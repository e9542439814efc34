"""A workload: workload.toml, checked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from lambdameter.model.base import ParameterValue, Record


class Case(Record, frozen=True, kw_only=True):
    """One input of a workload.

    Attributes:
        object: the file that the generator writes, uploaded to S3; None: the case has no object.
        event: template of the event; {bucket}, {object} and {table} in its strings are replaced.
        expected: fields that every answer must have, if there is no generator.
    """

    name: str
    title: str
    object: str | None = None
    event: Any
    expected: dict[str, Any] | None = None


class Variant(Record, frozen=True, kw_only=True):
    """One implementation of a workload.

    Attributes:
        source: folder below the workload's: the root of the package.
        build: how `source` becomes a zip ("copy": unchanged; "cargo": `cargo build --release`).
        binary: cargo's binary target, packaged as `bootstrap` ("cargo" only).
        features: cargo features, instead of the default features of all crates in the workspace.
        build_environment: variables of the build, only with `features`: the features must
            distinguish what the variables change, or cargo overwrites one build by the other.
        language: determines the colour, and which variants are rewrites of others.
        not_a_candidate: why this variant is measured but never recommended; None for candidates.
            `exhibit` in run folders.
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
    """The table of each trial, with the items of the generator's `initial.ndjson`, if any."""

    partition_key: TableKey
    sort_key: TableKey | None = None


class MayDiffer(Record, frozen=True, kw_only=True):
    """A field of which two variants may answer or write different values, and why."""

    field: str
    reason: str


class AnswerMayDiffer(MayDiffer, frozen=True, kw_only=True):
    """A field of the answer that may differ, by any amount or within a tolerance.

    Numbers a and b are alike if |a - b| <= max(absolute, relative * max(|a|, |b|)), as in
    https://docs.python.org/3/library/math.html#math.isclose.

    Attributes:
        absolute, relative: the tolerances; the field is not compared at all if both are None.
    """

    absolute: Annotated[float, Meta(gt=0)] | None = None
    relative: Annotated[float, Meta(gt=0, lt=1)] | None = None

    @property
    def tolerated(self) -> bool:
        """Whether the field has a tolerance; other fields are ignored."""
        return self.absolute is not None or self.relative is not None


class EqualityRule(Record, frozen=True, kw_only=True):
    """What must be equal: everything except these fields.

    Attributes:
        errors: when two failures are alike: "type": they have the same errorType; "message": also
            the same errorMessage; "any": always.
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
    """The places of the handler's own figures in its response (dotted paths).

    Attributes:
        json_strings: fields that hold JSON as a string, such as an HTTP answer's `body`; all other
            paths and the equality rule see the parsed JSON.
        count: units of work of a call; None: a call is one unit. `unit` is the unit's name.
        total: the handler's own total, ms; None: Duration is compared.
    """

    json_strings: tuple[str, ...] = ()
    count: str | None = None
    unit: str = "call"
    total: str | None = None
    phases: tuple[Phase, ...] = ()


class Calls(Record, frozen=True, kw_only=True):
    """Parameters of cold and of warm calls that differ from the defaults."""

    cold: dict[str, ParameterValue] = {}
    warm: dict[str, ParameterValue] = {}


class ServiceUse(Record, frozen=True, kw_only=True):
    """Requests of one call to a service, besides table writes, which are counted in the table.

    Attributes:
        operation: the request or the capacity unit, as the price list names it.
        requests: number of requests; an eventually consistent read takes half a read unit.
        cases: names of the cases whose calls make these requests; empty: all.
    """

    service: str
    operation: str
    requests: int | float
    cases: tuple[str, ...] = ()


class Workload(Record, frozen=True, kw_only=True):
    """A task with its variants and cases.

    Attributes:
        root: absolute path of the folder with workload.toml.
        generator: a Python script below `root` (its contract is in workload/loader.py). None: the
            workload has no table and no object, and each case has its expected result.
        input_schema: the file below `root` with the JSON Schema of events; None: there is none.
        timeout_s: the function's timeout, seconds.
        memory_mb: the default memory sizes.
        rounds: default number of environments per cell; None: 20, or fewer, so that a run takes at
            most ten minutes.
        warm_calls: default number of warm calls in each environment; None: 15, or fewer.
        default_variants: names of the variants that are measured by default; empty: all.
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
