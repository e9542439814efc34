from __future__ import annotations

from types import ModuleType

import msgspec
import pytest

from lambdameter.analysis.pairing import joint_verdict
from lambdameter.analysis.run import Run
from lambdameter.model.comparison import Comparison, Noise, Stopping
from lambdameter.report import certainty


def lines(run: Run) -> str:
    return "\n".join(text.plain for text in certainty.tables(run, 1024, {}))


def with_comparisons(run: Run, *comparisons: Comparison) -> Run:
    summary = msgspec.structs.replace(run.summary, comparisons=comparisons)
    return msgspec.structs.replace(run, summary=summary)


def test_one_round_has_no_section(sample_run: ModuleType) -> None:
    assert certainty.tables(sample_run.report_input(), 1024, {}) == []


def test_each_comparison_has_its_ratio_interval_and_verdict(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(20)
    rows = [line for line in lines(run).splitlines() if line.startswith("CSV  Rust warm")]
    one = next(c for c in run.summary.comparisons if (c.case, c.call) == ("csv", "warm"))
    assert one.interval is not None
    for figure in (one.ratio, one.interval.low, one.interval.high):
        assert f"{figure:.3f}" in rows[0]
    assert rows[0].endswith("faster")


def test_billed_time_has_an_interval_from_40_environments_on(sample_run: ModuleType) -> None:
    few, enough = (
        ";".join(certainty.caveats(sample_run.rounds_input(rounds), 1024)) for rounds in (20, 40)
    )
    assert "billed duration: intervals only from 40 environments on" in few
    assert "of billed time" not in enough


def test_too_few_environments_are_counted(sample_run: ModuleType) -> None:
    told = lines(sample_run.rounds_input(3))
    assert "not enough environments (3 of 10) for intervals" in told
    assert "verdict" not in told


def test_a_noisy_run_is_told_with_the_next_step(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(20)
    noise = Noise(
        within_log_sd=0.1,
        between_log_sd=0.2,
        drift=1.3,
        coefficient=0.5,
        warning="it drifts",
        next_step="wait",
    )
    noisy = msgspec.structs.replace(run.summary.comparisons[0], noise=noise)
    told = lines(with_comparisons(run, noisy))
    assert "Noise: CSV Rust cold: it drifts. Next: wait." in told
    assert " 20.0 " in told
    assert " 30.0 " in told


def test_percentiles_stand_only_where_there_are_enough_environments(
    sample_run: ModuleType,
) -> None:
    assert "p90, p95 and p99: not enough samples (20 of 36, 72 and 368 environments)." in lines(
        sample_run.rounds_input(20)
    )
    told = lines(sample_run.rounds_input(36))
    assert "CSV Rust warm: p90 " in told
    assert "p95 and p99: not enough samples (36 of 72 and 368 environments)." in told


def test_a_run_that_was_looked_at_says_when_and_why_it_ended(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(20)
    stopping = Stopping(rounds=20, looks=(20, 40), level=0.99, stop=True, reason="decided")
    summary = msgspec.structs.replace(run.summary, stopping=stopping)
    assert [*certainty.caveats(msgspec.structs.replace(run, summary=summary), 1024)][-1] == (
        "checked after 20 and 40 rounds, 95 % over all checks; at 20 the run ended because "
        "every comparison was decided"
    )


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        (("faster", "faster"), "faster"),
        (("slower",), "slower"),
        (("no-difference", "no-difference"), "same"),
        (("faster", "no-difference"), "mixed"),
        (("faster", "not-enough-environments"), None),
        ((), None),
    ],
)
def test_the_joint_verdict_is_what_all_say(
    sample_run: ModuleType, verdicts: tuple[str, ...], told: str | None
) -> None:
    one = sample_run.rounds_input(2).summary.comparisons[0]
    found = [msgspec.structs.replace(one, verdict=verdict) for verdict in verdicts]
    assert joint_verdict(found) == told


def test_a_pairing_without_comparison_has_no_verdict() -> None:
    assert joint_verdict([None]) is None
