"""The decision for each memory size, with its evidence. Pure.

A variant is faster if the confidence interval of its time says so. Without an interval, it is
faster only if it differs by more than runs of one cell are known to differ.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from lambdameter import units
from lambdameter.analysis import copies
from lambdameter.analysis.evidence import evidence, rounds, shares
from lambdameter.analysis.pairing import (
    Pairing,
    against_the_best,
    comparisons,
    joint_verdict,
)
from lambdameter.analysis.run import Run
from lambdameter.analysis.tuning import NOISE, Advice, advise, time_ms
from lambdameter.model.base import Record
from lambdameter.model.bill import BillLine
from lambdameter.model.summary import CellSummary
from lambdameter.words import listed

Action = Literal[
    "make-equal",
    "survivor",
    "bill-first",
    "fix-first",
    "switch",
    "speed-alone",
    "stay",
    "cannot-tell",
    "alone",
    "copies",
]

# A saving of less than this share of the whole bill is not a reason to rewrite anything.
MATTERS = Decimal("0.05")


class Decision(Record, frozen=True, kw_only=True):
    """What to do at one memory size, and why.

    Attributes:
        memory_mb: the memory size; None: all of them.
        verdict: one sentence that says what to do.
        evidence: sentences with the figures behind the verdict.
    """

    memory_mb: int | None
    action: Action
    verdict: str
    evidence: tuple[str, ...]


_WITH_FAULTS = Decision(
    memory_mb=None,
    action="cannot-tell",
    verdict="In spite of the injected faults, no call that answered lost or changed a record.",
    evidence=("To decide which variant to run, measure without injected faults.",),
)


def decide(run: Run) -> tuple[Decision, ...]:
    """A decision for each memory size; only one where speed does not matter: unequal, or faults."""
    if not run.samples:
        return (_no_sample(run),)
    unequal = [case for case in run.cases if run.is_unequal(case)]
    if unequal:
        return (_make_equal(run, unequal),)
    if run.manifest.target.faults is not None:
        return (_WITH_FAULTS,)
    if run.manifest.copies:
        return tuple(_of_copies(run, memory_mb) for memory_mb in run.memory_sizes)
    return tuple(_between_variants(run, memory_mb) for memory_mb in run.memory_sizes)


def evidence_by_verdict(run: Run) -> dict[str, list[str]]:
    """Each verdict once, with the evidence of every memory size that has this verdict."""
    evidence: dict[str, list[str]] = {}
    for decision in decide(run):
        evidence.setdefault(decision.verdict, []).extend(decision.evidence)
    return evidence


def only_candidate(run: Run, name: str) -> str:
    """Why there is nothing to choose between: a clause that begins with "only"."""
    title = run.variant_title(name)
    if not run.not_candidates:
        return f"only {title} was measured, so there is nothing to choose between"
    others = [
        f"{run.variant_title(other)} is not: {reason}"
        for other, reason in run.not_candidates.items()
    ]
    return f"only {title} is a candidate; {'; '.join(others)}"


def _no_sample(run: Run) -> Decision:
    return Decision(
        memory_mb=None,
        action="cannot-tell",
        verdict="No decision: this run has no samples.",
        evidence=(f"Measure them with `lambdameter run --resume {run.folder}`.",),
    )


def _make_equal(run: Run, unequal: list[str]) -> Decision:
    failing = []
    for case in unequal:
        verdict = run.equality(case)
        wrong = verdict.unequal if verdict else ()
        who = listed([run.variant_title(name) for name in wrong]) or "the variants"
        failing.append(f"{who} on {run.case_title(case)}")
    return Decision(
        memory_mb=None,
        action="make-equal",
        verdict=f"Not equal: {listed(failing)}. Correct this first; speed comes after.",
        evidence=("No speed is reported for a case until all of its records are equal.",),
    )


def _between_variants(run: Run, memory_mb: int) -> Decision:
    alive, dead = _living_and_dead(run, memory_mb)
    at = f"At {memory_mb:,} MB"
    if not alive:
        return Decision(
            memory_mb=memory_mb,
            action="cannot-tell",
            verdict=f"{at} no decision is possible: no variant answered every case.",
            evidence=tuple(f"{cause}." for cause in dead.values()),
        )
    if len(alive) + len(dead) == 1:
        return _single(run, memory_mb, alive[0])
    pairings = against_the_best(run, memory_mb)
    if dead:
        who = listed([run.variant_title(name) for name in alive])
        verb = "answers" if len(alive) == 1 else "answer"
        return Decision(
            memory_mb=memory_mb,
            action="survivor",
            verdict=_beside(
                f"{at} use {who}: {listed(list(dead.values()))}; only {who} {verb} every case.",
                advise(run, memory_mb),
            ),
            evidence=evidence(run, memory_mb, pairings),
        )
    action, verdict = _weigh(run, pairings)
    advice = advise(run, memory_mb)
    if action == "switch" and advice is not None and advice.gain == "most":
        action, verdict = "fix-first", ""
    return Decision(
        memory_mb=memory_mb,
        action=action,
        verdict=_beside(verdict, advice, after=action == "bill-first"),
        evidence=evidence(run, memory_mb, pairings),
    )


def _of_copies(run: Run, memory_mb: int) -> Decision:
    decided, verdict, evidence = copies.verdict(run, memory_mb)
    return Decision(
        memory_mb=memory_mb,
        action="copies" if decided else "cannot-tell",
        verdict=verdict,
        evidence=evidence,
    )


def _living_and_dead(run: Run, memory_mb: int) -> tuple[list[str], dict[str, str]]:
    """Variants that answered every case, and each other candidate -> why it did not."""
    alive: list[str] = []
    dead: dict[str, str] = {}
    for variant in run.manifest.workload.variants:
        if variant.name in run.not_candidates:
            continue
        mine = [cell for cell in run.cells(memory_mb) if cell.variant == variant.name]
        lost = [cell for cell in mine if cell.compared_ms is None]
        if lost:
            dead[variant.name] = f"{variant.title} {_cause(run, lost)}"
        elif mine:
            alive.append(variant.name)
    return alive, dead


def _cause(run: Run, lost: list[CellSummary]) -> str:
    titles = listed([run.case_title(cell.case) for cell in lost])
    errors = [cell.warm.error for cell in lost if cell.warm is not None and cell.warm.error]
    if not errors:
        return f"has no measured warm call on {titles}"
    return f"dies on {titles} ({listed(sorted({error.type for error in errors}))})"


def _single(run: Run, memory_mb: int, name: str) -> Decision:
    parts = []
    for case in run.cases:
        for cell in run.candidates(memory_mb, case):
            bill = run.bill_of(cell)
            price = ""
            if bill is not None:
                price = f" for {units.usd_per_million(bill.run_usd)} per million calls"
            parts.append(f"{run.case_title(case)} in {units.time(time_ms(cell))}{price}")
    return Decision(
        memory_mb=memory_mb,
        action="alone",
        verdict=f"At {memory_mb:,} MB {only_candidate(run, name)}.",
        evidence=(f"{rounds(run)}it takes {listed(parts)}.",),
    )


def _weigh(run: Run, pairings: list[Pairing]) -> tuple[Action, str]:
    if not pairings:
        return "cannot-tell", "No decision: there are no two bills to compare."
    reference = run.variant_title(pairings[0].reference.variant)
    rival = run.variant_title(pairings[0].rival.variant)
    dominant = _dominant(pairings)
    if dominant is not None:
        line, share = dominant
        return "bill-first", (
            f"Reduce the {line.item} first: they are {units.percent(share)} of the "
            "bill, and a rewrite does not change them."
        )
    return _choose(run, pairings, reference, rival)


def _choose(run: Run, pairings: list[Pairing], reference: str, rival: str) -> tuple[Action, str]:
    """A choice between two variants, by the intervals of their times if there are any."""
    ratios = [pairing.ratio for pairing in pairings]
    savings = [pairing.saving for pairing in pairings]
    proven = joint_verdict(comparisons(run, pairings))
    faster = min(ratios) >= NOISE if proven is None else proven == "faster"
    slower = max(ratios) <= 1 / NOISE if proven is None else proven == "slower"
    if faster and min(savings) >= MATTERS:
        return "switch", (
            f"Switch to {rival}: {rounds(run).lower()}it reduces the whole bill "
            f"by {shares(savings, signed=False)}."
        )
    if faster and min(savings) >= 0:
        return "speed-alone", (
            f"{rival} is faster in every case, but not clearly cheaper: "
            f"{rounds(run).lower()}it reduces the whole bill by "
            f"{shares(savings, signed=False)}."
        )
    if proven == "same":
        return "stay", f"Stay with {reference}: {_same(run, pairings)}."
    if slower or max(savings) < 0:
        return "stay", (f"Stay with {reference}: {rounds(run).lower()}{rival} is more expensive.")
    why = (
        f"runs of the same variant differ by up to {units.percent(NOISE - 1)}, and "
        f"{rounds(run).lower()}the differences are not larger in every case"
        if proven is None
        else f"{rounds(run).lower()}the cases and bills do not agree"
    )
    return "cannot-tell", f"No decision between {rival} and {reference}: {why}."


def _same(run: Run, pairings: list[Pairing]) -> str:
    """No difference, and the size of the difference that would have been found."""
    least = max(
        comparison.detectable or 0
        for comparison in comparisons(run, pairings)
        if comparison is not None
    )
    return (
        f"{rounds(run).lower()}no difference was found, and a difference of "
        f"{units.percent(least)} would have been found in four runs of five"
    )


def _beside(verdict: str, advice: Advice | None, *, after: bool = False) -> str:
    """A verdict, with the advice on tuning in the reference's own language."""
    if advice is None:
        return verdict
    language = advice.language
    start = {
        "most": f"Then optimise {language}" if after else f"Optimise {language} first",
        "some": f"Optimising {language} is not enough",
        "little": f"Optimising {language} gains little",
    }[advice.gain]
    return f"{verdict} {start}: {advice.races}.".lstrip()


def _dominant(pairings: list[Pairing]) -> tuple[BillLine, Decimal] | None:
    """The largest line of a bill that no rewrite can reduce, and its share; None otherwise."""
    for pairing in pairings:
        bill = pairing.reference_bill
        if not bill.run_usd or bill.touchable_usd / bill.run_usd >= MATTERS:
            return None
    bill = pairings[0].reference_bill
    line = max(bill.lines, key=lambda line: line.usd)
    return line, line.usd / bill.run_usd
