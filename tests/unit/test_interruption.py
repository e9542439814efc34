from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from lambdameter import interruption as module
from lambdameter.interruption import EXIT_CODE, SIGNALS, Interruption


class Left(BaseException):
    """The process has gone."""


class Told:
    """What was said, and a process that ends by an exception."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.interruption = Interruption(self.lines.append, self.leave)

    def leave(self, code: int) -> None:
        self.code = code
        raise Left


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def heeded(told: Told) -> Iterator[Interruption]:
    with told.interruption.heeded():
        yield told.interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_a_keyboard_interrupt_and_says_what_a_second_does(
    told: Told, heeded: Interruption, number: signal.Signals
) -> None:
    del heeded
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert told.lines == ["interrupted: stopping (interrupt again to stop at once)"]


def test_a_second_signal_leaves_at_once_and_says_what_is_kept(
    told: Told, heeded: Interruption
) -> None:
    with heeded.reporting(lambda: "two samples are in run"):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(Left):
            signal.raise_signal(signal.SIGTERM)
    assert told.code == EXIT_CODE
    assert told.lines[1:] == ["interrupted twice: stopped at once; two samples are in run"]


def test_a_clean_up_is_not_disturbed_by_the_first_signal_which_is_heeded_after_it(
    heeded: Interruption,
) -> None:
    done = []

    def clean_up() -> None:
        with heeded.held(), heeded.held():
            signal.raise_signal(signal.SIGINT)
            done.append("all")

    with pytest.raises(KeyboardInterrupt):
        clean_up()
    assert done == ["all"]


def test_a_clean_up_that_the_first_signal_began_ends_without_another(heeded: Interruption) -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with heeded.held():
        pass


def test_a_clean_up_is_disturbed_by_the_second(told: Told, heeded: Interruption) -> None:
    def clean_up() -> None:
        with heeded.held():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as ended:
        clean_up()
    assert isinstance(ended.value.__context__, Left)  # this process went on to the end of held()
    assert told.lines[1:] == ["interrupted twice: stopped at once"]


def test_what_we_were_started_to_ignore_is_ignored(told: Told) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with told.interruption.heeded():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert told.lines == []


def test_the_handlers_that_were_there_are_put_back(told: Told) -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with told.interruption.heeded():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_line_goes_to_stderr_past_its_buffer(capfd: pytest.CaptureFixture[str]) -> None:
    module.say("stopping")
    assert capfd.readouterr().err == "stopping\n"


def test_nobody_who_listens_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", closed)
    module.say("stopping")
