"""What is to be invoked, and what came of it."""

from __future__ import annotations

from typing import Any, Literal

from lambdameter.model.artifact import Artifact, Dataset
from lambdameter.model.base import Architecture, Call, ParameterValue, Record
from lambdameter.model.calibration import Calibration
from lambdameter.model.comparison import StoppingRule
from lambdameter.model.workload import Workload


class Trial(Record, frozen=True, kw_only=True):
    """One invocation to be made.

    Attributes:
        index: its place in the plan, from 0; unique in a run.
        environment: the execution environment that it belongs to, from 0; a new number means
            that a new environment is forced. Environments are the unit of repetition.
        call: which call of its environment it is: "cold" (pays INIT) or "warm".
    """

    index: int
    round: int
    environment: int
    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call


class Report(Record, frozen=True, kw_only=True):
    """Lambda's REPORT line. Times in ms; sizes in MB as AWS prints them."""

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None
    status: str | None = None
    error_type: str | None = None


class ServiceTime(Record, frozen=True, kw_only=True):
    """What the data plane did for one invocation.

    Attributes:
        requests: by operation, for instance {"dynamodb.BatchWriteItem": 2000}.
        modelled_ms: how long at least one request was held by the latency model.
        retries: how many of the requests an SDK sent again by itself.
        faults: injected, by operation and kind, for instance
            {"dynamodb.BatchWriteItem.unprocessed": 7}.
    """

    requests: dict[str, int]
    modelled_ms: float
    retries: int = 0
    faults: dict[str, int] = {}


class Modelled(Record, frozen=True, kw_only=True):
    """What AWS adds to an environment and a local one lacks; not measured.

    Attributes:
        init_ms: is in the Init Duration; with what the latency model held requests for there.
        invocation_ms: is in each Duration.
        invocation_cpu_ms: is taken from the tier's share in each invocation where Lambda's rule is
            kept, not in `cpu_ms`.
        memory_mb: is in Max Memory Used (MiB).
        hidden_start_ms: before Init, in no duration and on no bill.
    """

    init_ms: float
    invocation_ms: float
    memory_mb: float
    hidden_start_ms: float
    invocation_cpu_ms: float = 0.0


class Meter(Record, frozen=True, kw_only=True):
    """What only the emulator knows of one invocation (the x-lambdameter-* headers).

    Attributes:
        cpu_ms: CPU time of the whole environment during the invocation, without INIT; where
            this host is calibrated, of a Lambda vCPU.
        throttled_ms: for how long it was held for its quota; where the kernel keeps that, its
            count, which may add up several queues. None: not enforced.
        peak_memory_mb: peak resident size of the process tree, without AWS's base.
        disturbed_ms: of CPU time, by how much it did less than as much of a Lambda vCPU's would
            have, since others used the same cores of this host. None: not looked at.
        init_disturbed_ms: the same of Init, where one went before.
    """

    environment: str
    cpu_ms: float | None = None
    throttled_ms: float | None = None
    init_cpu_ms: float | None = None
    peak_memory_mb: float | None = None
    disturbed_ms: float | None = None
    init_disturbed_ms: float | None = None
    service: ServiceTime | None = None
    modelled: Modelled | None = None


class Invocation(Record, frozen=True, kw_only=True):
    """One answer of a target, before anything is made of it."""

    status: int
    payload: bytes
    function_error: str | None
    log_tail: str
    headers: dict[str, str]
    client_ms: float


class SampleError(Record, frozen=True, kw_only=True):
    """Why a sample is no measurement. A failed invocation is a sample, never an exception.

    Attributes:
        kind: "function": the function failed (function_error was set); "invoke": the target
            refused or the connection broke; "answer": the response is not what
            workload.toml says.
        log: what the function and its runtime logged last, as far as the log's tail holds it,
            without Lambda's own START, END and REPORT.
    """

    kind: Literal["function", "invoke", "answer"]
    type: str
    message: str
    log: str = ""


class FieldDifference(Record, frozen=True, kw_only=True):
    """One field that differs; None: the field is not there. Values in canonical form."""

    field: str
    expected: str | None
    actual: str | None


class RecordDifference(Record, frozen=True, kw_only=True):
    """One record that differs: its key, and every field that does."""

    key: str
    fields: tuple[FieldDifference, ...]


