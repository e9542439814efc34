from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdameter.errors import BadInputError
from lambdameter.measure import plan
from lambdameter.model.sample import Trial
from lambdameter.model.workload import Calls, Case, ResponseShape, Variant, Workload


def workload() -> Workload:
    return Workload(
        name="sums",
        title="Sums",
        root="/nowhere",
        timeout_s=3,
        parameters={},
        calls=Calls(),
        generator="generate.py",
        cases=tuple(Case(name=name, title=name, object=name, event={}) for name in ("a", "b")),
        variants=tuple(
            Variant(
                name=name,
                title=name,
                language=name,
                runtime="python3.12",
                handler="handler.handler",
                source=name,
                build="copy",
            )
            for name in ("python", "rust")
        ),
        response=ResponseShape(count="count", unit="sum", total="total_ms"),
    )


CELLS = plan.Cells(variants=("python", "rust"), cases=("a", "b"), memory_mb=(128, 1024))


def make(cells: plan.Cells = CELLS, seed: int = 7, **repetition: int) -> tuple[Trial, ...]:
    shuffle = random.Random(seed).shuffle  # noqa: S311  repeatable order, no secret
    return plan.make(workload(), cells, plan.Repetition(**repetition), shuffle)


def environments(trials: tuple[Trial, ...]) -> list[list[Trial]]:
    numbers = dict.fromkeys(trial.environment for trial in trials)
    return [[trial for trial in trials if trial.environment == number] for number in numbers]


def test_every_environment_makes_one_cold_call_and_then_its_warm_ones() -> None:
    for calls in environments(make(warm_calls=3)):
        assert [trial.call for trial in calls] == ["cold", "warm", "warm", "warm"]
        assert len({(trial.variant, trial.case, trial.memory_mb) for trial in calls}) == 1


def test_calls_of_one_environment_stand_together() -> None:
    trials = make(rounds=3, warm_calls=2)
    assert [trial.environment for trial in trials] == [n for n in range(24) for _ in range(3)]


def test_indices_count_the_trials() -> None:
    assert [trial.index for trial in make(rounds=2)] == list(range(32))


def test_each_round_visits_every_cell_once() -> None:
    trials = make(rounds=2)
    visits = Counter(
        (trial.round, trial.variant, trial.case, trial.memory_mb)
        for trial in trials
        if trial.call == "cold"
    )
    assert len(visits) == 16
    assert set(visits.values()) == {1}


def test_a_round_ends_before_the_next_begins() -> None:
    rounds = [trial.round for trial in make(rounds=3)]
    assert rounds == sorted(rounds)


def test_the_same_seed_gives_the_same_plan() -> None:
    assert make(rounds=2, seed=1) == make(rounds=2, seed=1)


def test_another_seed_gives_another_order() -> None:
    assert make(rounds=2, seed=1) != make(rounds=2, seed=2)


def test_rounds_are_ordered_anew() -> None:
    trials = [trial for trial in make(rounds=2, seed=1) if trial.call == "cold"]
    first, second = trials[:8], trials[8:]
    assert [(t.variant, t.case, t.memory_mb) for t in first] != [
        (t.variant, t.case, t.memory_mb) for t in second
    ]


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (plan.Cells(variants=("go",), cases=("a",), memory_mb=(128,)), "no variant named 'go'"),
        (plan.Cells(variants=("rust",), cases=("c",), memory_mb=(128,)), "no case named 'c'"),
        (plan.Cells(variants=(), cases=("a",), memory_mb=(128,)), "No variant"),
        (plan.Cells(variants=("rust",), cases=("a", "a"), memory_mb=(128,)), "twice"),
        (plan.Cells(variants=("rust",), cases=("a",), memory_mb=(127,)), "127 MB"),
        (plan.Cells(variants=("rust",), cases=("a",), memory_mb=(10_241,)), "10241 MB"),
        (plan.Cells(variants=("rust",), cases=("a",), memory_mb=()), "No memory size"),
        (plan.Cells(variants=("rust",), cases=("a",), memory_mb=(128, 128)), "twice"),
    ],
)
def test_cells_that_cannot_be_measured_are_refused(cells: plan.Cells, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        make(cells)


@pytest.mark.parametrize("nothing", [{"rounds": 0}, {"warm_calls": -1}])
def test_too_few_calls_are_refused(nothing: dict[str, int]) -> None:
    with pytest.raises(BadInputError, match="too few"):
        make(CELLS, 7, **nothing)


def test_an_environment_may_go_without_warm_calls() -> None:
    assert {trial.call for trial in make(warm_calls=0)} == {"cold"}


def test_nothing_remains_of_a_plan_that_was_made() -> None:
    trials = make()
    assert plan.remaining(trials, range(len(trials))) == ()


def test_an_unfinished_environment_is_begun_anew_and_a_finished_one_is_not() -> None:
    trials = make(warm_calls=2)
    left = plan.remaining(trials, range(4))
    assert left == trials[3:]


@given(st.data())
def test_what_remains_is_whole_environments_in_the_plans_order(data: st.DataObject) -> None:
    trials = make(warm_calls=1, rounds=2)
    done = data.draw(st.sets(st.sampled_from([trial.index for trial in trials])))
    left = plan.remaining(trials, done)
    assert {trial.index for trial in left} >= {trial.index for trial in trials} - done
    assert list(left) == sorted(left, key=lambda trial: trial.index)
    assert all(len(calls) == 2 for calls in environments(left))


def test_a_copy_is_its_variant_under_another_name_and_a_candidate() -> None:
    shown = msgspec.structs.replace(workload().variants[0], not_a_candidate="it is only shown")
    with_it = msgspec.structs.replace(workload(), variants=(shown, *workload().variants[1:]))
    made, copies = plan.doubled(with_it, [shown.name])
    first, second = made.variants
    assert copies == {second.name: first.name}
    assert first == workload().variants[0]
    assert second == msgspec.structs.replace(first, name=second.name, title=f"{first.title} (copy)")


def test_a_copy_takes_a_name_that_no_variant_has() -> None:
    taken = msgspec.structs.replace(
        workload().variants[1], name=f"{workload().variants[0].name}-copy"
    )
    with_it = msgspec.structs.replace(workload(), variants=(workload().variants[0], taken))
    _, copies = plan.doubled(with_it, [workload().variants[0].name])
    assert copies == {f"{taken.name}-copy": workload().variants[0].name}
