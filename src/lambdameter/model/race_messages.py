"""The messages of the live race, as one tagged union for each direction.

These structs are the only definition: `scripts/race/messages.py` makes `race/messages/schema.json`
and the page's `messages.ts` from them. The race's functions run without this package; their tests
decode everything that they send as these structs.

A field that a message has beyond these is ignored, because functions on AWS may be newer.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from lambdameter.model.base import Record

Format = Literal["csv", "json"]
Phase = Literal["download", "parse", "write"]
Action = Literal["warmup", "run", "verify"]
Count = Annotated[int, Meta(ge=0)]


class _Open(Record, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """Ignores fields that it does not know."""


class _Message(_Open, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """The `type` is the struct's name in lower case."""


class Accepted(_Message, frozen=True, kw_only=True):
    """The request was accepted; what it causes follows in other messages."""

    action: str


class Refused(_Message, frozen=True, kw_only=True):
    """The request was refused, or could not be carried out."""

    action: str
    reason: str


class Warmed(_Message, frozen=True, kw_only=True):
    """A racer was invoked without a task.

    Attributes:
        at_ms: Unix time in ms, by the sender's clock; the same in every message below.
        report: the REPORT line; null if Lambda returned none.
        error: the type of the error; null if there was none.
    """

    at_ms: float
    lane: str
    memory_mb: Count
    report: str | None
    error: str | None


class _OfRace(_Message, frozen=True, kw_only=True):
    race: str
    at_ms: float


class _OfLane(_OfRace, frozen=True, kw_only=True):
    lane: str


class Clearing(_OfRace, frozen=True, kw_only=True):
    """The runner empties both tables and sets the racers' memory size.

    Attributes:
        cold: new execution environments were requested.
    """

    format: Format
    memory_mb: Count
    cold: bool


class Started(_OfRace, frozen=True, kw_only=True):
    """The runner invokes both racers, in this order."""

    format: Format
    memory_mb: Count
    cold: bool
    order: tuple[str, ...]


class Running(_OfLane, frozen=True, kw_only=True):
    """A racer's handler begins.

    Attributes:
        cold: this is the first invocation of its execution environment.
    """

    cold: bool


class PhaseStarted(_OfLane, frozen=True, kw_only=True, tag="phase"):
    """A racer begins a phase of the workload."""

    phase: Phase


class Progress(_OfLane, frozen=True, kw_only=True):
    """A racer has written this many records; sent after every 1,000."""

    records: Count


class InvalidRecord(_Open, frozen=True, kw_only=True):
    """A record of the input that the workload rejected; `record` counts from 1."""

    record: Count
    field: str
    reason: str


class InvalidRecords(_Open, frozen=True, kw_only=True):
    """How many records were rejected, and the first of them."""

    count: Count
    first: tuple[InvalidRecord, ...]


class PhaseTimes(_Open, frozen=True, kw_only=True):
    """The time that each phase took."""

    s3_ms: float
    parse_ms: float
    write_ms: float


class Answer(_Open, frozen=True, kw_only=True):
    """The workload's own answer, as described in its README."""

    records: Count
    written: Count
    invalid: InvalidRecords
    retried_items: Count
    total_ms: float
    phases: PhaseTimes


class Finished(_OfLane, frozen=True, kw_only=True):
    """A racer has written all records.

    Attributes:
        telling_ms: the part of the answer's times that sending messages took.
    """

    answer: Answer
    telling_ms: float


class LambdaError(_Open, frozen=True, kw_only=True):
    """An error as Lambda names and explains it."""

    errorType: str  # noqa: N815 - Lambda's name
    errorMessage: str | UnsetType = UNSET  # noqa: N815 - Lambda's name


class Failed(_OfLane, frozen=True, kw_only=True):
    """A racer failed, died, or could not be invoked."""

    error: LambdaError


class Report(_OfLane, frozen=True, kw_only=True):
    """What Lambda says about a racer's invocation.

    Attributes:
        report: the REPORT line; null if Lambda returned none.
        headers: the `x-lambdameter-*` headers of the local Lambda.
    """

    report: str | None
    headers: dict[str, str]


class TableContent(_Open, frozen=True, kw_only=True):
    """How many records a table has, and SHA-256 over all of them."""

    count: Count
    digest: str


class FieldDifference(_Open, frozen=True, kw_only=True):
    """A field with another value than expected; null if it is missing."""

    field: str
    expected: Any
    actual: Any


class RecordDifference(_Open, frozen=True, kw_only=True):
    """A record with other fields than expected."""

    key: str
    fields: tuple[FieldDifference, ...]


class LaneContent(TableContent, frozen=True, kw_only=True):
    """How a lane's table differs from the expected records, and the first differences."""

    missing: Count
    extra: Count
    changed: Count
    first: tuple[RecordDifference, ...]


class Verified(_OfRace, frozen=True, kw_only=True):
    """Every record of both tables was compared with the expected records.

    Attributes:
        identical: both tables hold exactly the expected records.
    """

    identical: bool
    expected: TableContent
    lanes: dict[str, LaneContent]


RaceMessage = (
    Clearing | Started | Running | PhaseStarted | Progress | Finished | Failed | Report | Verified
)
Message = RaceMessage | Warmed | Accepted | Refused


class _Request(_Open, frozen=True, kw_only=True, tag_field="action"):
    """A message from the page; its `action` is the route of the WebSocket API."""


class WarmUpRequest(_Request, frozen=True, kw_only=True, tag="warmup"):
    """Invoke both racers without a task."""

    token: str
    memory_mb: Count


class RunRequest(_Request, frozen=True, kw_only=True, tag="run"):
    """Start a race; `cold` requests new execution environments."""

    token: str
    format: Format
    memory_mb: Count
    cold: bool


class VerifyRequest(_Request, frozen=True, kw_only=True, tag="verify"):
    """Compare both tables with the expected records."""


Request = WarmUpRequest | RunRequest | VerifyRequest
