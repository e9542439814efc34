"""What the page server and an export give the page: the site of the races, and recorded races."""

from __future__ import annotations

from typing import Literal

import msgspec

from lambdameter.model.base import Architecture, Record
from lambdameter.model.race_messages import Count, Format, RaceMessage

SCHEMA: Literal[2] = 2
TargetName = Literal["local", "aws"]


class SourceFile(Record, frozen=True, kw_only=True):
    """A file of a function's code; `path` is relative to the checkout's root."""

    path: str
    language: str
    text: str


class RaceLane(Record, frozen=True, kw_only=True):
    """A racer; `zip_bytes` is its package size."""

    name: str
    title: str
    runtime: str
    zip_bytes: Count


class MemorySize(Record, frozen=True, kw_only=True):
    """A memory size, and the share of a vCPU that Lambda gives with it."""

    memory_mb: Count
    vcpu: float


class SiteCaveat(Record, frozen=True, kw_only=True):
    """What limits the figures, in one line under a label."""

    label: str
    text: str


class RacePrices(Record, frozen=True, kw_only=True):
    """List prices in US dollars, at the first volume tier.

    Attributes:
        gb_second_usd: for the site's architecture.
        services_usd_per_race: lane -> what S3 and DynamoDB charge for the requests of one race.
    """

    per_request_usd: float
    gb_second_usd: float
    services_usd_per_race: dict[str, float]
    as_of: str
    region: str


class RaceSite(Record, frozen=True, kw_only=True):
    """Where races run, and under which conditions.

    Attributes:
        websocket: URL of the WebSocket API; null if races are only replayed.
        token: the token that starting a race needs; null if the page asks the user.
        records: number of records that a race writes in each lane.
        memory_sizes: what the page offers; the JSON key is `tiers`.
        conditions: digest of target, region, architecture, number of records, code, and of what is
            enforced and modelled. Races are compared only if it is the same.
        modelled: the figures that come from a model; null on AWS.
    """

    schema: Literal[2] = SCHEMA
    target: TargetName
    websocket: str | None
    token: str | None
    region: str
    architecture: Architecture
    records: Count
    lanes: tuple[RaceLane, ...]
    formats: tuple[Format, ...]
    memory_sizes: tuple[MemorySize, ...] = msgspec.field(name="tiers")
    conditions: str
    caveats: tuple[SiteCaveat, ...]
    modelled: str | None
    prices: RacePrices


class RaceHead(Record, frozen=True, kw_only=True):
    """The content of a race's race.json; `site` has neither token nor WebSocket URL."""

    schema: Literal[2] = SCHEMA
    race: str
    site: RaceSite


class RecordedRace(RaceHead, frozen=True, kw_only=True):
    """A race with all its messages, in the order in which they arrived."""

    messages: tuple[RaceMessage, ...]


class LaneSummary(Record, frozen=True, kw_only=True):
    """The result of a lane, as far as it is known; `failed` is the type of the error."""

    total_ms: float | None
    init_ms: float | None
    failed: str | None


class RaceSummary(Record, frozen=True, kw_only=True):
    """An entry in the list of races.

    Attributes:
        conditions: as in the race's site.
        began_ms: Unix time of the first message.
        over: every lane has ended.
        identical: the verifier's last verdict; null if the race was not verified.
    """

    race: str
    target: TargetName
    conditions: str
    format: Format
    memory_mb: Count
    cold: bool
    began_ms: float
    over: bool
    identical: bool | None
    lanes: dict[str, LaneSummary]


class UnreadableRace(Record, frozen=True, kw_only=True):
    """A race's folder that cannot be read."""

    folder: str
    cause: str


class RaceList(Record, frozen=True, kw_only=True):
    """All races of a folder, newest first."""

    races: tuple[RaceSummary, ...]
    unreadable: tuple[UnreadableRace, ...] = ()


class DeployedCode(Record, frozen=True, kw_only=True):
    """The source code of each lane's racer."""

    lanes: dict[str, tuple[SourceFile, ...]]


class ExportedRaces(Record, frozen=True, kw_only=True):
    """The data inside an exported page."""

    site: RaceSite
    races: tuple[RecordedRace, ...]
    code: DeployedCode | None
