from __future__ import annotations

from typing import Any

from lambdameter.model.base import Call
from lambdameter.model.sample import Sample, SampleError, Trial, TrialEquality
from lambdameter.model.workload import AnswerMayDiffer, EqualityRule
from lambdameter.verify import case
from lambdameter.verify import response as answers

OOM = SampleError(kind="function", type="Runtime.OutOfMemory", message="killed")


def equality(*, equal: bool = True, digest: str = "d") -> TrialEquality:
    return TrialEquality(
        equal=equal,
        expected_count=30,
        actual_count=30,
        expected_digest="d",
        actual_digest=digest,
        write_units=30,
        differing=0 if equal else 1,
    )


def sample(
    variant: str, call: Call = "warm", memory_mb: int = 1024, of: str = "csv", **given: Any
) -> Sample:
    known: dict[str, Any] = {"equality": equality(), "canonical_response": "{}", **given}
    return Sample(
        trial=Trial(
            index=0,
            round=0,
            environment=0,
            workload="sums",
            variant=variant,
            case=of,
            memory_mb=memory_mb,
            call=call,
        ),
        started_at="",
        client_ms=1,
        **known,
    )


def dead(variant: str, call: Call = "warm", memory_mb: int = 1024) -> Sample:
    return sample(variant, call, memory_mb, error=OOM, equality=None, canonical_response=None)


def test_variants_whose_every_trial_was_equal_are_proven() -> None:
    verdict = case.case("csv", [sample("python"), sample("rust"), sample("rust", "cold")])
    assert verdict.proven == ("python", "rust")
    assert verdict.agree
    assert verdict.digest == "d"
    assert verdict.records_compared == 90


def test_one_unequal_trial_is_enough_to_be_unequal() -> None:
    samples = [sample("rust"), sample("rust", equality=equality(equal=False, digest="e"))]
    verdict = case.case("csv", samples)
    assert (verdict.proven, verdict.unequal) == ((), ("rust",))
    assert not verdict.agree
    assert verdict.digest is None


def test_a_nonsense_answer_over_a_right_table_is_unequal() -> None:
    nonsense = SampleError(kind="answer", type="WrongShape", message="")
    verdict = case.case("csv", [sample("rust", error=nonsense)])
    assert (verdict.proven, verdict.unequal) == ((), ("rust",))


def test_a_call_that_was_not_cold_still_proves_equality() -> None:
    not_cold = SampleError(kind="invoke", type="NotCold", message="")
    verdict = case.case("csv", [sample("rust", error=not_cold)])
    assert (verdict.proven, verdict.died) == (("rust",), {})


def test_a_death_is_recorded_and_makes_nothing_unequal() -> None:
    verdict = case.case("csv", [dead("python"), sample("rust")])
    assert verdict.died == {"python": "Runtime.OutOfMemory"}
    assert (verdict.proven, verdict.unequal) == (("rust",), ())
    assert verdict.agree


def test_a_variant_may_die_at_one_tier_and_be_proven_at_another() -> None:
    verdict = case.case("csv", [dead("python", memory_mb=128), sample("python")])
    assert verdict.proven == ("python",)
    assert verdict.died == {"python": "Runtime.OutOfMemory"}


def test_a_variant_that_answers_cold_and_dies_warm_died() -> None:
    verdict = case.case("csv", [sample("python", "cold"), dead("python", "warm")])
    assert verdict.died == {"python": "Runtime.OutOfMemory"}
    assert verdict.proven == ("python",)


def test_a_variant_that_died_once_and_answered_once_did_not_die() -> None:
    assert case.case("csv", [dead("python"), sample("python")]).died == {}


def test_variants_that_wrote_otherwise_do_not_agree() -> None:
    samples = [sample("python"), sample("rust", equality=equality(digest="e"))]
    assert not case.case("csv", samples).agree


def test_variants_that_answered_otherwise_do_not_agree() -> None:
    samples = [sample("python"), sample("rust", canonical_response='{"n":1}')]
    assert not case.case("csv", samples).agree


def test_cold_and_warm_calls_are_not_compared_with_each_other() -> None:
    samples = [sample("rust", "cold", equality=equality(digest="small")), sample("rust", "warm")]
    verdict = case.case("csv", samples)
    assert verdict.agree
    assert verdict.digest == "d"


def test_each_case_has_its_own_verdict() -> None:
    verdicts = case.cases(
        [sample("rust", of="csv"), dead("rust"), sample("rust", of="json")], answers.EXACT
    )
    assert [one.case for one in verdicts] == ["csv", "json"]


def test_answers_within_the_tolerance_agree_and_others_do_not() -> None:
    rule = EqualityRule(response=(AnswerMayDiffer(field="mean", reason="a sum", absolute=0.1),))
    near = [
        sample("a", canonical_response='{"mean":1}'),
        sample("b", canonical_response='{"mean":1.05}'),
    ]
    far = [*near, sample("b", canonical_response='{"mean":1.2}')]
    assert case.case("csv", near, rule).agree
    assert case.case("csv", near, rule).digest == "d"
    assert not case.case("csv", far, rule).agree
    assert not case.case("csv", near).agree


def test_a_tolerance_excuses_no_other_field_and_no_table() -> None:
    rule = EqualityRule(response=(AnswerMayDiffer(field="mean", reason="a sum", absolute=0.1),))
    first = sample("a", canonical_response='{"mean":1,"n":1}')
    other = sample("b", canonical_response='{"mean":1,"n":2}')
    table = sample("b", canonical_response='{"mean":1.05,"n":1}', equality=equality(digest="e"))
    assert not case.case("csv", [first, other], rule).agree
    assert not case.case("csv", [first, table], rule).agree
