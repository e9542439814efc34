from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.errors import BadInputError
from lambdameter.model.race_messages import RaceMessage
from lambdameter.model.race_records import LaneSummary, RaceSite, RecordedRace
from lambdameter.race import recordings
from lambdameter.race.recorder import Recorder
from lambdameter.race.recordings import Recordings

ONE, ANOTHER = "1" * 32, "2" * 32
Messages = Callable[..., list[dict[str, Any]]]


def messages(race: RecordedRace) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(msgspec.json.encode(race.messages))
    return read


@pytest.fixture
def out(tmp_path: Path, site: RaceSite, whole_race: Messages) -> Path:
    """Two recorded races; the other one began later."""
    recorder = Recorder(tmp_path, site)
    for message in whole_race(ONE, 1_000.0) + whole_race(ANOTHER, 2_000.0):
        recorder.record(json.dumps(message))
    return tmp_path


def test_races_are_listed_with_the_newest_first(out: Path) -> None:
    listed = Recordings(out).list()
    assert [summary.race for summary in listed.races] == [ANOTHER, ONE]
    assert listed.unreadable == ()


def test_no_folder_is_no_race(tmp_path: Path) -> None:
    assert Recordings(tmp_path / "none").list().races == ()


def test_what_is_no_race_is_not_listed(out: Path) -> None:
    (out / "notes").mkdir()
    (out / "x.txt").touch()
    assert len(Recordings(out).list().races) == 2


def test_only_the_named_ones_are_meant(out: Path) -> None:
    named = Recordings(out, (ONE,))
    assert [summary.race for summary in named.list().races] == [ONE]
    with pytest.raises(BadInputError, match="There is no race"):
        named.read(ANOTHER)


@pytest.mark.parametrize("race", ["3" * 32, "", "..", "../../etc/passwd", "x"])
def test_a_race_that_is_not_there_is_bad_input(out: Path, race: str) -> None:
    with pytest.raises(BadInputError, match="There is no race") as error:
        Recordings(out).read(race)
    assert error.value.place == str(out)


BREAKS = {
    "head missing": lambda folder: (folder / "race.json").unlink(),
    "head no JSON": lambda folder: (folder / "race.json").write_text("{"),
    "head of another format": lambda folder: (folder / "race.json").write_text('{"schema": 1}'),
    "messages missing": lambda folder: (folder / "messages.ndjson").unlink(),
    "messages empty": lambda folder: (folder / "messages.ndjson").write_text(""),
    "a broken line": lambda folder: (folder / "messages.ndjson").write_text('{}\n{"a\n{}\n'),
    "no object": lambda folder: (folder / "messages.ndjson").write_text("[]\n"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_broken_race_is_told_and_hides_no_other(out: Path, how: str) -> None:
    BREAKS[how](out / ONE)
    with pytest.raises(BadInputError) as error:
        Recordings(out).read(ONE)
    listed = Recordings(out).list()
    assert [summary.race for summary in listed.races] == [ANOTHER]
    assert [(lost.folder, lost.cause) for lost in listed.unreadable] == [(ONE, error.value.cause)]


def test_a_race_of_which_nobody_said_what_was_raced_is_told_as_unreadable(
    tmp_path: Path, site: RaceSite, whole_race: Messages
) -> None:
    recorder = Recorder(tmp_path, site)
    for message in whole_race(ONE)[2:]:
        recorder.record(json.dumps(message))
    listed = Recordings(tmp_path).list()
    assert listed.races == ()
    assert [lost.folder for lost in listed.unreadable] == [ONE]
    assert "memory size and input are unknown" in listed.unreadable[0].cause


def test_only_races_that_changed_are_read_again(
    out: Path, site: RaceSite, verified: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Recordings(out)
    before = known.list()
    read: list[str] = []
    whole = recordings.read

    def noted(folder: Path) -> RecordedRace:
        read.append(folder.name)
        return whole(folder)

    monkeypatch.setattr(recordings, "read", noted)
    assert known.list() == before
    assert read == []
    Recorder(out, site).record(json.dumps(verified(ONE, identical=True)))
    assert [summary.identical for summary in known.list().races] == [None, True]
    assert read == [ONE]


def test_a_last_line_that_was_cut_off_is_left_out(out: Path, whole_race: Messages) -> None:
    file = out / ONE / "messages.ndjson"
    file.write_bytes(file.read_bytes()[:-20])
    assert messages(Recordings(out).read(ONE)) == whole_race(ONE, 1_000.0)[:-1]


def test_a_message_of_another_version_is_left_out_of_a_recording(
    out: Path, whole_race: Messages
) -> None:
    file = out / ONE / "messages.ndjson"
    file.write_text('{"type": "won", "race": "1", "at_ms": 0}\n' + file.read_text())
    assert messages(Recordings(out).read(ONE)) == whole_race()


def test_a_field_that_only_older_functions_sent_is_ignored(out: Path) -> None:
    error = {"errorType": "KeyError"}
    about = {"race": ONE, "lane": "rust", "at_ms": 1.0}
    failed = {"type": "failed", "error": error, "telling_ms": 3.5} | about
    (out / ONE / "messages.ndjson").write_text(json.dumps(failed) + "\n")
    assert messages(Recordings(out).read(ONE)) == [{"type": "failed", "error": error} | about]


def summarise(site: RaceSite, messages: list[dict[str, Any]]) -> Any:
    typed = msgspec.convert(tuple(messages), tuple[RaceMessage, ...])
    return recordings.summarise(RecordedRace(race=ONE, site=site, messages=typed))


def test_the_result_of_a_race(site: RaceSite, whole_race: Messages) -> None:
    summary = summarise(site, whole_race())
    assert (summary.format, summary.memory_mb, summary.cold) == ("csv", 512, True)
    assert (summary.target, summary.conditions) == ("local", site.conditions)
    assert (summary.began_ms, summary.over, summary.identical) == (1_000.0, True, None)
    failed = LaneSummary(total_ms=None, init_ms=None, failed="Runtime.OutOfMemory")
    finished = LaneSummary(total_ms=4.5, init_ms=200.0, failed=None)
    assert summary.lanes == {"python": failed, "rust": finished}


@pytest.mark.parametrize(("messages", "over"), [(1, False), (5, False), (6, False), (7, True)])
def test_a_race_is_over_when_each_lane_has_ended(
    site: RaceSite, whole_race: Messages, messages: int, *, over: bool
) -> None:
    assert summarise(site, whole_race()[:messages]).over is over


def test_a_message_that_came_twice_changes_nothing(site: RaceSite, whole_race: Messages) -> None:
    twice = whole_race() + whole_race()[2:]
    assert summarise(site, twice) == summarise(site, whole_race())


def test_the_last_verdict_counts(site: RaceSite, whole_race: Messages, verified: Any) -> None:
    verdicts = [verified(identical=identical) for identical in (False, True)]
    assert summarise(site, [*whole_race(), *verdicts]).identical is True


def test_a_message_of_a_lane_that_the_site_does_not_have_breaks_nothing(
    site: RaceSite, whole_race: Messages
) -> None:
    other = {"type": "progress", "race": ONE, "lane": "go", "at_ms": 1.0, "records": 1_000}
    assert summarise(site, [*whole_race(), other]) == summarise(site, whole_race())
