"""The verdict on each case from all of its samples. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from lambdameter.model.base import CALLS, Call
from lambdameter.model.sample import Sample
from lambdameter.model.summary import CaseEquality
from lambdameter.model.workload import EqualityRule
from lambdameter.verify import response as answers

# Digest of the table, and canonical answer.
_Outcome = tuple[str, str | None]


def cases(samples: Iterable[Sample], rule: EqualityRule) -> tuple[CaseEquality, ...]:
    """The verdict on each case, in the order of the samples."""
    by_case: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_case[sample.trial.case].append(sample)
    return tuple(case(name, group, rule) for name, group in by_case.items())


def case(name: str, samples: Sequence[Sample], rule: EqualityRule = answers.EXACT) -> CaseEquality:
    """The verdict on one case.

    A trial counts as answered if it was verified; timing errors, such as a cold call that was not
    cold, do not matter here. An answer that does not follow workload.toml is a difference, whatever
    is in the table. If no trial of a call answered at a memory size, the variant died there, and
    its records are unknown.
    """
    answered = [sample for sample in samples if sample.equality is not None]
    unequal = {sample.trial.variant for sample in answered if not _is_equal(sample)}
    proven = {sample.trial.variant for sample in answered} - unequal
    outcomes = {call: _outcomes(answered, call) for call in CALLS}
    agreed = {call: _agree(list(outcomes[call]), rule) for call in CALLS}
    last = next((call for call in reversed(CALLS) if outcomes[call]), None)
    return CaseEquality(
        case=name,
        proven=tuple(sorted(proven)),
        unequal=tuple(sorted(unequal)),
        died=_died(samples),
        agree=all(agreed.values()),
        records_compared=sum(
            sample.equality.expected_count for sample in answered if sample.equality
        ),
        digest=next(iter(outcomes[last]))[0] if last is not None and agreed[last] else None,
    )


def _is_equal(sample: Sample) -> bool:
    nonsense = sample.error is not None and sample.error.kind == "answer"
    return sample.equality is not None and sample.equality.equal and not nonsense


def _outcomes(answered: Iterable[Sample], call: Call) -> dict[_Outcome, None]:
    """The different outcomes of one call, in the order of the samples."""
    return dict.fromkeys(
        (sample.equality.actual_digest, sample.canonical_response)
        for sample in answered
        if sample.trial.call == call and sample.equality is not None
    )


def _agree(outcomes: Sequence[_Outcome], rule: EqualityRule) -> bool:
    """Whether all outcomes are alike; with tolerances, each is compared with the first."""
    if len(outcomes) <= 1:
        return True
    if not any(field.tolerated for field in rule.response):
        return False
    (digest, first), *rest = outcomes
    return all(
        other_digest == digest and _alike(first, other, rule) for other_digest, other in rest
    )


def _alike(left: str | None, right: str | None, rule: EqualityRule) -> bool:
    if left is None or right is None:
        return left is right
    return not answers.differences(msgspec.json.decode(left), msgspec.json.decode(right), rule)


def _died(samples: Iterable[Sample]) -> dict[str, str]:
    """Variant -> error type, where all trials of one call at one memory size failed."""
    attempts: dict[tuple[str, int, Call], list[Sample]] = defaultdict(list)
    for sample in samples:
        trial = sample.trial
        attempts[trial.variant, trial.memory_mb, trial.call].append(sample)
    return {
        variant: tried[0].error.type
        for (variant, _, _), tried in attempts.items()
        if all(sample.equality is None for sample in tried) and tried[0].error is not None
    }
