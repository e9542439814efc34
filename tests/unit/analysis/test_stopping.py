from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from lambdameter.analysis import stopping
from lambdameter.analysis.run import Run
from lambdameter.model.comparison import Look, Reason, Stopping, StoppingRule
from lambdameter.report import markdown, terminal

LOOKS = (20, 40)
EARLY = Look(rounds=20, level=0.9982, comparisons=4, decided=2, equivalent=1)
LATE = Look(rounds=40, level=0.96, comparisons=4, decided=4, equivalent=0)


def run_that_ended(run: Run, reason: Reason | None, budget_s: float | None) -> Run:
    rule = StoppingRule(looks=LOOKS, budget_s=budget_s)
    found = Stopping(
        rounds=40,
        looks=LOOKS,
        level=0.96,
        stop=reason is not None,
        reason=reason,
        history=(EARLY, LATE),
        elapsed_s=126.0,
    )
    return msgspec.structs.replace(
        run,
        manifest=msgspec.structs.replace(run.manifest, stopping_rule=rule),
        summary=msgspec.structs.replace(run.summary, stopping=found),
    )


def test_it_says_after_how_many_rounds_why_and_what_each_look_saw(sample_run: ModuleType) -> None:
    run = run_that_ended(sample_run.report_input(), "decided", None)
    assert stopping.ended(run) == (
        "40 rounds in 2.1 min, then the run ended because every comparison was decided; "
        "at 20, by 99.8 % intervals, 2 of 4 comparisons decided, 1 practically equal; at 40, "
        "by 96 % intervals, 4 of 4 comparisons decided"
    )


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "equivalent",
            (
                "then the run ended because the undecided comparisons were practically equal, "
                "within 1 %"
            ),
        ),
        ("last-look", "because this was the last planned check"),
        ("out-of-budget", "because the budget was too short for another round"),
        ("nothing-to-compare", "because no two variants had figures to compare"),
        (None, "40 rounds in 2.1 min of 5 min, and the run is not complete: resume it"),
    ],
)
def test_each_reason_has_its_words(
    sample_run: ModuleType, reason: Reason | None, told: str
) -> None:
    assert told in (stopping.ended(run_that_ended(sample_run.report_input(), reason, 300.0)) or "")


def test_a_run_whose_rounds_were_given_says_nothing(sample_run: ModuleType) -> None:
    assert stopping.ended(sample_run.report_input()) is None


def test_a_run_that_was_interrupted_in_its_first_round_says_so(sample_run: ModuleType) -> None:
    run = run_that_ended(sample_run.report_input(), "decided", None)
    begun = msgspec.structs.replace(
        run, summary=msgspec.structs.replace(run.summary, stopping=None)
    )
    assert stopping.ended(begun) == "the run was interrupted in its first round"


def test_the_terminal_and_the_comment_both_show_it(sample_run: ModuleType) -> None:
    run = run_that_ended(sample_run.report_input(), "decided", 300.0)
    told = "40 rounds in 2.1 min of 5 min"
    assert told in terminal.what_ran(run).plain
    assert f"* {told}" in markdown.run(run)