class TrialEquality(Record, frozen=True, kw_only=True):
    """One trial's answer and table, against what the generator says must be there.

    Attributes:
        write_units: DynamoDB write request units of the items in the table, each written once;
            those that were there before and stayed are not counted.
        differing: how many records differ in all; `differences` holds the first of them.
    """

    equal: bool
    expected_count: int
    actual_count: int
    expected_digest: str
    actual_digest: str
    write_units: int
    differing: int
    differences: tuple[RecordDifference, ...] = ()
    response_differences: tuple[FieldDifference, ...] = ()


class Sample(Record, frozen=True, kw_only=True):
    """One invocation as it was: the raw material of everything else.

    Attributes:
        started_at: UTC, ISO 8601.
        client_ms: from sending the request to having read the whole answer.
        response: the answer's JSON, where it is JSON.
        equality: None where there was nothing to verify (an error, or a workload without table).
    """

    trial: Trial
    started_at: str
    client_ms: float
    error: SampleError | None = None
    report: Report | None = None
    meter: Meter | None = None
    response: Any = None
    equality: TrialEquality | None = None
    canonical_response: str | None = None


class Enforcement(Record, frozen=True, kw_only=True):
    """What a host enforces, and by what; empty strings where nothing is.

    Attributes:
        by: "cgroup v1", "cgroup v2", "duty cycle" or "none".
        isolation: what stands between the function and the host, in a few words.
        missing: why something is not enforced, with the next step; empty if all is.
        vcpus, memory_mb: the most that this host can grant, where that is less than the largest
            tier has; None: every tier fits, or nothing is enforced.
    """

    by: str
    cpu: str
    memory: str
    freeze: str
    isolation: str
    missing: str = ""
    vcpus: float | None = None
    memory_mb: int | None = None


class TargetInfo(Record, frozen=True, kw_only=True):
    """What a target says of itself.

    The emulator fills it in, the x-lambdameter-host header carries it, and the manifest stores it.
    What AWS does not say of itself has a default.

    Attributes:
        name: "local" or "aws".
        enforcement: None on AWS, which enforces its own rules.
        engines: service -> engine and version, for instance {"dynamodb": "dynoxide-rs 3.2.0"}.
        runtimes: runtime -> what really runs, with the versions of its packages.
        latency_model: one line that names the model's file and mode; None: real services.
        faults: one line that names the faults that were injected; None: none were.
        calibration: how this host was slowed to a Lambda vCPU's speed; None: its own speed.
        overheads: the name of the model of what AWS adds; None: nothing was added.
    """

    name: Literal["local", "aws"]
    region: str
    architecture: Architecture
    enforcement: Enforcement | None = None
    engines: dict[str, str] = {}
    runtimes: dict[str, str] = {}
    latency_model: str | None = None
    faults: str | None = None
    calibration: Calibration | None = None
    overheads: str | None = None


class Conditions(Record, frozen=True, kw_only=True):
    """How the target was to be; resuming a run sets it up the same way.

    Attributes:
        architecture: of functions on AWS, and what the bill prices; local runs use the host's.
        latency, faults: as on the command line; None: the data plane's own defaults.
        seed: of the order of the trials, and of the data plane's chance.
        speed: a Lambda vCPU's ("auto": where this host is calibrated), or the host's own.
        overheads: whether what AWS adds to an environment is added.
    """

    target: Literal["local", "aws"]
    region: str
    architecture: Architecture
    role: str | None
    latency: str | None
    faults: str | None
    sandbox: str
    seed: int
    speed: Literal["auto", "lambda", "host"] = "host"
    overheads: bool = False


class Manifest(Record, frozen=True, kw_only=True):
    """One run folder: what was asked, of what, where.

    Attributes:
        schema: version of the run folder's format.
        copies: variant -> the variant that it is a copy of, in a run that asks how far apart two
            copies are; empty: the run compares variants.
        plan: every call; where there is a stopping rule, as many as there may be.
        stopping_rule: None: the run has its number of rounds.
    """

    schema: int
    run: str
    created_at: str
    lambdameter: str
    host: dict[str, str]
    target: TargetInfo
    workload: Workload
    parameters: dict[Call, dict[str, ParameterValue]]
    datasets: dict[Call, Dataset]
    artifacts: tuple[Artifact, ...]
    memory_mb: tuple[int, ...]
    plan: tuple[Trial, ...]
    conditions: Conditions
    copies: dict[str, str] = {}
    stopping_rule: StoppingRule | None = None
