"""Recorded races, read from their folders."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import msgspec

from lambdameter import versioned
from lambdameter.errors import BadInputError
from lambdameter.model import report_line
from lambdameter.model.race_messages import (
    Clearing,
    Failed,
    Finished,
    RaceMessage,
    Report,
    Started,
    Verified,
)
from lambdameter.model.race_records import (
    SCHEMA,
    LaneSummary,
    RaceHead,
    RaceList,
    RaceSummary,
    RecordedRace,
    UnreadableRace,
)

HEAD = "race.json"
MESSAGES = "messages.ndjson"
# The runner makes the id. It names a folder and comes from outside, so nothing else is accepted.
_ID = re.compile(r"[0-9a-f]{32}")
_Lane = dict[type[RaceMessage], Any]


_RACE = versioned.Format(
    kind=RaceHead,
    schema=SCHEMA,
    content="race",
    owner="race",
    if_unreadable="Remove its folder: without this file the messages cannot be understood.",
    if_other_version="Read the race with the version of lambdameter that recorded it.",
)


def is_id(race: Any) -> TypeGuard[str]:
    """Whether this can be the id of a race."""
    return isinstance(race, str) and _ID.fullmatch(race) is not None


class Recordings:
    """The recorded races in a folder.

    Args:
        folder: the folder of all races; it need not exist.
        named: ids of the races to use; None: all.
    """

    def __init__(self, folder: Path, named: Sequence[str] | None = None) -> None:
        self.folder = folder
        self._named = named
        # Id -> the files' size and time when they were read, and the summary made from them.
        self._summaries: dict[str, tuple[_Stamp, RaceSummary]] = {}

    def read(self, race: str) -> RecordedRace:
        """Read a race by its id.

        Raises:
            BadInputError: there is no such race, or it cannot be read.
        """
        excluded = self._named is not None and race not in self._named
        if not is_id(race) or excluded or not (self.folder / race).is_dir():
            raise BadInputError(
                f"There is no race named {race!r}",
                place=str(self.folder),
                next_step="List this folder with `ls`: each race is a folder, named by its id.",
            )
        return read(self.folder / race)

    def read_all(self, wanted: Sequence[str] | None = None) -> tuple[RecordedRace, ...]:
        """The wanted races in this order; without `wanted`, all that can be read, newest first.

        Raises:
            BadInputError: a wanted or named race does not exist, or cannot be read.
        """
        if wanted is None:
            wanted = self._named or [race.race for race in self.list().races]
        return tuple(self.read(race) for race in wanted)

    def list(self) -> RaceList:
        """A summary of each race, newest first, and the folders that cannot be read."""
        summaries: list[RaceSummary] = []
        unreadable: list[UnreadableRace] = []
        for race in self._ids():
            try:
                summaries.append(self._summary(race))
            except BadInputError as error:
                unreadable.append(UnreadableRace(folder=race, cause=error.cause))
        summaries.sort(key=lambda summary: summary.began_ms, reverse=True)
        return RaceList(races=tuple(summaries), unreadable=tuple(unreadable))

    def _ids(self) -> Sequence[str]:
        if self._named is not None:
            return self._named
        return sorted(path.name for path in self.folder.glob("*") if is_id(path.name))

    def _summary(self, race: str) -> RaceSummary:
        """Made again only if the race's files have changed."""
        stamp = tuple(_stamp(self.folder / race / name) for name in (HEAD, MESSAGES))
        cached = self._summaries.get(race)
        if cached is None or cached[0] != stamp:
            cached = self._summaries[race] = (stamp, summarise(self.read(race)))
        return cached[1]


# Size and modification time of each file; None if it does not exist.
_Stamp = tuple[tuple[int, int] | None, ...]


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def read(folder: Path) -> RecordedRace:
    """Read a race's folder, without what is not a message of this version.

    Raises:
        BadInputError: the folder is not a race, or is damaged.
    """
    head = versioned.read(folder / HEAD, _RACE)
    try:
        *lines, last = (folder / MESSAGES).read_bytes().split(b"\n")
        messages = [*_messages(lines)]
    except (OSError, msgspec.MsgspecError) as failure:
        raise BadInputError(
            f"The messages of the race cannot be read: {failure}",
            place=str(folder / MESSAGES),
            next_step="Remove the folder: its content is not what was recorded.",
        ) from failure
    # The last line is empty, or incomplete if the recorder was killed.
    with contextlib.suppress(msgspec.MsgspecError):
        messages += _messages([last])
    if not messages:
        raise BadInputError(
            "The race has no messages",
            place=str(folder / MESSAGES),
            next_step="Remove the folder: nothing was recorded.",
        )
    return RecordedRace(race=head.race, site=head.site, messages=tuple(messages))


def _messages(lines: Sequence[bytes]) -> Iterator[RaceMessage]:
    """Raises msgspec.DecodeError if a line is not JSON."""
    for line in lines:
        # Functions of another version may have sent other messages.
        with contextlib.suppress(msgspec.ValidationError):
            yield msgspec.json.decode(line, type=RaceMessage)


def summarise(race: RecordedRace) -> RaceSummary:
    """The result of a race, as far as its messages tell. Pure.

    Raises:
        BadInputError: no message tells which race it was.
    """
    start: Clearing | Started | None = None
    verdict: Verified | None = None
    lanes: dict[str, _Lane] = {lane.name: {} for lane in race.site.lanes}
    for message in race.messages:
        if isinstance(message, Clearing | Started):
            start = message
        elif isinstance(message, Verified):
            verdict = message
        elif message.lane in lanes:
            lanes[message.lane][type(message)] = message
    if start is None:
        raise BadInputError(
            "The beginning of the race was not recorded, so its memory size and input are unknown",
            place=race.race,
            next_step="Remove its folder, or keep it: other races are not affected.",
        )
    return RaceSummary(
        race=race.race,
        target=race.site.target,
        conditions=race.site.conditions,
        format=start.format,
        memory_mb=start.memory_mb,
        cold=start.cold,
        began_ms=race.messages[0].at_ms,
        # A racer that could not be invoked has no REPORT line.
        over=all(Report in lane or Failed in lane for lane in lanes.values()),
        identical=verdict.identical if verdict else None,
        lanes={name: _summarise_lane(lane) for name, lane in lanes.items()},
    )


def _summarise_lane(lane: _Lane) -> LaneSummary:
    finished, failed, report = lane.get(Finished), lane.get(Failed), lane.get(Report)
    line = report_line.parse_report(report.report) if report and report.report else None
    return LaneSummary(
        total_ms=finished.answer.total_ms if finished else None,
        init_ms=line.init_ms if line else None,
        failed=failed.error.errorType if failed else None,
    )
