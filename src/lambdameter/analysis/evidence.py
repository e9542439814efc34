"""The sentences with the figures behind a decision. Pure."""

from __future__ import annotations

from decimal import Decimal

from lambdameter import units
from lambdameter.analysis.pairing import Pairing, comparisons
from lambdameter.analysis.run import Run
from lambdameter.analysis.tuning import NOISE, time_ms
from lambdameter.words import listed

# Write units per second of a new table, which the local DynamoDB does not enforce:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html
NEW_TABLE_UNITS = 4_000


def evidence(run: Run, memory_mb: int, pairings: list[Pairing]) -> tuple[str, ...]:
    """Times, intervals, bill and warnings for the pairings of one memory size."""
    if not pairings:
        return ()
    compute = [
        1 - pairing.rival_bill.touchable_usd / pairing.reference_bill.touchable_usd
        for pairing in pairings
    ]
    whole = [pairing.saving for pairing in pairings]
    cuts = min(*compute, *whole) >= 0
    verb = "cuts" if cuts else "changes"
    bill = (
        f"This {verb} compute by {shares(compute, signed=not cuts)}, and the "
        f"whole bill by {shares(whole, signed=not cuts)}."
    )
    times = f"At {memory_mb:,} MB, {rounds(run).lower()}{_times(run, pairings)}."
    return (
        times,
        *_intervals(run, pairings),
        bill,
        *_modelled(pairings),
        *_beyond_a_new_table(run, memory_mb),
    )


def shares(savings: list[Decimal], *, signed: bool) -> str:
    """Savings in a sentence; with `signed`, a saving has a minus."""
    texts = [
        f"{'-' if saving > 0 else '+'}{units.percent(abs(saving))}"
        if signed
        else units.percent(saving)
        for saving in savings
    ]
    return listed(list(dict.fromkeys(texts)))


def rounds(run: Run) -> str:
    """The number of rounds, as the beginning of a sentence."""
    return "In this one round " if run.summary.rounds == 1 else f"In {run.summary.rounds} rounds "


def _intervals(run: Run, pairings: list[Pairing]) -> tuple[str, ...]:
    """The intervals of the rival's time, as a multiple of the reference's."""
    spans = [
        f"{units.span(comparison.interval.low, comparison.interval.high)} "
        f"({run.case_title(comparison.case)}, {units.level(comparison.interval.level)} "
        "interval)"
        for comparison in comparisons(run, pairings)
        if comparison is not None and comparison.interval is not None
    ]
    if not spans:
        return ()
    reference = run.variant_title(pairings[0].reference.variant)
    return (f"Its Duration is {listed(spans)} times {reference}'s.",)


def _times(run: Run, pairings: list[Pairing]) -> str:
    """The times of each pairing; the same two names are not repeated."""
    sentences = []
    before = None
    for pairing in pairings:
        pair = pairing.reference.variant, pairing.rival.variant
        rival, reference = (
            units.time(time_ms(cell)) for cell in (pairing.rival, pairing.reference)
        )
        faster = f"{units.number(pairing.ratio)} times faster" if pairing.ratio >= 1 else "slower"
        case = run.case_title(pairing.case)
        if pair == before:
            sentences.append(f"{rival} and {reference} on {case} ({faster})")
        else:
            who, whose = (run.variant_title(name) for name in reversed(pair))
            sentences.append(f"{who} takes {rival} and {whose} {reference} on {case} ({faster})")
        before = pair
    return "; ".join(sentences)


def _modelled(pairings: list[Pairing]) -> tuple[str, ...]:
    shares = [
        cell.warm.modelled_ms / time_ms(cell)
        for pairing in pairings
        for cell in (pairing.reference, pairing.rival)
        if cell.warm is not None and cell.warm.modelled_ms is not None
    ]
    if not shares or max(shares) == 0:
        return ()
    ends = list(dict.fromkeys(units.percent(share) for share in (min(shares), max(shares))))
    return (f"{' to '.join(ends)} of these times is modelled service time.",)


def _beyond_a_new_table(run: Run, memory_mb: int) -> tuple[str, ...]:
    """Variants that write faster to a modelled table than AWS allows on a new table."""
    rates = {
        cell.variant: cell.warm.write_units * 1_000 / time_ms(cell)
        for cell in run.cells(memory_mb)
        if cell.warm is not None
        and cell.warm.modelled_ms is not None
        and cell.warm.write_units
        and cell.warm.write_units > NEW_TABLE_UNITS  # fewer last no second
        and time_ms(cell)
    }
    fast = [name for name, rate in rates.items() if rate > NOISE * NEW_TABLE_UNITS]
    if not fast:
        return ()
    who = listed([run.variant_title(name) for name in fast])
    most = max(rates.values())
    sentence = (
        f"{who} would need a pre-warmed table on AWS: up to {most:,.0f} units are "
        f"written per second, and a new on-demand table takes {NEW_TABLE_UNITS:,}."
    )
    return (sentence,)
