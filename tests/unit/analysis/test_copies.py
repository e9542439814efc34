from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import msgspec
import pytest

from lambdameter.analysis import copies
from lambdameter.analysis.decision import decide
from lambdameter.analysis.run import Run
from lambdameter.model.sample import Sample
from lambdameter.report import json_document, markdown


def aa(
    sample_run: ModuleType,
    rounds: int = 20,
    slowdown: float = 1.0,
    calls: tuple[str, ...] = ("cold", "warm"),
) -> Run:
    """A run of one variant and its copy, which draws the same times but for the slowdown."""
    run = sample_run.rounds_input(rounds)
    workload = run.manifest.workload
    python = workload.variants[0]
    twin = msgspec.structs.replace(python, name="python-copy", title="Python (copy)")
    manifest = msgspec.structs.replace(
        run.manifest,
        workload=msgspec.structs.replace(workload, variants=(python, twin)),
        copies={"python-copy": "python"},
    )
    samples = [
        _of_the_copy(sample_run, one, slowdown) if one.trial.variant == "rust" else one
        for one in run.samples
        if one.trial.call in calls
    ]
    manifest = msgspec.structs.replace(manifest, plan=tuple(one.trial for one in samples))
    made: Run = sample_run.report_input(manifest, samples)
    return made


def _of_the_copy(sample_run: ModuleType, one: Sample, slowdown: float) -> Sample:
    """Rust's place in the plan and its luck, Python's work."""
    assert one.report is not None
    luck = one.report.duration_ms / sample_run.sample(one.trial).report.duration_ms
    python = sample_run.sample(msgspec.structs.replace(one.trial, variant="python"))
    trial = msgspec.structs.replace(one.trial, variant="python-copy")
    made: Sample = sample_run.slower(python, slowdown * luck)
    return msgspec.structs.replace(made, trial=trial)


def test_two_copies_that_are_alike_have_no_verdict_but_what_could_be_shown(
    sample_run: ModuleType,
) -> None:
    run = aa(sample_run)
    (decision,) = decide(run)
    assert decision.action == "copies"
    warm = [one for one in run.summary.comparisons if one.call == "warm"]
    worst = max(one.detectable or 0 for one in warm)
    assert decision.verdict.startswith(
        "At 1,024 MB no difference between two copies of Python was found; "
    )
    assert f"{100 * worst:.2f} % in Duration (in four runs of five)" in decision.verdict
    for word in ("Switch", "Stay", "faster"):
        assert word not in " ".join((decision.verdict, *decision.evidence))


def test_duration_init_and_cost_are_each_told_with_their_interval(sample_run: ModuleType) -> None:
    run = aa(sample_run, rounds=40)
    found = copies.copy_differences(run, 1024)
    assert {(one.case, one.of) for one in found} == {
        (case, of) for case in ("csv", "json") for of in ("Duration", "Init", "cost")
    }
    assert all(one.interval and one.detectable is not None for one in found)
    (decision,) = decide(run)
    (ratios,) = decision.evidence
    assert ratios.count(" to ") == 6
    assert "Python on CSV: Init 0 % (0 to 0 %), Duration " in ratios


def test_cost_without_enough_environments_says_how_many_it_takes(sample_run: ModuleType) -> None:
    (decision,) = decide(aa(sample_run, rounds=20))
    assert "in cost" not in decision.verdict
    assert "no interval: 20 of 40 environments" in decision.evidence[0]
    assert decision.evidence[1] == (
        "Nothing can be said about cost below 40 environments of each copy."
    )


def test_copies_that_are_called_different_are_a_warning_with_its_next_step(
    sample_run: ModuleType, shown: Any
) -> None:
    run = aa(sample_run, slowdown=1.2)
    (decision,) = decide(run)
    assert decision.verdict.startswith(
        "At 1,024 MB two copies of Python seem to differ, although they are the same: Python "
        "on CSV in Duration and Python on JSON in Duration."
    )
    warning = decision.evidence[1]
    assert "one of 20 such intervals excludes 1 by chance, and this run has 4" in warning
    assert "measure again with `--cold 40`" in warning
    farthest = max(
        one.interval.high - 1
        for one in copies.copy_differences(run, 1024)
        if one.interval and one.differs
    )
    assert f"trust differences below {100 * farthest:.1f} %" in warning
    assert "different" in shown.plain(run).partition("Confidence intervals at")[2]
    assert "slower" not in shown.plain(run)


def test_too_few_rounds_say_how_many_it_takes(sample_run: ModuleType) -> None:
    (decision,) = decide(aa(sample_run, rounds=3))
    assert decision.action == "cannot-tell"
    assert decision.verdict.endswith(
        "at least 10 environments of each are needed, and there are 3."
    )
    assert decision.evidence[-1] == "Measure again with `--cold 20`."


def test_copies_that_all_failed_are_told_so(sample_run: ModuleType) -> None:
    run = aa(sample_run, rounds=2)
    dead = [
        sample_run.dead(one.trial) if one.trial.variant == "python-copy" else one
        for one in run.samples
    ]
    (decision,) = decide(sample_run.report_input(run.manifest, dead))
    assert decision.action == "cannot-tell"
    assert decision.verdict.endswith("no call of both copies was measured.")


@pytest.mark.parametrize(
    ("calls", "measures"),
    [(("cold",), ["Init", "Init + Duration", "cost"]), (("warm",), ["Duration", "cost"])],
)
def test_without_warm_calls_cold_ones_are_compared(
    sample_run: ModuleType, calls: tuple[str, ...], measures: list[str]
) -> None:
    found = copies.copy_differences(aa(sample_run, calls=calls), 1024)
    assert [one.of for one in found if one.case == "csv"] == measures


def test_programs_and_pull_requests_are_told_too(sample_run: ModuleType) -> None:
    run = aa(sample_run)
    document = json.loads(json_document.encode(run))
    assert document["run"]["copies"] == {"python-copy": "python"}
    assert document["decisions"][0]["action"] == "copies"
    cold = next(one for one in document["comparisons"] if one["call"] == "cold")
    assert cold["init"]["interval"]["environments"] == 20
    assert markdown.run(run).startswith(f"**{markdown.escape(decide(run)[0].verdict)}**")
