"""A run as the document that `--json` prints; docs/json.md describes it for its readers."""

from __future__ import annotations

import msgspec

from lambdameter.analysis import caveats, find
from lambdameter.analysis.decision import Decision, decide
from lambdameter.model.base import Architecture, Call, ParameterValue, Record
from lambdameter.model.bill import Bill
from lambdameter.model.claim import PublishedFigure
from lambdameter.model.comparison import Comparison, Flagged, Stopping, StoppingRule
from lambdameter.model.gate import RunComparison
from lambdameter.model.report import ReportInput
from lambdameter.model.sample import Enforcement, SampleError, TrialEquality
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary
from lambdameter.report import gate

SCHEMA = 1


class Run(Record, frozen=True, kw_only=True):
    """Which run it is.

    Attributes:
        copies: variant -> what it is a copy of; empty: variants were compared.
    """

    id: str
    folder: str
    created_at: str
    lambdameter: str
    workload: str
    parameters: dict[Call, dict[str, ParameterValue]]
    memory_mb: tuple[int, ...]
    seed: int
    rounds: int
    complete: bool
    copies: dict[str, str]


class Target(Record, frozen=True, kw_only=True):
    """What ran it.

    Attributes:
        latency_model: None where the services were real.
        faults: what was injected; its times compare with no others. None: nothing.
    """

    name: str
    region: str
    architecture: Architecture
    engines: dict[str, str]
    runtimes: dict[str, str]
    latency_model: str | None
    faults: str | None


class TrialDifference(Record, frozen=True, kw_only=True):
    """One call whose records or answer are not what they must be."""

    variant: str
    call: Call
    memory_mb: int
    proof: TrialEquality


class Case(Record, frozen=True, kw_only=True):
    """The verdict on one case, with every call that differed."""

    verdict: CaseEquality
    differing: tuple[TrialDifference, ...]


class Equality(Record, frozen=True, kw_only=True):
    """Whether the variants do the same. Figures of a case that is not equal are null."""

    equal: bool
    cases: tuple[Case, ...]


class Result(Record, frozen=True, kw_only=True):
    """One variant on one case at one tier. `cold` and `warm` are whole; the rest is the warm's."""

    variant: str
    case: str
    memory_mb: int
    cold: CallSummary | None
    warm: CallSummary | None
    phases: dict[str, float]
    total_ms: float | None
    per_1000_ms: float | None
    cpu_ms: float | None
    throttled_ms: float | None
    waiting_ms: float | None
    modelled_ms: float | None
    max_memory_mb: int | None
    billed_ms: float | None
    error: SampleError | None
    published: tuple[PublishedFigure, ...]


class Document(Record, frozen=True, kw_only=True):
    """Everything. Times are ms, sizes MB as Lambda prints them, money decimal strings in USD."""

    schema: int
    run: Run
    target: Target
    enforcement: Enforcement | None
    decisions: tuple[Decision, ...]
    equality: Equality
    results: tuple[Result, ...]
    comparisons: tuple[Comparison, ...]
    outliers: tuple[Flagged, ...]
    stopping_rule: StoppingRule | None
    stopping: Stopping | None
    bill: Bill
    notes: tuple[str, ...]


class ComparisonDocument(Record, frozen=True, kw_only=True):
    """Two runs held against each other. Ratios are HEAD / BASE."""

    schema: int
    decision: str
    notes: tuple[str, ...]
    comparison: RunComparison


def document(run: ReportInput) -> Document:
    """The record behind the document."""
    return Document(
        schema=SCHEMA,
        run=_run(run),
        target=_target(run),
        enforcement=run.manifest.target.enforcement,
        decisions=decide(run),
        equality=Equality(
            equal=run.summary.equal,
            cases=tuple(
                Case(verdict=verdict, differing=_differing(run, verdict.case))
                for verdict in run.summary.equality
            ),
        ),
        results=tuple(_result(run, cell) for cell in run.summary.cells),
        comparisons=run.summary.comparisons,
        outliers=run.summary.flagged,
        stopping_rule=run.manifest.stopping_rule,
        stopping=run.summary.stopping,
        bill=run.bill,
        notes=caveats.everything(run),
    )


def encode(run: ReportInput) -> str:
    """The document as text, indented, with a final newline."""
    return msgspec.json.format(msgspec.json.encode(document(run)), indent=2).decode() + "\n"


def schema() -> str:
    """The document's JSON Schema, made from the records; schema-1.json is its copy."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Document))).decode() + "\n"


def encode_comparison(comparison: RunComparison) -> str:
    """A comparison as text; docs/json.md describes it."""
    document = ComparisonDocument(
        schema=SCHEMA,
        decision=gate.decision(comparison),
        notes=tuple(gate.caveats(comparison)),
        comparison=comparison,
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def comparison_schema() -> str:
    """The comparison's JSON Schema; comparison-schema-1.json is its copy."""
    document_schema = msgspec.json.schema(ComparisonDocument)
    return msgspec.json.format(msgspec.json.encode(document_schema)).decode() + "\n"


def _run(run: ReportInput) -> Run:
    manifest = run.manifest
    return Run(
        id=manifest.run,
        folder=run.folder,
        created_at=manifest.created_at,
        lambdameter=manifest.lambdameter,
        workload=manifest.workload.name,
        parameters=manifest.parameters,
        memory_mb=manifest.memory_mb,
        seed=manifest.conditions.seed,
        rounds=run.summary.rounds,
        complete=run.summary.complete,
        copies=manifest.copies,
    )


def _target(run: ReportInput) -> Target:
    target = run.manifest.target
    return Target(
        name=target.name,
        region=target.region,
        architecture=target.architecture,
        engines=target.engines,
        runtimes=target.runtimes,
        latency_model=target.latency_model,
        faults=target.faults,
    )


def _differing(run: ReportInput, case: str) -> tuple[TrialDifference, ...]:
    return tuple(
        TrialDifference(
            variant=sample.trial.variant,
            call=sample.trial.call,
            memory_mb=sample.trial.memory_mb,
            proof=sample.equality,
        )
        for sample in run.samples
        if sample.trial.case == case and sample.equality is not None and not sample.equality.equal
    )


def _result(run: ReportInput, cell: CellSummary) -> Result:
    warm = cell.warm or CallSummary(n=0, errors=0)
    return Result(
        variant=cell.variant,
        case=cell.case,
        memory_mb=cell.memory_mb,
        cold=cell.cold,
        warm=cell.warm,
        phases=warm.phases,
        total_ms=warm.total_ms,
        per_1000_ms=warm.per_1000_ms,
        cpu_ms=warm.cpu_ms,
        throttled_ms=warm.throttled_ms,
        waiting_ms=warm.waiting_ms,
        modelled_ms=warm.modelled_ms,
        max_memory_mb=warm.max_memory_mb,
        billed_ms=warm.billed_ms,
        error=warm.error,
        published=tuple(find.published(run, cell).values()),
    )
