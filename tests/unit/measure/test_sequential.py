from __future__ import annotations

import functools
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.errors import BadInputError, TargetError
from lambdameter.measure import sequential as looking
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.measure.reading import read
from lambdameter.measure.resume import resume
from lambdameter.measure.run_folder import SAMPLES, STOPPING, RunFolder
from lambdameter.model.comparison import StoppingRule
from lambdameter.model.sample import Invocation
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule, Workload
from lambdameter.stats import sequential
from lambdameter.targets.fake import FakeTarget, Request, Script

Scripted = Callable[[Script], Any]
LOOKS = (12, 15)
# Before the run: a cold and a warm call of both variants.
TRIAL_CALLS = 4


@pytest.fixture
def auto(asked: RunOptions) -> RunOptions:
    return msgspec.structs.replace(asked, cold=None, stopping_rule=StoppingRule(looks=LOOKS))


def lasting(working: Script, how_long: Callable[[Request], float]) -> Script:
    """Every variant works, and takes as long as is said."""

    def script(target: FakeTarget, request: Request) -> Invocation:
        answer = working(target, request)
        line = f"Duration: {how_long(request):.2f} ms\t"
        return msgspec.structs.replace(
            answer, log_tail=answer.log_tail.replace("Duration: 10.00 ms\t", line, 1)
        )

    return script


def slower_rust(request: Request) -> float:
    return 10 + request.number % 3 + 5 * (request.variant == "rust")


def undecided(request: Request) -> float:
    return 10 + request.number * 7 % 5


def seconds(step: float) -> Callable[[], float]:
    ticks = count()
    return lambda: step * next(ticks)


def test_a_run_ends_at_the_first_look_that_decides_it(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    folder = measure(workload, auto, scripted(lasting(working, slower_rust)).opening)
    stopping = folder.stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.stop, stopping.reason) == (12, True, "decided")
    (made,) = stopping.history
    assert (made.comparisons, made.decided, made.level) == (1, 1, sequential.levels(LOOKS)[0])
    assert {one.trial.round for one in folder.samples().samples} == set(range(12))


