"""Which caveats a run needs, each beside the figures that it belongs to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence

from lambdameter import units
from lambdameter.analysis.caveat import Caveat
from lambdameter.analysis.run import Run
from lambdameter.model.base import MEMORY_MB_PER_VCPU
from lambdameter.model.bill import NOT_IN_THE_BILL
from lambdameter.model.sample import Enforcement, Modelled, Sample
from lambdameter.words import listed

# A call is disturbed if it lost more than this share of its Duration or Init.
DISTURBED = 0.05
# From this share of a warm call on, the verdict depends on the latency model.
MOSTLY_MODELLED = 0.3


def times(run: Run) -> tuple[str, ...]:
    """Beside times."""
    caveats: list[str] = []
    if run.manifest.target.faults is not None:
        caveats.append(Caveat.FAULTS)
    caveats.append(_rounds(run))
    if not run.summary.complete:
        caveats.append(_incomplete(run))
    return (*caveats, *_disturbed(run))


def target(run: Run) -> tuple[str, ...]:
    """Beside the description of the target; none for AWS."""
    if run.manifest.target.name == "aws":
        return ()
    calibration = run.manifest.target.calibration
    return Caveat.EMULATED, calibration.line if calibration else Caveat.OWN_SPEED


def enforcement(enforced: Enforcement | None, memory_sizes: Sequence[int]) -> list[str]:
    """Before measuring: the limits of these memory sizes that a target does not enforce in full."""
    if enforced is None:
        return []
    caveats = []
    if enforced.by == "none":
        caveats.append(Caveat.NO_LIMIT.format(reason=enforced.missing))
    elif enforced.by == "duty cycle":
        caveats.append(Caveat.DUTY_CYCLE.format(reason=enforced.missing))
    elif enforced.missing:
        caveats.append(enforced.missing)
    return [*caveats, *each_memory_size(enforced, memory_sizes)]


def each_memory_size(enforced: Enforcement | None, memory_sizes: Sequence[int]) -> Iterator[str]:
    """The caveats of several memory sizes, each beginning with its memory size."""
    for memory_mb in memory_sizes:
        for caveat in memory_size(enforced, memory_mb):
            yield f"at {memory_mb:,} MB: {caveat}"


def memory_size(enforced: Enforcement | None, memory_mb: int) -> tuple[str, ...]:
    """Beside a memory size that the host cannot grant in full."""
    if enforced is None:
        return ()
    caveats = []
    share = memory_mb / MEMORY_MB_PER_VCPU
    if enforced.vcpus is not None and enforced.vcpus < share:
        caveats.append(Caveat.LESS_CPU.format(needed=share, granted=enforced.vcpus))
    if enforced.memory_mb is not None and enforced.memory_mb < memory_mb:
        caveats.append(Caveat.LESS_MEMORY.format(granted=enforced.memory_mb))
    return tuple(caveats)


def memory(run: Run) -> tuple[str, ...]:
    """Beside Max Memory Used."""
    if run.manifest.target.name == "aws":
        return ()
    if run.manifest.target.overheads is None:
        return (Caveat.OWN_PEAK,)
    modelled: dict[str, list[Modelled]] = {}
    for sample in run.samples:
        if sample.meter is not None and sample.meter.modelled is not None:
            modelled.setdefault(sample.trial.variant, []).append(sample.meter.modelled)
    hidden_ms = max(
        (model.hidden_start_ms for models in modelled.values() for model in models), default=0.0
    )
    shares = [
        f"{variant.title} {_span(model.init_ms for model in models)} ms and "
        f"{_span(model.memory_mb for model in models)} MB"
        for variant in run.manifest.workload.variants
        if (models := modelled.get(variant.name))
    ]
    return (
        Caveat.AWS_SHARE.format(shares="; ".join(shares)),
        Caveat.HIDDEN_START.format(time=units.time(hidden_ms)),
    )


def parts_of_duration(run: Run) -> tuple[str, ...]:
    """Beside the parts of Duration."""
    calls = [call for cell in run.summary.cells for call in (cell.cold, cell.warm)]
    if any(call is not None and call.modelled_ms for call in calls):
        return Caveat.WAITING, Caveat.MODELLED_MARK
    return (Caveat.WAITING,)


def bill(run: Run) -> tuple[str, ...]:
    """Beside the bill."""
    measured, priced = run.manifest.target.architecture, run.bill.architecture
    other = Caveat.OTHER_ARCHITECTURE.format(priced=priced, measured=measured)
    return (
        *((other,) if measured != priced else ()),
        Caveat.NOT_INCLUDED.format(items=listed(NOT_IN_THE_BILL)),
    )


def not_candidates(run: Run) -> tuple[str, ...]:
    """Beside the figures of variants that are never recommended."""
    return tuple(
        Caveat.NOT_A_CANDIDATE.format(variant=run.variant_title(name), reason=reason)
        for name, reason in run.not_candidates.items()
    )


def most_important(run: Run) -> str:
    """The caveat for a reader who reads only one; empty where there is none."""
    return next(_by_weight(run), "")


def everything(run: Run) -> tuple[str, ...]:
    """All caveats, for documents that keep them in one place."""
    return (
        *target(run),
        *each_memory_size(run.manifest.target.enforcement, run.manifest.memory_mb),
        *times(run),
        *not_candidates(run),
        *memory(run),
        *parts_of_duration(run),
        *bill(run),
    )


def disturbed_share(sample: Sample) -> float:
    """The share of Duration, or of Init if larger, that a call lost to others on the same cores.

    0 where this was not looked at.
    """
    meter, report = sample.meter, sample.report
    if meter is None or report is None:
        return 0.0
    losses = (
        (meter.disturbed_ms, report.duration_ms),
        (meter.init_disturbed_ms, report.init_ms),
    )
    return max((lost_ms or 0.0) / of_ms if of_ms else 0.0 for lost_ms, of_ms in losses)


def _by_weight(run: Run) -> Iterator[str]:
    manifest = run.manifest
    if not run.summary.complete:
        yield _incomplete(run)
    enforced = manifest.target.enforcement
    if enforced is not None and enforced.by == "none":
        yield Caveat.NO_LIMIT_IN_SHORT
    for memory_mb in manifest.memory_mb:
        yield from memory_size(enforced, memory_mb)
    yield from _disturbed(run)
    if manifest.target.name == "aws":
        return
    if manifest.target.calibration is None:
        yield Caveat.OWN_SPEED_IN_SHORT
    if enforced is not None and enforced.missing:
        yield enforced.missing
    largest = max(_modelled_shares(run), default=0.0)
    if largest >= MOSTLY_MODELLED:
        yield Caveat.MOSTLY_MODELLED.format(share=units.percent(largest))
    yield Caveat.EMULATED


def _incomplete(run: Run) -> str:
    measured = {sample.trial.index for sample in run.samples}
    plan = run.manifest.plan
    return Caveat.INCOMPLETE.format(
        at_most="at most " if run.manifest.stopping_rule is not None else "",
        missing=sum(trial.index not in measured for trial in plan),
        planned=len(plan),
    )


def _disturbed(run: Run) -> tuple[str, ...]:
    shares = [share for share in map(disturbed_share, run.samples) if share > DISTURBED]
    if not shares:
        return ()
    caveat = Caveat.DISTURBED.format(
        disturbed=len(shares), calls=len(run.samples), share=statistics.median(shares)
    )
    return (caveat,)


def _rounds(run: Run) -> str:
    rounds, comparisons = run.summary.rounds, run.summary.comparisons
    if rounds == 1:
        return Caveat.ONE_ROUND
    if any(comparison.interval is not None for comparison in comparisons):
        return Caveat.MEDIANS.format(rounds=rounds)
    needed = f" ({rounds} of {comparisons[0].needed})" if comparisons else ""
    return Caveat.TOO_FEW_ROUNDS.format(rounds=rounds, needed=needed)


def _span(figures: Iterable[float]) -> str:
    """Whole numbers from the smallest to the largest; only one if both are the same."""
    ordered = sorted(figures)
    return " to ".join(dict.fromkeys(f"{end:.0f}" for end in (ordered[0], ordered[-1])))


def _modelled_shares(run: Run) -> Iterator[float]:
    for cell in run.summary.cells:
        if cell.warm is not None and cell.warm.modelled_ms and cell.warm.duration_ms:
            yield cell.warm.modelled_ms / cell.warm.duration_ms
