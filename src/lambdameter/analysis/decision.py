"""The sentence that decides, and the evidence under it. Pure.

A variant is faster where the interval of its time says so. Few rounds have no interval, and then
nothing is called faster than by what runs of one cell are known to differ by.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from lambdameter import units
from lambdameter.analysis import copies, find, outcome
from lambdameter.analysis.fix_first import NOISE, Advice, advise, total
from lambdameter.analysis.pairing import Duel, against_the_best, comparisons
from lambdameter.model.base import Record
from lambdameter.model.bill import BillLine
from lambdameter.model.report import ReportInput
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
# Write units a second, which the local table does not enforce:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html
NEW_TABLE_UNITS = 4_000


class Decision(Record, frozen=True, kw_only=True):
    """What to do at one tier, and why.

    Attributes:
        memory_mb: the tier; None: all of them.
        verdict: one sentence that says what to do.
        evidence: sentences with the figures that it stands on.
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


def decide(run: ReportInput) -> tuple[Decision, ...]:
    """What to do, a decision a tier; one alone where speed says nothing: unequal, or faulted."""
    if not run.samples:
        return (_no_sample(run),)
    # A case of which no call was made yet is missing, not unequal.
    verified = [case for case in find.cases(run) if find.equality(run, case) is not None]
    unequal = [case for case in verified if not find.is_equal(run, case)]
    if unequal:
        return (_make_equal(run, unequal),)
    if run.manifest.target.faults is not None:
        return (_WITH_FAULTS,)
    if run.manifest.copies:
        return tuple(_of_copies(run, memory_mb) for memory_mb in find.tiers(run))
    return tuple(_at_tier(run, memory_mb) for memory_mb in find.tiers(run))


def _no_sample(run: ReportInput) -> Decision:
    return Decision(
        memory_mb=None,
        action="cannot-tell",
        verdict="No decision: this run has no samples.",
        evidence=(f"Measure them with `lambdameter run --resume {run.folder}`.",),
    )


def _make_equal(run: ReportInput, unequal: list[str]) -> Decision:
    failing = []
    for case in unequal:
        verdict = find.equality(run, case)
        wrong = verdict.unequal if verdict else ()
        who = listed([find.variant_title(run, name) for name in wrong]) or "the variants"
        failing.append(f"{who} on {find.case_title(run, case)}")
    return Decision(
        memory_mb=None,
        action="make-equal",
        verdict=f"Not equal: {listed(failing)}. Correct this first; speed comes after.",
        evidence=("No speed is reported for a case until all of its records are equal.",),
    )


def _at_tier(run: ReportInput, memory_mb: int) -> Decision:
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
        return _alone(run, memory_mb, alive[0])
    duels = against_the_best(run, memory_mb)
    if dead:
        who = listed([find.variant_title(run, name) for name in alive])
        verb = "answers" if len(alive) == 1 else "answer"
        return Decision(
            memory_mb=memory_mb,
            action="survivor",
            verdict=_beside(
                f"{at} use {who}: {listed(list(dead.values()))}; only {who} {verb} every case.",
                advise(run, memory_mb),
            ),
            evidence=_evidence(run, memory_mb, duels),
        )
    action, verdict = _weigh(run, duels)
    advice = advise(run, memory_mb)
    if action == "switch" and advice is not None and advice.gain == "most":
        action, verdict = "fix-first", ""
    return Decision(
        memory_mb=memory_mb,
        action=action,
        verdict=_beside(verdict, advice, after=action == "bill-first"),
        evidence=_evidence(run, memory_mb, duels),
    )


def _of_copies(run: ReportInput, memory_mb: int) -> Decision:
    decided, verdict, evidence = copies.verdict(run, memory_mb)
    return Decision(
        memory_mb=memory_mb,
        action="copies" if decided else "cannot-tell",
        verdict=verdict,
        evidence=evidence,
    )


def _living_and_dead(run: ReportInput, memory_mb: int) -> tuple[list[str], dict[str, str]]:
    """Variants that answered every case, and for each other what it died of."""
    alive: list[str] = []
    dead: dict[str, str] = {}
    for variant in run.manifest.workload.variants:
        if variant.name in find.exhibits(run):
            continue
        mine = [
            cell
            for cell in run.summary.cells
            if cell.memory_mb == memory_mb and cell.variant == variant.name
        ]
        lost = [cell for cell in mine if find.raced_ms(cell.warm) is None]
        if lost:
            dead[variant.name] = f"{variant.title} {_cause(run, lost)}"
        elif mine:
            alive.append(variant.name)
    return alive, dead


