"""What the page of the live race is told: where it is, and races as they were recorded."""

from __future__ import annotations

from typing import Any, Literal

from lambdameter.model.base import Architecture, Record

# As the gateway sent it: its `type` says what else is in it (docs/deploy.md).
Message = dict[str, Any]


class SourceFile(Record, frozen=True, kw_only=True):
    """A file of a function's code; `path` is from the checkout's root."""

    path: str
    language: str
    text: str


class LiveLane(Record, frozen=True, kw_only=True):
    """One racer; `zip_bytes` is the size of its package."""

    name: str
    title: str
    runtime: str
    zip_bytes: int


class LiveTier(Record, frozen=True, kw_only=True):
    """A memory size, and the share of vCPUs that comes with it."""

    memory_mb: int
    vcpu: float


class Caveat(Record, frozen=True, kw_only=True):
    """What is to be known beside the figures, in one line under a label."""

    label: str
    text: str


class LivePrices(Record, frozen=True, kw_only=True):
    """First volume tier, US dollars.

    Attributes:
        gb_second_usd: of the site's architecture.
        services_usd_per_race: lane -> what one race asks of S3 and DynamoDB.
    """

    per_request_usd: float
    gb_second_usd: float
    services_usd_per_race: dict[str, float]
    as_of: str
    region: str


class LiveSite(Record, frozen=True, kw_only=True):
    """Where races are held, and under which conditions.

    Attributes:
        websocket: the gateway's URL; None: there is none any more, and races are replayed.
        token: what starting a race needs; None: the page asks for it.
        records: how many records a race writes in each lane.
        conditions: a digest of target, region, architecture, records, code and what is enforced
            and modelled: races are compared where it is the same.
        modelled: what of the figures is a model's; None: nothing is, on AWS.
    """

    schema: Literal[2] = 2
    target: Literal["local", "aws"]
    websocket: str | None
    token: str | None
    region: str
    architecture: Architecture
    records: int
    lanes: tuple[LiveLane, ...]
    formats: tuple[str, ...]
    tiers: tuple[LiveTier, ...]
    conditions: str
    caveats: tuple[Caveat, ...]
    modelled: str | None
    prices: LivePrices


class RaceHead(Record, frozen=True, kw_only=True):
    """What stands in a race's race.json; `site` has neither token nor gateway."""

    schema: Literal[2] = 2
    race: str
    site: LiveSite


class RecordedRace(Record, frozen=True, kw_only=True):
    """A race with all that was told of it, in the order in which it came."""

    schema: Literal[2] = 2
    race: str
    site: LiveSite
    messages: tuple[Message, ...]


class LaneOutcome(Record, frozen=True, kw_only=True):
    """What a lane came to, as far as it was told; `failed` is an error's type."""

    total_ms: float | None
    init_ms: float | None
    failed: str | None


class RaceOutcome(Record, frozen=True, kw_only=True):
    """A line in the list of races.

    Attributes:
        conditions: its site's.
        began_ms: Unix epoch, of the first message.
        identical: what the verifier said last; None: it was not asked.
    """

    race: str
    target: Literal["local", "aws"]
    conditions: str
    format: str
    memory_mb: int
    cold: bool
    began_ms: float
    over: bool
    identical: bool | None
    lanes: dict[str, LaneOutcome]


class Unreadable(Record, frozen=True, kw_only=True):
    """A folder among the races that is none, or not any more."""

    folder: str
    cause: str


class RaceList(Record, frozen=True, kw_only=True):
    """All races of a folder, newest first."""

    races: tuple[RaceOutcome, ...]
    unreadable: tuple[Unreadable, ...] = ()