def test_answers_that_may_differ_are_looked_at_as_the_report_does(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    rounded = AnswerMayDiffer(field="mean", relative=1e-12, reason="added up in another order")
    tolerant = msgspec.structs.replace(workload, equality=EqualityRule(response=(rounded,)))

    def script(target: FakeTarget, request: Request) -> Invocation:
        answer = lasting(working, slower_rust)(target, request)
        mean = 0.1 + 0.2 if request.variant == "rust" else 0.3
        document = json.loads(answer.payload) | {"mean": mean}
        return msgspec.structs.replace(answer, payload=json.dumps(document).encode())

    folder = measure(tolerant, auto, scripted(script).opening)
    stopping = folder.stopping()
    assert stopping is not None
    assert stopping.reason == "decided"
    assert read(folder).summary.equal


def test_the_plan_in_the_folder_holds_every_round_that_there_may_be(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    manifest = measure(workload, auto, scripted(lasting(working, slower_rust)).opening).manifest()
    assert {trial.round for trial in manifest.plan} == set(range(15))
    assert manifest.stopping_rule == StoppingRule(looks=LOOKS)


def test_what_is_never_decided_ends_with_the_last_look(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    folder = measure(workload, auto, scripted(lasting(working, undecided)).opening)
    stopping = folder.stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason) == (15, "last-look")
    assert [one.rounds for one in stopping.history] == list(LOOKS)


def test_two_that_take_the_same_are_equivalent(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    stopping = measure(workload, auto, scripted(working).opening).stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason) == (12, "equivalent")
    assert stopping.history[0].equivalent == 1


def test_variants_of_which_one_never_answers_leave_nothing_to_compare(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    def dies(target: FakeTarget, request: Request) -> Invocation:
        answer = working(target, request)
        if request.variant != "rust":
            return answer
        return msgspec.structs.replace(answer, function_error="Unhandled", payload=b"{}")

    stopping = measure(workload, auto, scripted(dies).opening).stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason) == (12, "nothing-to-compare")


def test_without_warm_calls_the_cold_ones_decide(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    cold_alone = msgspec.structs.replace(auto, warm=0)
    folder = measure(workload, cold_alone, scripted(lasting(working, slower_rust)).opening)
    stopping = folder.stopping()
    assert stopping is not None
    assert stopping.reason == "decided"


def test_a_budget_ends_it_before_a_round_that_would_not_fit(
    workload: Workload,
    auto: RunOptions,
    scripted: Scripted,
    working: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule = StoppingRule(looks=LOOKS, budget_s=45.0)
    # A round takes ten seconds.
    clocked = functools.partial(looking.until_decided, clock=seconds(10.0))
    monkeypatch.setattr(looking, "until_decided", clocked)
    wanted = msgspec.structs.replace(auto, stopping_rule=rule)
    stopping = measure(workload, wanted, scripted(lasting(working, slower_rust)).opening).stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason, stopping.elapsed_s) == (4, "out-of-budget", 40.0)
    assert stopping.level == sequential.last_level(4, LOOKS)


def cut_at(
    calls: int, workload: Workload, auto: RunOptions, scripted: Scripted, script: Script
) -> RunFolder:
    """A run that was lost at a call of its plan."""

    def breaks(target: FakeTarget, request: Request) -> Invocation:
        if request.number == TRIAL_CALLS + calls:
            raise TargetError("It is gone", next_step="Look.")
        return script(target, request)

    with pytest.raises(TargetError):
        measure(workload, auto, scripted(breaks).opening)
    (path,) = Path("runs").iterdir()
    return RunFolder.open(path)


@pytest.mark.parametrize("calls", [1, 5, 30, 47])
def test_a_resumed_run_ends_where_it_would_have_ended(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script, calls: int
) -> None:
    script = lasting(working, slower_rust)
    cut = cut_at(calls, workload, auto, scripted, script)
    assert not read(cut).summary.complete
    kept = resume(cut.path, scripted(script).opening)
    stopping = kept.stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason) == (12, "decided")
    assert read(kept).summary.complete
    assert {one.trial.index for one in kept.samples().samples} == {
        one.index for one in kept.manifest().plan if one.round < 12
    }


def test_a_run_that_was_killed_before_it_could_look_is_looked_at_when_resumed(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    script = lasting(working, slower_rust)
    folder = measure(workload, auto, scripted(script).opening)
    before = (folder.path / SAMPLES).read_bytes()
    (folder.path / STOPPING).unlink()
    stopping = resume(folder.path, scripted(script).opening).stopping()
    assert stopping is not None
    assert (stopping.rounds, stopping.reason) == (12, "decided")
    assert (folder.path / SAMPLES).read_bytes() == before


def test_a_run_that_has_ended_is_left_alone(
    workload: Workload,
    auto: RunOptions,
    scripted: Scripted,
    working: Script,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = measure(workload, auto, scripted(working).opening)
    target = scripted(working)
    resume(folder.path, target.opening)
    assert target.opened == 0
    assert "already complete" in capsys.readouterr().err


def test_what_was_spent_before_an_interruption_counts(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    script = lasting(working, slower_rust)
    cut = cut_at(20, workload, auto, scripted, script)
    before = cut.stopping()
    assert before is not None
    cut.stop(msgspec.structs.replace(before, elapsed_s=5_000.0))
    stopping = resume(cut.path, scripted(script).opening).stopping()
    assert stopping is not None
    assert stopping.elapsed_s > 5_000


def test_an_interrupted_run_is_reported_at_the_level_of_a_look_that_no_data_chose(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    cut = cut_at(46, workload, auto, scripted, lasting(working, slower_rust))
    summary = read(cut).summary
    assert summary.stopping is not None
    assert not summary.stopping.stop
    levels = {one.interval.level for one in summary.comparisons if one.interval}
    assert levels == {sequential.last_level(11, LOOKS)}


def test_a_report_has_the_level_of_the_look_that_ended_the_run(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    summary = read(measure(workload, auto, scripted(working).opening)).summary
    levels = {one.interval.level for one in summary.comparisons if one.interval}
    assert levels == {sequential.levels(LOOKS)[0]}


def test_a_stopping_record_that_is_damaged_is_told(
    workload: Workload, auto: RunOptions, scripted: Scripted, working: Script
) -> None:
    folder = measure(workload, auto, scripted(working).opening)
    (folder.path / STOPPING).write_text("{")
    with pytest.raises(BadInputError, match="why the run ended cannot be read") as refused:
        read(folder)
    assert refused.value.place == str(folder.path / STOPPING)


def test_each_look_is_told(
    workload: Workload,
    auto: RunOptions,
    scripted: Scripted,
    working: Script,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measure(workload, auto, scripted(lasting(working, slower_rust)).opening)
    told = capsys.readouterr().err
    assert "checked after 12 rounds: 1 of 1 comparison decided" in told
    assert "1/at most 60 " in told
