"""What is to be known beside the figures, by the figures that it belongs to."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from lambdameter import units
from lambdameter.model import (
    MEMORY_MB_PER_VCPU,
    NOT_IN_THE_BILL,
    Enforcement,
    Modelled,
    ReportInput,
    Sample,
)
from lambdameter.report import find
from lambdameter.report.look import listed

# Of a Duration: a call that lacked more is told.
DISTURBED = 0.05


def speed(run: ReportInput) -> tuple[str, ...]:
    """Beside times."""
    told = [_rounds(run)]
    if run.manifest.target.faults is not None:
        told.insert(0, "FAULTS WERE INJECTED: compare these times with no others")
    if not run.summary.complete:
        ran = {sample.trial.index for sample in run.samples}
        left = sum(trial.index not in ran for trial in run.manifest.plan)
        of = "at most " if run.manifest.stopping_rule is not None else ""
        told.append(
            f"the run is not complete: {of}{left} of {len(run.manifest.plan)} calls are missing"
        )
    return (*told, *_disturbed(run))


def _disturbed(run: ReportInput) -> tuple[str, ...]:
    """Of how many calls a CPU was slower than a Lambda vCPU, since it was shared."""
    much = [share for share in map(lacked, run.samples) if share > DISTURBED]
    if not much:
        return ()
    told = (
        f"DISTURBED: {len(much)} of {len(run.samples)} calls lacked CPU time, "
        f"{statistics.median(much):.0%} of their Duration or Init at the median of these: others "
        "used the same cores of this machine"
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
        return "one round: no interval"
    if any(one.interval is not None for one in run.summary.comparisons):
        return f"medians of {rounds} rounds; their intervals stand under How sure"
    needed = [f" ({rounds} of {one.needed})" for one in run.summary.comparisons[:1]]
    return f"medians of {rounds} rounds: not enough for an interval{''.join(needed)}"


def target(run: ReportInput) -> tuple[str, ...]:
    """Beside what ran where."""
    if run.manifest.target.name == "aws":
        return ()
    calibration = run.manifest.target.calibration
    return (
        "emulated on this machine: no figure here was measured on AWS",
        calibration.line
        if calibration
        else "CPU at this machine's own speed, which may be above or below a Lambda vCPU's: "
        "`lambdameter doctor --calibrate`",
    )


def tier(enforced: Enforcement | None, memory_mb: int) -> tuple[str, ...]:
    """Beside a tier that the host cannot grant in full; also told before it is measured."""
    if enforced is None:
        return ()
    told = []
    share = memory_mb / MEMORY_MB_PER_VCPU
    if enforced.vcpus is not None and enforced.vcpus < share:
        told.append(
            f"NOT THIS TIER'S CPU: {share:.2f} vCPUs on Lambda, {enforced.vcpus:.3g} on this host: "
            "what works on several cores at once is slower here"
        )
    if enforced.memory_mb is not None and enforced.memory_mb < memory_mb:
        told.append(
            f"NOT THIS TIER'S MEMORY: this host has {enforced.memory_mb:,} MB, and ends what "
            "takes more"
        )
    return tuple(told)


def memory(run: ReportInput) -> tuple[str, ...]:
    """Beside Max Memory Used."""
    if run.manifest.target.name == "aws":
        return ()
    if run.manifest.target.overheads is None:
        return ("Max Memory is the function's own peak; AWS adds a base of its own",)
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
        f"Init and Max Memory have in them what AWS adds, modelled: {'; '.join(told)}",
        f"before Init, in no log line: up to {units.time(hidden)} (modelled)",
    )


def _span(figures: Iterable[float]) -> str:
    """Whole numbers from the least to the most; one alone where they are the same."""
    known = sorted(figures)
    return " to ".join(dict.fromkeys(f"{end:.0f}" for end in (known[0], known[-1])))


def time(run: ReportInput) -> tuple[str, ...]:
    """Beside the parts of Duration."""
    told = ["waiting is what is left of Duration"]
    if any(
        call is not None and call.modelled_ms
        for cell in run.summary.cells
        for call in (cell.cold, cell.warm)
    ):
        told.append("≈ is modelled service time, chosen by us and not measured")
    return tuple(told)


def bill(run: ReportInput) -> tuple[str, ...]:
    """Beside the bill."""
    told = ["µ$: a millionth of a dollar", f"not in it: {listed(NOT_IN_THE_BILL)}"]
    ran, priced = run.manifest.target.architecture, run.bill.architecture
    if ran != priced:
        told.insert(0, f"priced as {priced} but measured on {ran}")
    return tuple(told)


def exhibits(run: ReportInput) -> tuple[str, ...]:
    """Beside the figures of variants that are shown and never recommended."""
    return tuple(
        f"{find.variant_title(run, name)} is no candidate: {why}"
        for name, why in find.exhibits(run).items()
    )


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
