from __future__ import annotations

import io

from rich.console import Console

from lambdameter.build.compiled import Build
from lambdameter.build.progress import Bar, counts, left_ms, left_text

WEIGHT = {"small": 100, "large": 900, "old": 5000}


def build(*built: str) -> Build:
    state = Build()
    state.built.update(built)
    state.fresh.add("old")
    state.compiling = True
    return state


def test_time_left_goes_by_the_weight_of_what_is_left() -> None:
    assert left_ms(build("small"), WEIGHT, 10) == 90_000
    assert left_ms(build("small", "large"), WEIGHT, 100) == 0


def test_time_left_is_not_known_while_too_little_is_done() -> None:
    assert left_ms(build(), WEIGHT, 10) is None
    assert left_ms(build("small"), {"small": 4, "large": 96}, 10) is None


def test_a_cargo_that_waits_for_another_says_so_and_its_wait_is_not_in_the_speed() -> None:
    out = io.StringIO()
    bar = Bar(Console(file=out, width=100), WEIGHT)
    waiting = Build()
    waiting.feed("stderr", "    Blocking waiting for file lock on build directory\n")
    bar.show(waiting, 5)
    for elapsed in (1000, 1030):
        bar.show(build("small"), elapsed)
    bar.close()
    assert (
        out.getvalue().splitlines()[0].endswith("Blocking waiting for file lock on build directory")
    )
    assert out.getvalue().splitlines()[-1] == "Building: 1/2 crates, about 4 min left"


def test_what_was_built_before_is_not_counted() -> None:
    assert counts(build("small"), WEIGHT) == (1, 2)


def test_a_crate_that_metadata_does_not_know_is_counted() -> None:
    assert counts(build("stranger"), WEIGHT) == (1, 3)


def test_time_left_is_told_as_roughly_as_it_is_known() -> None:
    assert left_text(None) == "remaining time not known yet"
    assert left_text(41_900) == "about 42 s left"
    assert left_text(170_000) == "about 3 min left"


def test_a_log_file_gets_a_line_every_half_minute() -> None:
    out = io.StringIO()
    bar = Bar(Console(file=out, width=100), WEIGHT)
    for elapsed in (1, 2, 29, 32, 40):
        bar.show(build("small"), elapsed)
    bar.close()
    assert out.getvalue().splitlines() == [
        "Building: 1/2 crates, about 0 s left",
        "Building: 1/2 crates, about 5 min left",
    ]


def test_a_terminal_gets_a_bar_that_leaves_nothing_behind() -> None:
    out = io.StringIO()
    bar = Bar(Console(file=out, width=100, force_terminal=True), WEIGHT)
    bar.show(build("small"), 3)
    bar.close()
    assert "1/2 crates" in out.getvalue()
    assert out.getvalue().endswith("\x1b[1A\x1b[2K")
