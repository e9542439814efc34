from __future__ import annotations

from types import ModuleType

from lambdameter.analysis.pairing import against_the_best, comparisons


def test_a_duel_a_case_with_its_comparison(sample_run: ModuleType) -> None:
    run = sample_run.rounds_input(20)
    duels = against_the_best(run, 1024)
    assert [(one.reference.variant, one.rival.variant, one.case) for one in duels] == [
        ("python", "rust", "csv"),
        ("python", "rust", "json"),
    ]
    found = [(one.variant, one.case, one.call) for one in comparisons(run, duels) if one]
    assert found == [("rust", "csv", "warm"), ("rust", "json", "warm")]


def test_a_case_that_only_one_answers_has_no_duel(sample_run: ModuleType) -> None:
    at_128 = sample_run.report_input(sample_run.manifest((128,)))
    assert [one.case for one in against_the_best(at_128, 128)] == ["csv"]
