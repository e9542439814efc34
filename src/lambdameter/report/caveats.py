"""What is to be known beside the figures, by the figures that it belongs to."""

from __future__ import annotations

from lambdameter.model import NOT_IN_THE_BILL, ReportInput
from lambdameter.report import find
from lambdameter.report.look import listed


def speed(run: ReportInput) -> tuple[str, ...]:
    """Beside times."""
    rounds = run.summary.rounds
    told = ["one round: no interval" if rounds == 1 else f"medians of {rounds} rounds: no interval"]
    if run.manifest.target.faults is not None:
        told.insert(0, "FAULTS WERE INJECTED: compare these times with no others")
    if not run.summary.complete:
        ran = {sample.trial.index for sample in run.samples}
        left = sum(trial.index not in ran for trial in run.manifest.plan)
        told.append(
            f"the run is not complete: {left} of {len(run.manifest.plan)} calls are missing"
        )
    return tuple(told)


def target(run: ReportInput) -> tuple[str, ...]:
    """Beside what ran where."""
    if run.manifest.target.name == "aws":
        return ()
    return (
        "emulated on this machine: no figure here was measured on AWS",
        "CPU at this machine's own speed, which may be above or below a Lambda vCPU's",
    )


def memory(run: ReportInput) -> tuple[str, ...]:
    """Beside Max Memory Used."""
    if run.manifest.target.name == "aws":
        return ()
    return ("Max Memory is the function's own peak; AWS adds a base of its own",)


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
    return (
        *target(run),
        *speed(run),
        *exhibits(run),
        *memory(run),
        *time(run),
        *bill(run),
    )
