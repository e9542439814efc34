"""Recorded races, read back from their folders."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import msgspec

from lambdameter import versioned
from lambdameter.errors import BadInputError
from lambdameter.model import report_line
from lambdameter.model.live import (
    LaneOutcome,
    Message,
    RaceHead,
    RaceList,
    RaceOutcome,
    RecordedRace,
    Unreadable,
)

HEAD = "race.json"
MESSAGES = "messages.ndjson"
SCHEMA = 2
# What the runner makes; it becomes a folder's name, and comes from outside.
_ID = re.compile(r"[0-9a-f]{32}")


_RACE = versioned.Format(
    kind=RaceHead,
    schema=SCHEMA,
    content="race",
    owner="race",
    if_unreadable="Remove its folder: without this file the messages cannot be understood.",
    if_other_version="Read the race with the version of lambdameter that recorded it.",
)


def is_id(race: Any) -> TypeGuard[str]:
    """Whether it can be the name of a race."""
    return isinstance(race, str) and _ID.fullmatch(race) is not None


class Races:
    """The races in a folder.

    Args:
        out: the folder; it need not be there.
        named: those of them that are meant; None: all.
    """

    def __init__(self, out: Path, named: Sequence[str] | None = None) -> None:
        self.out = out
        self._named = named
        # Folder -> what its files were like when it was read, and what became of the race.
        self._known: dict[str, tuple[_Stamp, RaceOutcome]] = {}

    def ids(self) -> list[str]:
        """Of what lies there."""
        if self._named is not None:
            return list(self._named)
        return sorted(one.name for one in self.out.glob("*") if is_id(one.name))

    def read(self, race: str) -> RecordedRace:
        """One of them.

        Raises:
            BadInputError: there is no such race, or it cannot be read.
        """
        meant = self._named is None or race in self._named
        if not is_id(race) or not meant or not (self.out / race).is_dir():
            raise BadInputError(
                f"There is no race named {race!r}",
                place=str(self.out),
                next_step="List this folder with `ls`: each race is a folder, named by its id.",
            )
        return read(self.out / race)

    def every(self, wanted: Sequence[str] | None = None) -> tuple[RecordedRace, ...]:
        """Those that are wanted, else named, in that order; else what can be read, newest first.

        Raises:
            BadInputError: one that is wanted or named is not there, or cannot be read.
        """
        if wanted is None:
            wanted = self._named or [one.race for one in self.list().races]
        return tuple(self.read(race) for race in wanted)

    def list(self) -> RaceList:
        """What became of each, newest first; a folder that cannot be read does not hide others."""
        found: list[RaceOutcome] = []
        lost: list[Unreadable] = []
        for race in self.ids():
            try:
                found.append(self._outcome(race))
            except BadInputError as error:
                lost.append(Unreadable(folder=race, cause=error.cause))
        found.sort(key=lambda one: one.began_ms, reverse=True)
        return RaceList(races=tuple(found), unreadable=tuple(lost))

    def _outcome(self, race: str) -> RaceOutcome:
        """Read where something was written since it was read last."""
        stamp = tuple(_stamp(self.out / race / name) for name in (HEAD, MESSAGES))
        known = self._known.get(race)
        if known is None or known[0] != stamp:
            known = self._known[race] = (stamp, outcome(self.read(race)))
        return known[1]


# Size and time of the last change of each file; None: it is not there.
_Stamp = tuple[tuple[int, int] | None, ...]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns


def read(folder: Path) -> RecordedRace:
    """A race's folder; a last line that was cut off is left out.

    Raises:
        BadInputError: it is none, or not whole.
    """
    head = versioned.read(folder / HEAD, _RACE)
    try:
        *lines, last = (folder / MESSAGES).read_bytes().split(b"\n")
        messages = [msgspec.json.decode(line, type=Message) for line in lines]
    except (OSError, msgspec.MsgspecError) as failure:
        raise BadInputError(
            f"The messages of the race cannot be read: {failure}",
            place=str(folder / MESSAGES),
            next_step="Remove the folder: its content is not what was recorded.",
        ) from failure
    # Empty, or what a killed recorder had begun to write.
    with contextlib.suppress(msgspec.MsgspecError):
        messages.append(msgspec.json.decode(last, type=Message))
    if not messages:
        raise BadInputError(
            "The race has no messages",
            place=str(folder / MESSAGES),
            next_step="Remove the folder: nothing was recorded.",
        )
    return RecordedRace(race=head.race, site=head.site, messages=tuple(messages))


class _Answer(msgspec.Struct):
    total_ms: float | None = None


class _Error(msgspec.Struct):
    errorType: str = ""  # noqa: N815 - Lambda's name


class _Told(msgspec.Struct):
    """What of a message the list is made from."""

    type: str
    lane: str = ""
    format: str = ""
    memory_mb: int = 0
    cold: bool = False
    identical: bool | None = None
    answer: _Answer = msgspec.field(default_factory=_Answer)
    error: _Error = msgspec.field(default_factory=_Error)
    report: str | None = None


def outcome(race: RecordedRace) -> RaceOutcome:
    """What became of a race, as far as was told. Pure.

    Raises:
        BadInputError: nobody told what was raced.
    """
    about, identical = _Told(type=""), None
    lanes: dict[str, dict[str, _Told]] = {lane.name: {} for lane in race.site.lanes}
    for message in race.messages:
        try:
            told = msgspec.convert(message, _Told)
        except msgspec.ValidationError:
            continue  # whoever sent it was none of the race's functions
        if told.type in {"clearing", "started"}:
            about = told
        elif told.type == "verified":
            identical = told.identical
        elif told.lane in lanes:
            lanes[told.lane][told.type] = told
    if not about.format:
        raise BadInputError(
            "The beginning of the race was not recorded, so the racers are not known",
            place=race.race,
            next_step="Remove its folder, or keep it: other races are not affected.",
        )
    return RaceOutcome(
        race=race.race,
        target=race.site.target,
        conditions=race.site.conditions,
        format=about.format,
        memory_mb=about.memory_mb,
        cold=about.cold,
        began_ms=_began_ms(race),
        over=all(_has_ended(lane) for lane in lanes.values()),
        identical=identical,
        lanes={name: _lane(lane) for name, lane in lanes.items()},
    )


def _began_ms(race: RecordedRace) -> float:
    at_ms = race.messages[0].get("at_ms")
    return float(at_ms) if isinstance(at_ms, int | float) else 0.0


def _has_ended(lane: dict[str, _Told]) -> bool:
    # A racer that could not even be asked has no REPORT line.
    return "report" in lane or "failed" in lane


def _lane(lane: dict[str, _Told]) -> LaneOutcome:
    finished, failed, said = lane.get("finished"), lane.get("failed"), lane.get("report")
    report = report_line.parse_report(said.report) if said and said.report else None
    return LaneOutcome(
        total_ms=finished.answer.total_ms if finished else None,
        init_ms=report.init_ms if report else None,
        failed=failed.error.errorType if failed else None,
    )