def _cause(run: ReportInput, lost: list[CellSummary]) -> str:
    titles = listed([find.case_title(run, cell.case) for cell in lost])
    errors = [cell.warm.error for cell in lost if cell.warm is not None and cell.warm.error]
    if not errors:
        return f"has no measured warm call on {titles}"
    return f"dies on {titles} ({listed(sorted({error.type for error in errors}))})"


def _alone(run: ReportInput, memory_mb: int, name: str) -> Decision:
    title = find.variant_title(run, name)
    parts = []
    for case in find.cases(run):
        for cell in find.candidates(run, memory_mb, case):
            bill = find.bill(run, cell)
            price = f" for {units.usd(bill.run_usd)}" if bill is not None else ""
            parts.append(
                f"{find.case_title(run, case)} in {units.time(total(cell))}{price} per run"
            )
    return Decision(
        memory_mb=memory_mb,
        action="alone",
        verdict=f"At {memory_mb:,} MB only {title} was measured, so there is nothing "
        "to choose between.",
        evidence=(f"{_rounds(run)}it takes {listed(parts)}.",),
    )


def _weigh(run: ReportInput, duels: list[Duel]) -> tuple[Action, str]:
    if not duels:
        return "cannot-tell", "No decision: there are no two bills to compare."
    reference = find.variant_title(run, duels[0].reference.variant)
    rival = find.variant_title(run, duels[0].rival.variant)
    dominant = _dominant(duels)
    if dominant is not None:
        line, share = dominant
        return "bill-first", (
            f"Reduce the {line.item} first: they are {units.percent(share)} of the "
            "bill, and a rewrite does not change them."
        )
    return _choose(run, duels, reference, rival)


def _choose(run: ReportInput, duels: list[Duel], reference: str, rival: str) -> tuple[Action, str]:
    """Between two, by the intervals of their times where there are any."""
    ratios = [duel.ratio for duel in duels]
    savings = [duel.saving for duel in duels]
    proven = outcome.outcome(comparisons(run, duels))
    faster = min(ratios) >= NOISE if proven is None else proven == "faster"
    slower = max(ratios) <= 1 / NOISE if proven is None else proven == "slower"
    if faster and min(savings) >= MATTERS:
        return "switch", (
            f"Switch to {rival}: {_rounds(run).lower()}it reduces the whole bill "
            f"by {_shares(savings, signed=False)}."
        )
    if faster and min(savings) >= 0:
        return "speed-alone", (
            f"{rival} is faster in every case, but not clearly cheaper: "
            f"{_rounds(run).lower()}it reduces the whole bill by "
            f"{_shares(savings, signed=False)}."
        )
    if proven == "same":
        return "stay", f"Stay with {reference}: {_same(run, duels)}."
    if slower or max(savings) < 0:
        return "stay", (f"Stay with {reference}: {_rounds(run).lower()}{rival} is more expensive.")
    why = (
        f"runs of the same variant differ by up to {units.percent(NOISE - 1)}, and "
        f"{_rounds(run).lower()}the differences are not larger in every case"
        if proven is None
        else f"{_rounds(run).lower()}the cases and bills do not agree"
    )
    return "cannot-tell", f"No decision between {rival} and {reference}: {why}."


def _same(run: ReportInput, duels: list[Duel]) -> str:
    """No difference, and how small a one would have been found."""
    least = max(
        comparison.detectable or 0
        for comparison in comparisons(run, duels)
        if comparison is not None
    )
    return (
        f"{_rounds(run).lower()}no difference was found, and a difference of "
        f"{units.percent(least)} would have been found in four runs of five"
    )


def _intervals(run: ReportInput, duels: list[Duel]) -> tuple[str, ...]:
    """Between what the rival's time lies, as a share of the reference's."""
    spans = [
        f"{units.span(comparison.interval.low, comparison.interval.high)} "
        f"({find.case_title(run, comparison.case)}, {units.level(comparison.interval.level)} "
        "interval)"
        for comparison in comparisons(run, duels)
        if comparison is not None and comparison.interval is not None
    ]
    if not spans:
        return ()
    reference = find.variant_title(run, duels[0].reference.variant)
    return (f"Its Duration is {listed(spans)} times {reference}'s.",)


