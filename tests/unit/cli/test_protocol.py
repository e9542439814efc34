from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lambdameter.cli.experiment import Asked, measure
from lambdameter.model import Invocation, Manifest, Sample, StoppingRule, Workload
from lambdameter.samples import RunFolder
from lambdameter.target.fake import FakeTarget, Request, Script

Scripted = Callable[[Script], Any]


class Clock:
    """A clock that a script sets forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("lambdameter.cli.protocol.time.monotonic", made)
    settle = __import__("lambdameter.cli.protocol", fromlist=["settle"]).settle
    monkeypatch.setattr(
        "lambdameter.cli.protocol.settle", lambda *given: settle(*given, clock=made)
    )
    monkeypatch.setattr("lambdameter.cli.experiment.REST_S", 0.0)
    return made


@pytest.fixture
def unsaid(workload: Workload) -> Workload:
    """A workload that does not say how often it is to be measured."""
    return msgspec.structs.replace(workload, rounds=None, warm_calls=None)


@pytest.fixture
def nothing_said(asked: Asked) -> Asked:
    return msgspec.structs.replace(asked, cold=None, warm=None)


def lasting(working: Script, clock: Clock, cold_s: float, warm_s: float) -> Script:
    def script(target: FakeTarget, request: Request) -> Invocation:
        clock.now += cold_s if request.cold else warm_s
        return working(target, request)

    return script


def often(manifest: Manifest) -> tuple[int, int]:
    """Rounds, and warm calls in each environment."""
    first = [trial for trial in manifest.plan if trial.environment == 0]
    return 1 + max(trial.round for trial in manifest.plan), len(first) - 1


def test_a_short_handler_is_called_fifteen_times_in_twenty_environments(  # noqa: PLR0913, PLR0917
    unsaid: Workload,
    nothing_said: Asked,
    scripted: Scripted,
    working: Script,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    script = lasting(working, clock, cold_s=0.3, warm_s=0.2)
    assert often(measure(unsaid, nothing_said, scripted(script).opening).manifest()) == (20, 15)
    told = capsys.readouterr().err.splitlines()
    # Two cells: 20 x (2 x 0.3 + 15 x 2 x 0.2) s.
    assert (
        "20 rounds of 2 environments, each a cold call and 15 warm ones: about 2.2 min" in told
    )
    assert not any(line.startswith("that is less often") for line in told)


@pytest.mark.parametrize(
    ("cold_s", "warm_s", "found"),
    [
        (1, 2, (20, 7)),  # a round has 30 s: 2 s for cold calls, 4 s for each warm one
        (10, 20, (10, 1)),  # a round takes 60 s at least
        (300, 900, (1, 1)),
    ],
)
def test_a_long_one_is_called_less_often_so_that_a_run_takes_ten_minutes(  # noqa: PLR0913, PLR0917
    unsaid: Workload,
    nothing_said: Asked,
    scripted: Scripted,
    working: Script,
    clock: Clock,
    cold_s: float,
    warm_s: float,
    found: tuple[int, int],
    capsys: pytest.CaptureFixture[str],
):
    script = lasting(working, clock, cold_s, warm_s)
    assert often(measure(unsaid, nothing_said, scripted(script).opening).manifest()) == found
    assert "that is less often than 20 x 15" in capsys.readouterr().err


def test_what_was_said_always_wins(
    unsaid: Workload, asked: Asked, scripted: Scripted, working: Script, clock: Clock
):
    script = lasting(working, clock, cold_s=300, warm_s=900)
    said = msgspec.structs.replace(asked, cold=3, warm=2)
    assert often(measure(unsaid, said, scripted(script).opening).manifest()) == (3, 2)
    rounds = msgspec.structs.replace(asked, cold=3, warm=None)
    assert often(measure(unsaid, rounds, scripted(script).opening).manifest()) == (3, 1)
    calls = msgspec.structs.replace(asked, cold=None, warm=4)
    assert often(measure(unsaid, calls, scripted(script).opening).manifest()) == (1, 4)


def test_the_workloads_own_numbers_come_before_the_protocols(
    workload: Workload, nothing_said: Asked, scripted: Scripted, working: Script, clock: Clock
):
    own = msgspec.structs.replace(workload, rounds=2, warm_calls=3)
    script = lasting(working, clock, cold_s=300, warm_s=900)
    assert often(measure(own, nothing_said, scripted(script).opening).manifest()) == (2, 3)


def calls_of(target: Any, folder: RunFolder) -> tuple[int, int]:
    """Made in all, and kept."""
    return target.made, len(folder.samples().samples)


@pytest.fixture
def counting(working: Script) -> Script:
    def script(target: Any, request: Request) -> Invocation:
        target.made = request.number + 1
        return working(target, request)

    return script


def test_the_trial_beforehand_is_in_no_figure_and_leaves_nothing(
    workload: Workload, asked: Asked, scripted: Scripted, counting: Script, clock: Clock
):
    target = scripted(counting)
    folder = measure(workload, msgspec.structs.replace(asked, cold=20), target.opening)
    assert calls_of(target, folder) == (80 + 4, 80)
    assert target.left == []


def test_a_run_that_is_hardly_longer_than_a_trial_has_none(
    workload: Workload,
    asked: Asked,
    scripted: Scripted,
    counting: Script,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    target = scripted(counting)
    folder = measure(workload, msgspec.structs.replace(asked, cold=4), target.opening)
    assert calls_of(target, folder) == (16, 16)
    told = capsys.readouterr().err.splitlines()
    assert "4 rounds of 2 environments, each a cold call and 1 warm one" in told


def test_a_warm_call_with_much_more_to_do_is_not_tried_but_reckoned(
    workload: Workload,
    asked: Asked,
    scripted: Scripted,
    counting: Script,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    target = scripted(lasting(counting, clock, cold_s=1, warm_s=7))
    wanted = msgspec.structs.replace(asked, settings={"records": "29_000"})
    # A call costs about a thousand records before its first: 30,000 are 30 times 1,002.
    folder = measure(workload, msgspec.structs.replace(wanted, cold=1), target.opening)
    assert calls_of(target, folder) == (2 + 4, 4)
    told = capsys.readouterr().err
    assert "1 round of 2 environments, each a cold call and 1 warm one: about 1 min" in told


def test_a_long_trial_is_cut_short_and_the_rest_taken_to_be_alike(
    unsaid: Workload, nothing_said: Asked, scripted: Scripted, counting: Script, clock: Clock
):
    target = scripted(lasting(counting, clock, cold_s=40, warm_s=110))
    folder = measure(unsaid, nothing_said, target.opening)
    # Of two cells one was tried: 2 x 150 s are a round, of which ten minutes hold two.
    assert calls_of(target, folder) == (2 + 8, 8)


def test_a_run_that_ends_by_itself_tells_its_least_its_most_and_its_budget(  # noqa: PLR0913, PLR0917
    workload: Workload,
    nothing_said: Asked,
    scripted: Scripted,
    working: Script,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    rule = StoppingRule(looks=(20, 60), budget_s=300)
    wanted = msgspec.structs.replace(nothing_said, stopping_rule=rule)
    script = lasting(working, clock, cold_s=1, warm_s=2)
    measure(workload, wanted, scripted(script).opening)
    assert (
        "20 to 60 rounds of 2 environments, each a cold call and 1 warm one: "
        "about 2 min to 6 min, at most 5 min, as the budget has it"
    ) in capsys.readouterr().err.splitlines()


def test_a_budget_leaves_time_for_the_first_look(
    unsaid: Workload, nothing_said: Asked, scripted: Scripted, working: Script, clock: Clock
):
    rule = StoppingRule(looks=(20, 60), budget_s=300)
    wanted = msgspec.structs.replace(nothing_said, stopping_rule=rule)
    script = lasting(working, clock, cold_s=1, warm_s=1)
    manifest = measure(unsaid, wanted, scripted(script).opening).manifest()
    # 0.8 x 300 s are 12 s a round: 2 s for cold calls, 2 s for each warm one.
    assert often(manifest) == (60, 5)


def test_on_aws_the_expected_cost_is_told(
    workload: Workload,
    asked: Asked,
    scripted: Scripted,
    working: Script,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
):
    target = scripted(lasting(working, clock, cold_s=1, warm_s=1))
    told = target.info()
    target.info = lambda: msgspec.structs.replace(told, name="aws", enforcement=None)
    folder = measure(workload, msgspec.structs.replace(asked, cold=5, settings={"records": "2"}), target.opening)
    # us-east-1, arm64, 128 MB. Cold: 20 ms billed, warm: 10 ms; each a request and two writes.
    compute = (20 + 10) / 1000 * 128 / 1024 * 0.0000133334
    expected = 5 * 2 * (compute + 2 * (0.0000002 + 2 * 0.000000625))
    said = capsys.readouterr().err.splitlines()
    assert f"each a cold call and 1 warm one: about 20 s, about ${expected:.7f}" in said[0]
    assert all(isinstance(one, Sample) for one in folder.samples().samples)
    assert Path(folder.path).is_dir()
