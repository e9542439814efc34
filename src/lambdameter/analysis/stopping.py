"""Why a run with `--rounds auto` ended, and what its looks at the data found. Pure."""

from __future__ import annotations

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.comparison import Look, Stopping
from lambdameter.words import listed

_REASONS = {
    "decided": "every comparison was decided",
    "equivalent": "the undecided comparisons were practically equal, within 1 %",
    "last-look": "this was the last planned check",
    "out-of-budget": "the budget was too short for another round",
    "nothing-to-compare": "no two variants had figures to compare",
}


def declared(stopping: Stopping) -> str:
    """The looks that were declared before the run, and where the run stands now."""
    looks = listed([str(look) for look in stopping.looks])
    why = (
        "the run continues"
        if stopping.reason is None
        else f"the run ended because {_REASONS[stopping.reason]}"
    )
    return f"checked after {looks} rounds, 95 % over all checks; at {stopping.rounds} {why}"


def ended(run: Run) -> str | None:
    """How many rounds the run took and why it ended; None where the number of rounds was given."""
    rule, stopping = run.manifest.stopping_rule, run.summary.stopping
    if rule is None:
        return None
    if stopping is None:
        return "the run was interrupted in its first round"
    rounds = units.count(stopping.rounds, "round")
    took = units.duration(stopping.elapsed_s)
    budget = "" if rule.budget_s is None else f" of {units.duration(rule.budget_s)}"
    why = (
        "and the run is not complete: resume it"
        if stopping.reason is None
        else f"then the run ended because {_REASONS[stopping.reason]}"
    )
    return "; ".join([f"{rounds} in {took}{budget}, {why}", *map(_look, stopping.history)])


def _look(look: Look) -> str:
    equal = f", {look.equivalent} practically equal" if look.equivalent else ""
    return (
        f"at {look.rounds}, by {units.level(look.level)} intervals, {look.decided} "
        f"of {units.count(look.comparisons, 'comparison')} decided{equal}"
    )
