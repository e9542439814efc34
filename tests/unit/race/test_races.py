from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambdameter.errors import BadInputError
from lambdameter.model.live import LaneOutcome, LiveSite, RecordedRace
from lambdameter.race import races
from lambdameter.race.races import Races
from lambdameter.race.recorder import Recorder

ONE, ANOTHER = "1" * 32, "2" * 32
Told = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def out(tmp_path: Path, site: LiveSite, told: Told) -> Path:
    """Two recorded races; the other one began later."""
    recorder = Recorder(tmp_path, site)
    for message in told(ONE, 1_000.0) + told(ANOTHER, 2_000.0):
        recorder.hear(json.dumps(message))
    return tmp_path


def test_races_are_listed_with_the_newest_first(out: Path) -> None:
    listed = Races(out).list()
    assert [one.race for one in listed.races] == [ANOTHER, ONE]
    assert listed.unreadable == ()


def test_no_folder_is_no_race(tmp_path: Path) -> None:
    assert Races(tmp_path / "none").list().races == ()


def test_what_is_no_race_is_not_listed(out: Path) -> None:
    (out / "notes").mkdir()
    (out / "x.txt").touch()
    assert len(Races(out).list().races) == 2


def test_only_the_named_ones_are_meant(out: Path) -> None:
    named = Races(out, (ONE,))
    assert [one.race for one in named.list().races] == [ONE]
    with pytest.raises(BadInputError, match="There is no race"):
        named.read(ANOTHER)


@pytest.mark.parametrize("race", ["3" * 32, "", "..", "../../etc/passwd", "x"])
def test_a_race_that_is_not_there_is_bad_input(out: Path, race: str) -> None:
    with pytest.raises(BadInputError, match="There is no race") as told:
        Races(out).read(race)
    assert told.value.place == str(out)


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
    with pytest.raises(BadInputError) as told:
        Races(out).read(ONE)
    listed = Races(out).list()
    assert [one.race for one in listed.races] == [ANOTHER]
    assert [(one.folder, one.cause) for one in listed.unreadable] == [(ONE, told.value.cause)]


def test_a_race_of_which_nobody_said_what_was_raced_is_told_as_unreadable(
    tmp_path: Path, site: LiveSite, told: Told
) -> None:
    recorder = Recorder(tmp_path, site)
    for message in told(ONE)[2:]:
        recorder.hear(json.dumps(message))
    listed = Races(tmp_path).list()
    assert listed.races == ()
    assert [one.folder for one in listed.unreadable] == [ONE]
    assert "so the racers are not known" in listed.unreadable[0].cause


def test_only_races_that_changed_are_read_again(
    out: Path, site: LiveSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Races(out)
    before = known.list()
    read: list[str] = []
    whole = races.read

    def noted(folder: Path) -> RecordedRace:
        read.append(folder.name)
        return whole(folder)

    monkeypatch.setattr(races, "read", noted)
    assert known.list() == before
    assert read == []
    verdict = {"type": "verified", "race": ONE, "identical": True}
    Recorder(out, site).hear(json.dumps(verdict))
    assert [one.identical for one in known.list().races] == [None, True]
    assert read == [ONE]


def test_a_last_line_that_was_cut_off_is_left_out(out: Path, told: Told) -> None:
    file = out / ONE / "messages.ndjson"
    file.write_bytes(file.read_bytes()[:-20])
    assert list(Races(out).read(ONE).messages) == told(ONE, 1_000.0)[:-1]


def outcome(site: LiveSite, messages: list[dict[str, Any]]) -> Any:
    return races.outcome(RecordedRace(race=ONE, site=site, messages=tuple(messages)))


def test_what_became_of_a_race(site: LiveSite, told: Told) -> None:
    came = outcome(site, told())
    assert (came.format, came.memory_mb, came.cold) == ("csv", 512, True)
    assert (came.target, came.conditions) == ("local", site.conditions)
    assert (came.began_ms, came.over, came.identical) == (1_000.0, True, None)
    failed = LaneOutcome(total_ms=None, init_ms=None, failed="Runtime.OutOfMemory")
    finished = LaneOutcome(total_ms=4.5, init_ms=200.0, failed=None)
    assert came.lanes == {"python": failed, "rust": finished}


@pytest.mark.parametrize(("messages", "over"), [(1, False), (5, False), (6, False), (7, True)])
def test_a_race_is_over_when_each_lane_has_ended(
    site: LiveSite, told: Told, messages: int, *, over: bool
) -> None:
    assert outcome(site, told()[:messages]).over is over


def test_a_message_that_came_twice_changes_nothing(site: LiveSite, told: Told) -> None:
    assert outcome(site, told() + told()[2:]) == outcome(site, told())


def test_the_last_verdict_counts(site: LiveSite, told: Told) -> None:
    verdicts = [{"type": "verified", "race": ONE, "identical": one} for one in (False, True)]
    assert outcome(site, [*told(), *verdicts]).identical is True


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"type": 7},
        {"type": "progress", "lane": "go"},
        {"type": "progress", "lane": ["python"]},
        {"type": "finished", "lane": "rust", "answer": None},
        {"type": "failed", "lane": "rust", "error": "text"},
        {"type": "report", "lane": "rust", "report": 7},
    ],
)
def test_a_message_that_says_something_else_breaks_nothing(
    site: LiveSite, told: Told, odd: dict[str, Any]
) -> None:
    assert outcome(site, [*told(), odd]).race == ONE
