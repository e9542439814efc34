from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lambdameter.emulator.execution.start_note import StartNote
from lambdameter.errors import HostError


@pytest.fixture
def note() -> Iterator[StartNote]:
    made = StartNote()
    yield made
    made.close()


def test_what_was_not_noted_has_not_begun(note: StartNote) -> None:
    assert note.at_ms() is None


def test_the_note_is_read_whenever_somebody_asks_and_asks_again(note: StartNote) -> None:
    assert note.at_ms() is None
    os.write(note.writer, b"1234567890\n")
    assert note.at_ms() == 1234.56789
    assert note.at_ms() == 1234.56789


def test_a_launcher_that_ends_without_a_note_never_began(note: StartNote) -> None:
    note.handed_over()
    assert note.at_ms() is None
    assert note.at_ms() is None


def test_what_was_noted_outlives_both_ends(note: StartNote) -> None:
    os.write(note.writer, b"5000000\n")
    note.handed_over()
    assert note.at_ms() == 5.0
    note.close()
    assert note.at_ms() == 5.0


def test_no_descriptor_is_left_and_none_is_inherited(note: StartNote) -> None:
    descriptors = [note.writer, note._reader]
    assert not any(os.get_inheritable(one) for one in descriptors)
    note.handed_over()
    note.close()
    note.close()
    for one in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(one)


def test_a_host_without_descriptors_is_told_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(_flags: int) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe2", none_left)
    with pytest.raises(HostError, match="Too many open files") as told:
        StartNote()
    assert "ulimit -n" in str(told.value.next_step)
