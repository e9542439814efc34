"""A variant compared with its own copy: the smallest difference that this host shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambdameter import units
from lambdameter.analysis.run import Run
from lambdameter.model.base import Record
from lambdameter.model.comparison import Comparison, Interval
from lambdameter.words import listed

# One in this many 95 % intervals of two copies excludes 1 by chance.
_BY_CHANCE = 20


class CopyDifference(Record, frozen=True, kw_only=True):
    """The difference between a copy and its original in one measure.

    Attributes:
        of: the measure, in words: "Duration", "Init", "cost".
        environments, needed: number of environments, and the number that an interval needs.
        detectable: minimum detectable effect, a share; None where there is no interval.
    """

    variant: str
    case: str
    of: str
    environments: int
    needed: int
    ratio: float
    interval: Interval | None
    detectable: float | None

    @property
    def differs(self) -> bool:
        """Whether the interval excludes equality."""
        return self.interval is not None and not self.interval.low <= 1 <= self.interval.high


def copy_differences(run: Run, memory_mb: int) -> list[CopyDifference]:
    """Every copy at a memory size: Duration and cost of warm calls, Init of cold calls."""
    comparisons = run.comparisons(memory_mb)
    warm = {
        (comparison.variant, comparison.case)
        for comparison in comparisons
        if comparison.call == "warm"
    }
    return [
        measure
        for comparison in comparisons
        for measure in _measures(
            comparison, only_call=(comparison.variant, comparison.case) not in warm
        )
    ]


def verdict(run: Run, memory_mb: int) -> tuple[bool, str, tuple[str, ...]]:
    """Whether there is a result at a memory size, the sentence with it, and its evidence."""
    differences = copy_differences(run, memory_mb)
    at = f"At {memory_mb:,} MB"
    unknown = f"{at} this run cannot tell how far apart two copies of {_who(run)} are"
    if not differences:
        return False, f"{unknown}: no call of both copies was measured.", ()
    if all(difference.interval is None for difference in differences):
        least, needed = (
            differences[0].environments,
            min(difference.needed for difference in differences),
        )
        sentence = (
            f"{unknown}: at least {needed} environments of each are needed, and there are {least}."
        )
        return (
            False,
            sentence,
            (_ratios(run, differences), f"Measure again with `--cold {2 * needed}`."),
        )
    different = [difference for difference in differences if difference.differs]
    shows = _shows(differences)
    if not different:
        sentence = (
            f"{at} no difference between two copies of {_who(run)} was found; "
            f"{shows} would have been found."
        )
        return True, sentence, (_ratios(run, differences), *_lacks(differences))
    names = listed([_named(run, difference) for difference in different])
    sentence = (
        f"{at} two copies of {_who(run)} seem to differ, although they are the same: {names}."
    )
    return (
        True,
        sentence,
        (
            _ratios(run, differences),
            _warning(run, differences),
            f"If this is chance, {shows} would have been found.",
        ),
    )


def _measures(comparison: Comparison, *, only_call: bool) -> Iterator[CopyDifference]:
    """The measures of a comparison; for cold calls only Init, unless there are no warm calls."""

    def difference(
        of: str, needed: int, ratio: float, interval: Interval | None, least: float | None
    ) -> CopyDifference:
        return CopyDifference(
            variant=comparison.reference,
            case=comparison.case,
            of=of,
            environments=comparison.environments,
            needed=needed,
            ratio=ratio,
            interval=interval,
            detectable=least,
        )

    if comparison.init is not None:
        init = comparison.init
        yield difference("Init", comparison.needed, init.ratio, init.interval, init.detectable)
    if comparison.call == "warm" or only_call:
        time = "Duration" if comparison.call == "warm" else "Init + Duration"
        yield difference(
            time, comparison.needed, comparison.ratio, comparison.interval, comparison.detectable
        )
        cost = (comparison.cost_ratio, comparison.cost_interval, comparison.cost_detectable)
        yield difference("cost", comparison.needed_for_cost, *cost)


def _who(run: Run) -> str:
    originals = dict.fromkeys(run.manifest.copies.values())
    return listed([run.variant_title(name) for name in originals])


def _shows(differences: Sequence[CopyDifference]) -> str:
    """The difference that is found in four runs of five: the largest of each measure."""
    least: dict[str, float] = {}
    for difference in differences:
        if difference.detectable is not None:
            least[difference.of] = max(least.get(difference.of, 0.0), difference.detectable)
    effects = listed([f"{_percent(share)} in {of}" for of, share in least.items()])
    return f"a difference of {effects} (in four runs of five)"


def _lacks(differences: Sequence[CopyDifference]) -> Iterator[str]:
    for difference in {
        difference.of: difference for difference in differences if difference.interval is None
    }.values():
        needed = f"{difference.needed} environments of each copy"
        yield f"Nothing can be said about {difference.of} below {needed}."


def _ratios(run: Run, differences: Sequence[CopyDifference]) -> str:
    """Every ratio with its interval, by cell."""
    cells: dict[tuple[str, str], list[str]] = {}
    for difference in differences:
        cells.setdefault((difference.variant, difference.case), []).append(
            f"{difference.of} {_ratio(difference)}"
        )
    parts = "; ".join(
        f"{run.variant_title(variant)} on {run.case_title(case)}: {', '.join(mine)}"
        for (variant, case), mine in cells.items()
    )
    return f"How much more the copy takes than the original: {parts}."


def _ratio(difference: CopyDifference) -> str:
    if difference.interval is None:
        lack = f"no interval: {difference.environments} of {difference.needed} environments"
        return f"{_more(difference.ratio)} % ({lack})"
    low, high = _more(difference.interval.low), _more(difference.interval.high)
    return f"{_more(difference.ratio)} % ({low} to {high} %)"


def _more(ratio: float) -> str:
    """A ratio as a signed percentage: 1.004 is +0.400, 0.99 is -1.00."""
    figure = units.number(100 * (ratio - 1))
    return figure if ratio <= 1 else f"+{figure}"


def _named(run: Run, difference: CopyDifference) -> str:
    variant, case = difference.variant, difference.case
    where = f"{run.variant_title(variant)} on {run.case_title(case)}"
    return f"{where} in {difference.of}"


def _warning(run: Run, differences: Sequence[CopyDifference]) -> str:
    count = sum(difference.interval is not None for difference in differences)
    ends = [
        end - 1
        for difference in differences
        if difference.differs and difference.interval
        for end in (difference.interval.low, difference.interval.high)
    ]
    farthest = max(abs(end) for end in ends)
    return (
        f"Noise: one of {_BY_CHANCE} such intervals excludes 1 by chance, and this "
        f"run has {count}. Next: close other programs and measure again with "
        f"`--cold {2 * run.summary.rounds}`; if the result is the same, do not "
        f"trust differences below {_percent(farthest)} on this host."
    )


def _percent(share: float) -> str:
    return f"{units.number(100 * share)} %"
