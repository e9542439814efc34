"""Two copies of one variant, held against each other: what differences this host can show. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.model.base import Record
from lambdameter.model.comparison import Comparison, Interval
from lambdameter.model.report import ReportInput
from lambdameter.words import listed

# Of intervals of 95 % about two copies, so many exclude 1 by chance: one in as many.
_BY_CHANCE = 20


class CopyDifference(Record, frozen=True, kw_only=True):
    """How far a copy is from its original in one measure.

    Attributes:
        of: what was compared, in words: "Duration", "Init", "cost".
        needed: environments from which on there is an interval; there are `environments`.
        detectable: a share; None where there is no interval.
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
        """Whether the two are called different."""
        return self.interval is not None and not self.interval.low <= 1 <= self.interval.high


def apart(run: ReportInput, memory_mb: int) -> list[CopyDifference]:
    """Every measure of every copy at a tier: Duration and cost of warm calls, Init of cold ones."""
    mine = [one for one in run.summary.comparisons if one.memory_mb == memory_mb]
    warm = {(one.variant, one.case) for one in mine if one.call == "warm"}
    return [
        measure
        for one in mine
        for measure in _measures(one, alone=(one.variant, one.case) not in warm)
    ]


def verdict(run: ReportInput, memory_mb: int) -> tuple[bool, str, tuple[str, ...]]:
    """Whether something can be told at a tier, the sentence that tells it, and its evidence."""
    found = apart(run, memory_mb)
    at = f"At {memory_mb:,} MB"
    unknown = f"{at} this run cannot tell how far apart two copies of {_who(run)} are"
    if not found:
        return False, f"{unknown}: no call of both copies was measured.", ()
    if all(one.interval is None for one in found):
        least, needed = found[0].environments, min(one.needed for one in found)
        told = (
            f"{unknown}: at least {needed} environments of each are needed, and there are {least}."
        )
        return False, told, (_ratios(run, found), f"Measure again with `--cold {2 * needed}`.")
    different = [one for one in found if one.differs]
    shows = _shows(found)
    if not different:
        told = (
            f"{at} no difference between two copies of {_who(run)} was found; "
            f"{shows} would have been found."
        )
        return True, told, (_ratios(run, found), *_lacks(found))
    names = listed([_named(run, one) for one in different])
    told = f"{at} two copies of {_who(run)} seem to differ, although they are the same: {names}."
    return (
        True,
        told,
        (
            _ratios(run, found),
            _warning(run, found),
            f"If this is chance, {shows} would have been found.",
        ),
    )


def _measures(one: Comparison, *, alone: bool) -> Iterator[CopyDifference]:
    """Of a comparison of warm calls; of cold ones their Init, and all where there is no other."""

    def made(
        of: str, needed: int, ratio: float, interval: Interval | None, least: float | None
    ) -> CopyDifference:
        return CopyDifference(
            variant=one.reference,
            case=one.case,
            of=of,
            environments=one.environments,
            needed=needed,
            ratio=ratio,
            interval=interval,
            detectable=least,
        )

    if one.init is not None:
        init = one.init
        yield made("Init", one.needed, init.ratio, init.interval, init.detectable)
    if one.call == "warm" or alone:
        time = "Duration" if one.call == "warm" else "Init + Duration"
        yield made(time, one.needed, one.ratio, one.interval, one.detectable)
        cost = (one.cost_ratio, one.cost_interval, one.cost_detectable)
        yield made("cost", one.needed_for_cost, *cost)


def _who(run: ReportInput) -> str:
    originals = dict.fromkeys(run.manifest.copies.values())
    return listed([find.variant_title(run, name) for name in originals])


def _shows(found: Sequence[CopyDifference]) -> str:
    """From what on a difference is found, four times of five: the worst of each measure."""
    least: dict[str, float] = {}
    for one in found:
        if one.detectable is not None:
            least[one.of] = max(least.get(one.of, 0.0), one.detectable)
    told = listed([f"{_percent(share)} in {of}" for of, share in least.items()])
    return f"a difference of {told} (in four runs of five)"


def _lacks(found: Sequence[CopyDifference]) -> Iterator[str]:
    for one in {one.of: one for one in found if one.interval is None}.values():
        yield (f"Nothing can be said about {one.of} below {one.needed} environments of each copy.")


def _ratios(run: ReportInput, found: Sequence[CopyDifference]) -> str:
    """Every ratio with its interval, by cell."""
    cells: dict[tuple[str, str], list[str]] = {}
    for one in found:
        cells.setdefault((one.variant, one.case), []).append(f"{one.of} {_ratio(one)}")
    told = "; ".join(
        f"{find.variant_title(run, variant)} on {find.case_title(run, case)}: {', '.join(mine)}"
        for (variant, case), mine in cells.items()
    )
    return f"How much more the copy takes than the original: {told}."


def _ratio(one: CopyDifference) -> str:
    if one.interval is None:
        lack = f"no interval: {one.environments} of {one.needed} environments"
        return f"{_more(one.ratio)} % ({lack})"
    low, high = _more(one.interval.low), _more(one.interval.high)
    return f"{_more(one.ratio)} % ({low} to {high} %)"


def _more(ratio: float) -> str:
    """A ratio as signed percent: 1.004 is +0.400, 0.99 is -1.00."""
    told = units.number(100 * (ratio - 1))
    return told if ratio <= 1 else f"+{told}"


def _named(run: ReportInput, one: CopyDifference) -> str:
    return f"{find.variant_title(run, one.variant)} on {find.case_title(run, one.case)} in {one.of}"


def _warning(run: ReportInput, found: Sequence[CopyDifference]) -> str:
    count = sum(one.interval is not None for one in found)
    ends = [
        end - 1
        for one in found
        if one.differs and one.interval
        for end in (one.interval.low, one.interval.high)
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
