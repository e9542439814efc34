"""All samples of a case: which variants are proven, which differ, which died. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from lambdameter.model import CALLS, Call, CaseEquality, Sample


def cases(samples: Iterable[Sample]) -> tuple[CaseEquality, ...]:
    """One verdict for each case, in order of appearance."""
    by_case: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_case[sample.trial.case].append(sample)
    return tuple(case(name, found) for name, found in by_case.items())


def case(name: str, samples: Sequence[Sample]) -> CaseEquality:
    """The verdict on one case.

    A trial has answered when there was something to verify; timing errors (a cold call that was
    not cold) do not matter here. An answer that is not what workload.toml says is a difference,
    whatever stands in the table. A call at a tier that no trial answered is a death, which
    leaves open what the variant would have written.
    """
    answered = [sample for sample in samples if sample.equality is not None]
    unequal = {one.trial.variant for one in answered if not _is_equal(one)}
    proven = {one.trial.variant for one in answered} - unequal
    agreed = {call: _outcomes(answered, call) for call in CALLS}
    last = next((agreed[call] for call in reversed(CALLS) if agreed[call]), set())
    return CaseEquality(
        case=name,
        proven=tuple(sorted(proven)),
        unequal=tuple(sorted(unequal)),
        died=_died(samples),
        agree=all(len(outcomes) <= 1 for outcomes in agreed.values()),
        records_compared=sum(one.equality.expected_count for one in answered if one.equality),
        digest=next(iter(last))[0] if len(last) == 1 else None,
    )


def _is_equal(sample: Sample) -> bool:
    nonsense = sample.error is not None and sample.error.kind == "answer"
    return sample.equality is not None and sample.equality.equal and not nonsense


def _outcomes(answered: Iterable[Sample], call: Call) -> set[tuple[str, str | None]]:
    return {
        (sample.equality.actual_digest, sample.canonical_response)
        for sample in answered
        if sample.trial.call == call and sample.equality is not None
    }


def _died(samples: Iterable[Sample]) -> dict[str, str]:
    """Variant -> error type, where all trials of one call at one tier failed."""
    attempts: dict[tuple[str, int, Call], list[Sample]] = defaultdict(list)
    for sample in samples:
        trial = sample.trial
        attempts[trial.variant, trial.memory_mb, trial.call].append(sample)
    return {
        variant: tried[0].error.type
        for (variant, _, _), tried in attempts.items()
        if all(one.equality is None for one in tried) and tried[0].error is not None
    }
