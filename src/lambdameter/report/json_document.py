"""A run, or HEAD compared with BASE, as JSON; docs/json.md describes the documents."""

from __future__ import annotations

from lambdameter.analysis import caveats
from lambdameter.analysis.decision import Decision, decide
from lambdameter.analysis.run import Run
from lambdameter.model.base import Architecture, Call, ParameterValue, Record
from lambdameter.model.bill import Bill
from lambdameter.model.claim import PublishedFigure
from lambdameter.model.comparison import Comparison, FlaggedCalls, Stopping, StoppingRule
from lambdameter.model.gate import GateReport
from lambdameter.model.sample import Enforcement, SampleError, TrialEquality
from lambdameter.model.summary import CallSummary, CaseEquality, CellSummary
from lambdameter.report import gate_words, json_text

SCHEMA = 1


class RunIdentity(Record, frozen=True, kw_only=True):
    """Identity of a run.

    Attributes:
        copies: variant -> the variant that it is a copy of; empty where variants were compared.
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
    """The target of a run.

    Attributes:
        latency_model: None for real services.
        faults: the injected faults; None where there were none.
    """

    name: str
    region: str
    architecture: Architecture
    engines: dict[str, str]
    runtimes: dict[str, str]
    latency_model: str | None
    faults: str | None


class TrialDifference(Record, frozen=True, kw_only=True):
    """A call whose records or answer were not as expected."""

    variant: str
    call: Call
    memory_mb: int
    proof: TrialEquality


class Case(Record, frozen=True, kw_only=True):
    """The verdict on a case, with every call that differed."""

    verdict: CaseEquality
    differing: tuple[TrialDifference, ...]


class Equality(Record, frozen=True, kw_only=True):
    """Whether the variants do the same; figures of unequal cases are null."""

    equal: bool
    cases: tuple[Case, ...]


class Result(Record, frozen=True, kw_only=True):
    """One cell: `cold` and `warm` in full; the other fields repeat figures of `warm`."""

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
    """A run: times in ms, sizes in MB as Lambda prints them, money as decimal strings in USD."""

    schema: int
    run: RunIdentity
    target: Target
    enforcement: Enforcement | None
    decisions: tuple[Decision, ...]
    equality: Equality
    results: tuple[Result, ...]
    comparisons: tuple[Comparison, ...]
    outliers: tuple[FlaggedCalls, ...]
    stopping_rule: StoppingRule | None
    stopping: Stopping | None
    bill: Bill
    notes: tuple[str, ...]


class GateDocument(Record, frozen=True, kw_only=True):
    """HEAD compared with BASE; ratios are HEAD / BASE."""

    schema: int
    decision: str
    notes: tuple[str, ...]
    comparison: GateReport


def document(run: Run) -> Document:
    """The record behind the document."""
    return Document(
        schema=SCHEMA,
        run=_identity(run),
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


def encode(run: Run) -> str:
    """The document as JSON text."""
    return json_text.encode(document(run))


def schema() -> str:
    """JSON Schema of a run's document; schema-1.json is a copy."""
    return json_text.schema(Document)


def encode_gate(report: GateReport) -> str:
    """HEAD compared with BASE as JSON text."""
    document = GateDocument(
        schema=SCHEMA,
        decision=gate_words.decision(report),
        notes=tuple(gate_words.caveats(report)),
        comparison=report,
    )
    return json_text.encode(document)


def gate_schema() -> str:
    """JSON Schema of the document of HEAD and BASE; comparison-schema-1.json is a copy."""
    return json_text.schema(GateDocument)


def _identity(run: Run) -> RunIdentity:
    manifest = run.manifest
    return RunIdentity(
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


def _target(run: Run) -> Target:
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


def _differing(run: Run, case: str) -> tuple[TrialDifference, ...]:
    return tuple(
        TrialDifference(
            variant=sample.trial.variant,
            call=sample.trial.call,
            memory_mb=sample.trial.memory_mb,
            proof=sample.equality,
        )
        for sample in run.of_case(case)
        if sample.equality is not None and not sample.equality.equal
    )


def _result(run: Run, cell: CellSummary) -> Result:
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
        published=tuple(run.published(cell).values()),
    )
