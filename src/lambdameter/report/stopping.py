"""Why a run of as many rounds as it needed ended, and what its looks saw."""

from __future__ import annotations

from lambdameter import units
from lambdameter.model import Look, ReportInput, Stopping
from lambdameter.report.look import listed

_REASONS = {
    "decided": "every comparison had its verdict",
    "equivalent": "what had no verdict was as good as equal, within 1 %",
    "last-look": "it was the last of the declared looks",
    "out-of-budget": "its budget held no further round",
    "nothing-to-compare": "no two variants had figures to compare",
}


def declared(stopping: Stopping) -> str:
    """What was decided upon beforehand, and where the run stands."""
    looks = listed([str(look) for look in stopping.looks])
    why = "it goes on" if stopping.reason is None else f"it ended since {_REASONS[stopping.reason]}"
    return f"looked at after {looks} rounds, 95 % over all looks; at {stopping.rounds} {why}"


def ended(run: ReportInput) -> str | None:
    """How many rounds it took and why no more, in one sentence; None: their number was given."""
    rule, stopping = run.manifest.stopping_rule, run.summary.stopping
    if rule is None:
        return None
    if stopping is None:
        return "the run was interrupted in its first round"
    rounds = units.count(stopping.rounds, "round")
    took = units.duration(stopping.elapsed_s)
    budget = "" if rule.budget_s is None else f" of {units.duration(rule.budget_s)}"
    why = (
        "and it has not ended: resume it"
        if stopping.reason is None
        else f"then it ended since {_REASONS[stopping.reason]}"
    )
    return "; ".join([f"{rounds} in {took}{budget}, {why}", *map(_look, stopping.made)])


def _look(made: Look) -> str:
    equal = f", {made.equivalent} as good as equal" if made.equivalent else ""
    return (
        f"at {made.rounds}, by {units.level(made.level)} intervals, {made.decided} of "
        f"{units.count(made.comparisons, 'comparison')} decided{equal}"
    )
