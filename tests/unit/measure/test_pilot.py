from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest

from lambdameter.measure import pilot
from lambdameter.measure.experiment import RunOptions, measure
from lambdameter.model.comparison import StoppingRule
from lambdameter.model.sample import Invocation
from lambdameter.model.workload import Workload
from lambdameter.targets.fake import FakeTarget, Request, Script


class Measured(NamedTuple):
    """A run: how often, how many calls were made and kept, what was told, what was left."""

    often: tuple[int, int]
    made: int
    kept: int
    told: list[str]
    left: list[Any]


class TrialContext:
    """Measures by a clock that every call sets forward."""

    def __init__(
        self,
        scripted: Callable[[Script], Any],
        working: Script,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.now = 0.0
        self._scripted, self._working, self._capsys = scripted, working, capsys

    def clock(self) -> float:
        return self.now

    def measure(
        self,
        workload: Workload,
        asked: RunOptions,
        cold_s: float,
        warm_s: float,
        where: str = "local",
    ) -> Measured:
        made = []

        def script(target: FakeTarget, request: Request) -> Invocation:
            made.append(request)
            self.now += cold_s if request.cold else warm_s
            return self._working(target, request)

        target = self._scripted(script)
        info = msgspec.structs.replace(target.info(), name=where)
        target.info = lambda: info
        folder = measure(workload, asked, target.opening)
        plan = folder.manifest().plan
        first = [trial for trial in plan if trial.environment == 0]
        return Measured(
            often=(1 + max(trial.round for trial in plan), len(first) - 1),
            made=len(made),
            kept=len(folder.samples().samples),
            told=self._capsys.readouterr().err.splitlines(),
            left=target.left,
        )


@pytest.fixture
def bench(
    scripted: Callable[[Script], Any],
    working: Script,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> TrialContext:
    made = TrialContext(scripted, working, capsys)
    monkeypatch.setattr(pilot, "settle", partial(pilot.settle, clock=made.clock))
    return made


@pytest.fixture
def unsaid(workload: Workload) -> Workload:
    """A workload that does not say how often it is to be measured."""
    return msgspec.structs.replace(workload, rounds=None, warm_calls=None)


def of(asked: RunOptions, cold: int | None, warm: int | None, **more: Any) -> RunOptions:
    return msgspec.structs.replace(asked, cold=cold, warm=warm, **more)


def test_a_short_handler_is_called_fifteen_times_in_twenty_environments(
    bench: TrialContext, unsaid: Workload, asked: RunOptions
) -> None:
    found = bench.measure(unsaid, of(asked, None, None), cold_s=0.3, warm_s=0.2)
    assert found.often == (20, 15)
    # Two cells: 20 x (2 x 0.3 + 15 x 2 x 0.2) s.
    expected = "20 rounds of 2 environments, each with a cold call and 15 warm calls: about 2.2 min"
    assert expected in found.told
    assert not any(line.startswith("these are fewer calls") for line in found.told)


@pytest.mark.parametrize(
    ("cold_s", "warm_s", "often"),
    [
        (1, 2, (20, 7)),  # a round has 30 s: 2 s for cold calls, 4 s for each warm one
        (10, 20, (10, 1)),  # a round takes 60 s at least
        (300, 900, (1, 1)),
    ],
)
def test_a_long_one_is_called_less_often_so_that_a_run_takes_ten_minutes(  # noqa: PLR0913, PLR0917
    bench: TrialContext,
    unsaid: Workload,
    asked: RunOptions,
    cold_s: float,
    warm_s: float,
    often: tuple[int, int],
) -> None:
    found = bench.measure(unsaid, of(asked, None, None), cold_s, warm_s)
    assert found.often == often
    assert any(line.startswith("these are fewer calls than 20 x 15") for line in found.told)


@pytest.mark.parametrize(
    ("cold", "warm", "often"), [(3, 2, (3, 2)), (3, None, (3, 1)), (None, 4, (1, 4))]
)
def test_what_was_said_always_wins(  # noqa: PLR0913, PLR0917
    bench: TrialContext,
    unsaid: Workload,
    asked: RunOptions,
    cold: int | None,
    warm: int | None,
    often: tuple[int, int],
) -> None:
    assert bench.measure(unsaid, of(asked, cold, warm), cold_s=300, warm_s=900).often == often


def test_the_workloads_own_numbers_come_before_the_protocols(
    bench: TrialContext, workload: Workload, asked: RunOptions
) -> None:
    own = msgspec.structs.replace(workload, rounds=2, warm_calls=3)
    assert bench.measure(own, of(asked, None, None), cold_s=300, warm_s=900).often == (2, 3)


def test_the_trial_beforehand_is_in_no_figure_and_leaves_nothing(
    bench: TrialContext, workload: Workload, asked: RunOptions
) -> None:
    found = bench.measure(workload, of(asked, 20, 1), cold_s=1, warm_s=1)
    assert (found.made, found.kept, found.left) == (4 + 80, 80, [])


def test_a_run_that_is_hardly_longer_than_a_trial_has_none(
    bench: TrialContext, workload: Workload, asked: RunOptions
) -> None:
    found = bench.measure(workload, of(asked, 4, 1), cold_s=1, warm_s=1)
    assert (found.made, found.kept) == (16, 16)
    assert "4 rounds of 2 environments, each with a cold call and 1 warm call" in found.told


def test_a_warm_call_with_much_more_to_do_is_not_tried_but_reckoned(
    bench: TrialContext, workload: Workload, asked: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdameter.measure.progress._START_IN_RECORDS", 0)
    # Cold calls have 2 records: a warm one has 30 times the work.
    wanted = of(asked, 1, 1, settings={"records": "60"})
    found = bench.measure(workload, wanted, cold_s=1, warm_s=7)
    assert (found.made, found.kept) == (2 + 4, 4)
    expected = "1 round of 2 environments, each with a cold call and 1 warm call: about 1 min"
    assert expected in found.told


def test_a_long_trial_is_cut_short_and_the_rest_taken_to_be_alike(
    bench: TrialContext, unsaid: Workload, asked: RunOptions
) -> None:
    found = bench.measure(unsaid, of(asked, None, None), cold_s=40, warm_s=110)
    # One of two cells was tried: a round takes 2 x 150 s, and ten minutes hold two.
    assert (found.made, found.kept, found.often) == (2 + 8, 8, (2, 1))


def test_a_run_that_ends_by_itself_tells_its_least_its_most_and_its_budget(
    bench: TrialContext, workload: Workload, asked: RunOptions
) -> None:
    rule = StoppingRule(looks=(20, 60), budget_s=300)
    found = bench.measure(workload, of(asked, None, None, stopping_rule=rule), cold_s=1, warm_s=2)
    assert (
        "20 to 60 rounds of 2 environments, each with a cold call and 1 warm call: about 2 min to "
        "6 min, at most 5 min, the budget"
    ) in found.told


def test_a_budget_leaves_time_for_the_first_look(
    bench: TrialContext, unsaid: Workload, asked: RunOptions
) -> None:
    rule = StoppingRule(looks=(20, 60), budget_s=300)
    found = bench.measure(unsaid, of(asked, None, None, stopping_rule=rule), cold_s=1, warm_s=1)
    # 0.8 x 300 s are 12 s a round: 2 s for cold calls, 2 s for each warm one.
    assert found.often == (60, 5)


def test_on_aws_the_expected_cost_is_told(
    bench: TrialContext, workload: Workload, asked: RunOptions
) -> None:
    wanted = of(asked, 5, 1, settings={"records": "2"})
    found = bench.measure(workload, wanted, cold_s=1, warm_s=1, where="aws")
    # us-east-1, arm64, 128 MB: 20 ms billed cold and 10 ms warm; each a request and two writes.
    compute = (20 + 10) / 1000 * 128 / 1024 * 0.0000133334
    expected = 5 * 2 * (compute + 2 * (0.0000002 + 2 * 0.000000625))
    (told,) = (line for line in found.told if line.startswith("5 rounds"))
    assert told.endswith(f"1 warm call: about 20 s, about ${expected:.7f}")