def _beside(verdict: str, advice: Advice | None, *, after: bool = False) -> str:
    """A verdict, and how far tuning the reference's own language goes."""
    if advice is None:
        return verdict
    language = advice.language
    start = {
        "most": f"Then optimise {language}" if after else f"Optimise {language} first",
        "some": f"Optimising {language} is not enough",
        "little": f"Optimising {language} gains little",
    }[advice.gain]
    return f"{verdict} {start}: {advice.races}.".lstrip()


def _dominant(duels: list[Duel]) -> tuple[BillLine, Decimal] | None:
    """What fills the bill where no rewrite matters: its line and share; None where one may."""
    for duel in duels:
        bill = duel.reference_bill
        if not bill.run_usd or bill.touchable_usd / bill.run_usd >= MATTERS:
            return None
    bill = duels[0].reference_bill
    line = max(bill.lines, key=lambda line: line.usd)
    return line, line.usd / bill.run_usd


def _evidence(run: ReportInput, memory_mb: int, duels: list[Duel]) -> tuple[str, ...]:
    if not duels:
        return ()
    compute = [
        1 - duel.rival_bill.touchable_usd / duel.reference_bill.touchable_usd for duel in duels
    ]
    whole = [duel.saving for duel in duels]
    cuts = min(*compute, *whole) >= 0
    verb = "cuts" if cuts else "changes"
    bill = (
        f"This {verb} compute by {_shares(compute, signed=not cuts)}, and the "
        f"whole bill by {_shares(whole, signed=not cuts)}."
    )
    race = f"At {memory_mb:,} MB, {_rounds(run).lower()}{_races(run, duels)}."
    return (
        race,
        *_intervals(run, duels),
        bill,
        *_modelled(duels),
        *_beyond_a_new_table(run, memory_mb),
    )


def _shares(savings: list[Decimal], *, signed: bool) -> str:
    """Savings as they stand in a sentence; signed, a saving is a minus."""
    texts = [
        f"{'-' if saving > 0 else '+'}{units.percent(abs(saving))}"
        if signed
        else units.percent(saving)
        for saving in savings
    ]
    return listed(list(dict.fromkeys(texts)))


def _races(run: ReportInput, duels: list[Duel]) -> str:
    """Who does what in how long; the same two names are said once."""
    sentences = []
    before = None
    for duel in duels:
        pair = duel.reference.variant, duel.rival.variant
        rival, reference = (units.time(total(cell)) for cell in (duel.rival, duel.reference))
        faster = f"{units.number(duel.ratio)} times faster" if duel.ratio >= 1 else "slower"
        case = find.case_title(run, duel.case)
        if pair == before:
            sentences.append(f"{rival} and {reference} on {case} ({faster})")
        else:
            who, whose = (find.variant_title(run, name) for name in reversed(pair))
            sentences.append(f"{who} takes {rival} and {whose} {reference} on {case} ({faster})")
        before = pair
    return "; ".join(sentences)


def _modelled(duels: list[Duel]) -> tuple[str, ...]:
    shares = [
        cell.warm.modelled_ms / total(cell)
        for duel in duels
        for cell in (duel.reference, duel.rival)
        if cell.warm is not None and cell.warm.modelled_ms is not None
    ]
    if not shares or max(shares) == 0:
        return ()
    ends = list(dict.fromkeys(units.percent(share) for share in (min(shares), max(shares))))
    return (f"{' to '.join(ends)} of these times is modelled service time.",)


def _beyond_a_new_table(run: ReportInput, memory_mb: int) -> tuple[str, ...]:
    """Who writes faster to a modelled table than AWS lets anyone write to a new one."""
    rates = {
        cell.variant: cell.warm.write_units * 1_000 / total(cell)
        for cell in run.summary.cells
        if cell.memory_mb == memory_mb
        and cell.warm is not None
        and cell.warm.modelled_ms is not None
        and cell.warm.write_units
        and cell.warm.write_units > NEW_TABLE_UNITS  # fewer last no second
        and total(cell)
    }
    fast = [name for name, rate in rates.items() if rate > NOISE * NEW_TABLE_UNITS]
    if not fast:
        return ()
    who = listed([find.variant_title(run, name) for name in fast])
    most = max(rates.values())
    sentence = (
        f"{who} would need a pre-warmed table on AWS: up to {most:,.0f} units are "
        f"written per second, and a new on-demand table takes {NEW_TABLE_UNITS:,}."
    )
    return (sentence,)


def _rounds(run: ReportInput) -> str:
    return "In this one round " if run.summary.rounds == 1 else f"In {run.summary.rounds} rounds "
