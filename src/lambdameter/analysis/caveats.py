"""What is to be known beside the figures, by the figures that it belongs to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator

from lambdameter import units
from lambdameter.analysis import find
from lambdameter.model.base import MEMORY_MB_PER_VCPU
from lambdameter.model.bill import NOT_IN_THE_BILL
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import Enforcement, Modelled, Sample
from lambdameter.words import listed

# Of a Duration: a call that lacked more is told.
DISTURBED = 0.05
# Of a warm call: from here on a verdict is as much the latency model's as the variants'.
MOSTLY_MODELLED = 0.3


def speed(run: ReportInput) -> tuple[str, ...]:
    """Beside times."""
    told = [_rounds(run)]
    if run.manifest.target.faults is not None:
        told.insert(0, "FAULTS WERE INJECTED: do not compare these times with those of other runs")
    if not run.summary.complete:
        told.append(_lacking(run))
    return (*told, *_disturbed(run))


def _lacking(run: ReportInput) -> str:
    ran = {sample.trial.index for sample in run.samples}
    left = sum(trial.index not in ran for trial in run.manifest.plan)
    of = "at most " if run.manifest.stopping_rule is not None else ""
    return f"the run is not complete: {of}{left} of {len(run.manifest.plan)} calls are missing"


def _disturbed(run: ReportInput) -> tuple[str, ...]:
    """Of how many calls a CPU was slower than a Lambda vCPU, since it was shared."""
    much = [share for share in map(lacked, run.samples) if share > DISTURBED]
    if not much:
        return ()
    told = (
        f"DISTURBED: {len(much)} of {len(run.samples)} calls had to wait for a "
        f"CPU, for {statistics.median(much):.0%} of their Duration or Init at the "
        "median of these calls: other work used the same cores of this machine"
    )
    return (told,)


def lacked(sample: Sample) -> float:
    """Of its Duration, or of its Init where that is more, what others on the same cores took.

    0 where nobody looked.
    """
    meter, report = sample.meter, sample.report
    if meter is None or report is None:
        return 0.0
    took = (
        (meter.disturbed_ms, report.duration_ms),
        (meter.init_disturbed_ms, report.init_ms),
    )
    return max((lost_ms or 0.0) / of_ms if of_ms else 0.0 for lost_ms, of_ms in took)


def _rounds(run: ReportInput) -> str:
    rounds = run.summary.rounds
    if rounds == 1:
        return "one round, so no intervals"
    if any(one.interval is not None for one in run.summary.comparisons):
        return f'medians of {rounds} rounds; their intervals are under "Confidence intervals"'
    needed = [f" ({rounds} of {one.needed})" for one in run.summary.comparisons[:1]]
    return f"medians of {rounds} rounds, not enough for intervals{''.join(needed)}"


def target(run: ReportInput) -> tuple[str, ...]:
    """Beside what ran where."""
    if run.manifest.target.name == "aws":
        return ()
    calibration = run.manifest.target.calibration
    return (
        "emulated on this machine: no figure here was measured on AWS",
        calibration.line
        if calibration
        else "CPU at this machine's own speed, which may be higher or lower than a "
        "Lambda vCPU's: see `lambdameter doctor --calibrate`",
    )


def tier(enforced: Enforcement | None, memory_mb: int) -> tuple[str, ...]:
    """Beside a tier that the host cannot grant in full; also told before it is measured."""
    if enforced is None:
        return ()
    told = []
    share = memory_mb / MEMORY_MB_PER_VCPU
    if enforced.vcpus is not None and enforced.vcpus < share:
        told.append(
            f"LESS CPU THAN ON LAMBDA: {share:.2f} vCPUs on Lambda, "
            f"{enforced.vcpus:.3g} on this host; work that uses several cores at "
            "once is slower here"
        )
    if enforced.memory_mb is not None and enforced.memory_mb < memory_mb:
        told.append(
            f"LESS MEMORY THAN ON LAMBDA: this host has {enforced.memory_mb:,} MB, "
            "and ends functions that need more"
        )
    return tuple(told)


def memory(run: ReportInput) -> tuple[str, ...]:
    """Beside Max Memory Used."""
    if run.manifest.target.name == "aws":
        return ()
    if run.manifest.target.overheads is None:
        return (
            ("Max Memory is the function's own peak; on AWS the runtime's base memory is added"),
        )
    added: dict[str, list[Modelled]] = {}
    for sample in run.samples:
        if sample.meter is not None and sample.meter.modelled is not None:
            added.setdefault(sample.trial.variant, []).append(sample.meter.modelled)
    hidden = max((one.hidden_start_ms for mine in added.values() for one in mine), default=0.0)
    told = [
        f"{variant.title} {_span(one.init_ms for one in mine)} ms and "
        f"{_span(one.memory_mb for one in mine)} MB"
        for variant in run.manifest.workload.variants
        if (mine := added.get(variant.name))
    ]
    return (
        f"Init and Max Memory include AWS's own share, modelled: {'; '.join(told)}",
        f"before Init, and in no log line: up to {units.time(hidden)} (modelled)",
    )


def _span(figures: Iterable[float]) -> str:
    """Whole numbers from the least to the most; one alone where they are the same."""
    known = sorted(figures)
    return " to ".join(dict.fromkeys(f"{end:.0f}" for end in (known[0], known[-1])))


def time(run: ReportInput) -> tuple[str, ...]:
    """Beside the parts of Duration."""
    told = ["waiting is the rest of Duration"]
    if any(
        call is not None and call.modelled_ms
        for cell in run.summary.cells
        for call in (cell.cold, cell.warm)
    ):
        told.append("≈ marks modelled service time, which is chosen and not measured")
    return tuple(told)


def bill(run: ReportInput) -> tuple[str, ...]:
    """Beside the bill."""
    told = ["µ$: a millionth of a dollar", f"not included: {listed(NOT_IN_THE_BILL)}"]
    ran, priced = run.manifest.target.architecture, run.bill.architecture
    if ran != priced:
        told.insert(0, f"prices of {priced}, but measured on {ran}")
    return tuple(told)


def exhibits(run: ReportInput) -> tuple[str, ...]:
    """Beside the figures of variants that are shown and never recommended."""
    return tuple(
        f"{find.variant_title(run, name)} is not a candidate: {why}"
        for name, why in find.exhibits(run).items()
    )


def foremost(run: ReportInput) -> str:
    """The one that a reader who reads a single one must know; empty where there is none."""
    return next(_by_weight(run), "")


def _by_weight(run: ReportInput) -> Iterator[str]:
    manifest = run.manifest
    if not run.summary.complete:
        yield _lacking(run)
    enforced = manifest.target.enforcement
    if enforced is not None and enforced.by == "none":
        yield "neither CPU share nor memory limit was enforced: these are this machine's times"
    for memory_mb in manifest.memory_mb:
        yield from tier(enforced, memory_mb)
    yield from _disturbed(run)
    if manifest.target.name == "aws":
        return
    if manifest.target.calibration is None:
        yield "emulated at this machine's CPU speed, not Lambda's (lambdameter doctor --calibrate)"
    if enforced is not None and enforced.missing:
        yield enforced.missing
    most = max(_modelled_shares(run), default=0.0)
    if most >= MOSTLY_MODELLED:
        yield f"emulated; up to {units.percent(most)} of a warm call is modelled service time"
    yield "emulated on this machine: no figure was measured on AWS"


def _modelled_shares(run: ReportInput) -> Iterator[float]:
    for cell in run.summary.cells:
        if cell.warm is not None and cell.warm.modelled_ms and cell.warm.duration_ms:
            yield cell.warm.modelled_ms / cell.warm.duration_ms


def everything(run: ReportInput) -> tuple[str, ...]:
    """All of them, for documents that keep them in one place."""
    lacking = (
        f"at {memory_mb:,} MB: {told}"
        for memory_mb in run.manifest.memory_mb
        for told in tier(run.manifest.target.enforcement, memory_mb)
    )
    return (
        *target(run),
        *lacking,
        *speed(run),
        *exhibits(run),
        *memory(run),
        *time(run),
        *bill(run),
    )
