"""A run inside a test: measured like any run, with assertions on equality and speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from lambdameter import units
from lambdameter.analysis.gate import of_limit
from lambdameter.analysis.run import Run
from lambdameter.cli.parse import percent
from lambdameter.errors import BadInputError
from lambdameter.measure.experiment import RunOptions, TargetOpener, measure, open_target
from lambdameter.measure.reading import read
from lambdameter.model.base import ParameterValue
from lambdameter.model.gate import Gate, GateInterval, NotEnough
from lambdameter.model.summary import CaseEquality, CellSummary
from lambdameter.report.equality import equality
from lambdameter.report.failures import failures
from lambdameter.stats import ratio
from lambdameter.workload import loader

_LOCAL = RunOptions(
    target="local",
    region="us-east-1",
    architecture="arm64",
    role=None,
    latency=None,
    faults=None,
    sandbox="auto",
    seed=1,
    speed="auto",
    overheads=True,
    variants=None,
    cases=None,
    memory_mb=None,
    cold=ratio.LEAST_ENVIRONMENTS,
    warm=None,
    settings={},
    require_enforcement=False,
    out=None,
)


class CannotTell(AssertionError):  # noqa: N818 - neither true nor false, and no error of the code
    """The assertion was neither shown nor refuted: more environments are needed."""


class Duel:
    """A measured run.

    Attributes:
        run: the whole run; `run.samples` has every call.
        folder: the run folder, for `lambdameter report`.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.folder = Path(run.folder)

    @property
    def equality(self) -> tuple[CaseEquality, ...]:
        """The verdict on each case."""
        return self.run.summary.equality

    @property
    def summaries(self) -> tuple[CellSummary, ...]:
        """The figures of each variant, case and memory size."""
        return self.run.summary.cells

    def of(self, variant: str) -> tuple[CellSummary, ...]:
        """The figures of one variant.

        Raises:
            BadInputError: the variant was not measured.
        """
        cells = tuple(cell for cell in self.summaries if cell.variant == variant)
        if not cells:
            ran = dict.fromkeys(cell.variant for cell in self.summaries)
            raise BadInputError(
                f"No variant named {variant!r} was measured",
                place=str(self.folder),
                next_step=f"Choose from: {', '.join(ran)}.",
            )
        return cells

    def assert_equal(self) -> None:
        """Assert that every variant answered every call with the expected answer and records.

        Raises:
            AssertionError: with the first records that differ, or with the error of a variant.
        """
        dead = [verdict for verdict in self.equality if verdict.died]
        if not self.run.summary.equal or dead:
            details = [equality(self.run).plain, *(block.plain for block in failures(self.run))]
            raise AssertionError("\n".join(["the variants do not do the same", *details]))

    def assert_not_slower(self, variant: str, *, than: str, by: float | str) -> None:
        """Assert that `variant` takes at most `by` longer than `than` on every case.

        Warm Durations are compared, at every memory size.

        Args:
            variant: the variant that may be slower only by so much.
            than: the variant that it is compared with.
            by: a share (0.05) or a percentage ("5%").

        Raises:
            AssertionError: the variant is slower, or the variants are not equal.
            CannotTell: the interval covers the limit, or there are too few environments for an
                interval.
        """
        self.assert_equal()
        limit = percent(by, "by") if isinstance(by, str) else by
        outcomes = [
            (outcome, sentence)
            for cell, rival in self._pairs(variant, than)
            for outcome, sentence in [self._held(cell, rival, limit)]
        ]
        for outcome, error in (("failed", AssertionError), ("cannot-tell", CannotTell)):
            sentences = [sentence for kind, sentence in outcomes if kind == outcome]
            if sentences:
                raise error("\n".join(sentences))

    def _pairs(self, variant: str, than: str) -> Iterator[tuple[CellSummary, CellSummary]]:
        for cell in self.of(variant):
            for rival in self.of(than):
                if (cell.case, cell.memory_mb) == (rival.case, rival.memory_mb):
                    yield cell, rival

    def _held(self, cell: CellSummary, rival: CellSummary, limit: float) -> tuple[str, str]:
        """The outcome for one cell, and a sentence about it."""
        mine, theirs = (self.run.warm_durations_ms(side.key) for side in (cell, rival))
        interval = ratio.DURATION(theirs, mine, self.run.manifest.conditions.seed)
        outcome = of_limit(Gate(kind="slower", limit=limit), interval, None)
        on = f"{cell.variant} on {cell.case} at {cell.memory_mb:,} MB"
        return (
            outcome,
            f"{on} {_in_words(interval, rival.variant)}; {units.number(1 + limit)} allowed",
        )


def fight(  # noqa: PLR0913 - each is what a flag of `lambdameter run` is
    workload: str | Path,
    out: Path,
    *,
    variants: Sequence[str] | None = None,
    cases: Sequence[str] | None = None,
    memory_mb: Sequence[int] | None = None,
    cold: int = ratio.LEAST_ENVIRONMENTS,
    warm: int | None = None,
    settings: Mapping[str, ParameterValue] | None = None,
    latency: str | None = None,
    sandbox: str = "auto",
    seed: int = 1,
    opening: TargetOpener = open_target,
) -> Duel:
    """Measure a workload on the local Lambda.

    Args:
        workload: folder with a workload.toml, or a built-in name.
        out: run folder to create; an empty folder may exist.
        variants: names of the variants; None: those that `lambdameter run` measures.
        cases: names of the cases; None: all.
        memory_mb: memory sizes in MB; None: the workload's own.
        cold: execution environments per cell; with fewer than 10 nothing is said about speed.
        warm: warm calls in each environment; None: the workload's own number.
        settings: parameters, as for --set.
        latency: service latency: None for the default, "off", median in ms, or a model file.
        sandbox: method that enforces limits; "none" needs no rights and enforces nothing.
        seed: seed of the trials' order, the latency model and the intervals.
        opening: opens the target.

    Raises:
        LambdameterError: as `lambdameter run`.
    """
    options = msgspec.structs.replace(
        _LOCAL,
        variants=None if variants is None else tuple(variants),
        cases=None if cases is None else tuple(cases),
        memory_mb=None if memory_mb is None else tuple(memory_mb),
        cold=cold,
        warm=warm,
        settings={name: _as_typed(value) for name, value in (settings or {}).items()},
        latency=latency,
        sandbox=sandbox,
        seed=seed,
        out=out,
    )
    return Duel(read(measure(loader.load(str(workload)), options, opening)))


def _as_typed(value: ParameterValue) -> str:
    """A value as it is typed behind --set."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_words(interval: GateInterval | NotEnough, than: str) -> str:
    if isinstance(interval, NotEnough):
        return (
            f"cannot be compared with {than}: an interval needs {interval.needed} "
            f"environments, and there are {min(interval.base, interval.head)} "
            f"(cold={interval.needed})"
        )
    low, high = units.number(interval.low), units.number(interval.high)
    return f"takes {units.number(interval.ratio)} times as long as {than} ({low} to {high})"
