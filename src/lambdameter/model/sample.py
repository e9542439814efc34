"""Trials, their samples, and the manifest of a run."""

from __future__ import annotations

from typing import Any, Literal

from lambdameter.model.artifact import Artifact, Dataset
from lambdameter.model.base import Architecture, Call, CellKey, ParameterValue, Record
from lambdameter.model.calibration import Calibration
from lambdameter.model.comparison import StoppingRule
from lambdameter.model.workload import Workload


class Trial(Record, frozen=True, kw_only=True):
    """One planned invocation.

    Attributes:
        index: position in the plan, from 0; unique in a run.
        environment: number of its execution environment, from 0; a new number forces a new
            environment. Environments are the unit of repetition.
        call: "cold" for the first call of an environment, which pays INIT, otherwise "warm".
    """

    index: int
    round: int
    environment: int
    workload: str
    variant: str
    case: str
    memory_mb: int
    call: Call

    @property
    def key(self) -> CellKey:
        """Variant, case and memory size of its cell."""
        return self.variant, self.case, self.memory_mb


class Report(Record, frozen=True, kw_only=True):
    """Lambda's REPORT line: times in ms, sizes in MB as AWS prints them."""

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int
    max_memory_mb: int
    init_ms: float | None = None
    status: str | None = None
    error_type: str | None = None


class ServiceTime(Record, frozen=True, kw_only=True):
    """The work of the local services for one invocation.

    Attributes:
        requests: number of requests by operation, for instance {"dynamodb.BatchWriteItem": 2000}.
        modelled_ms: for how long the latency model held at least one request.
        retries: number of requests that an SDK repeated on its own.
        faults: number of injected faults by operation and kind, for instance
            {"dynamodb.BatchWriteItem.unprocessed": 7}.
    """

    requests: dict[str, int]
    modelled_ms: float
    retries: int = 0
    faults: dict[str, int] = {}


class Modelled(Record, frozen=True, kw_only=True):
    """What AWS adds to an environment, computed by a model because the local Lambda lacks it.

    Attributes:
        init_ms: part of Init Duration, with modelled latency of requests during INIT.
        invocation_ms: part of each Duration.
        invocation_cpu_ms: taken from the CPU share of each invocation where Lambda's rule is
            enforced; not part of `cpu_ms`.
        memory_mb: part of Max Memory Used (MiB).
        hidden_start_ms: time before Init; part of no duration and no bill.
    """

    init_ms: float
    invocation_ms: float
    memory_mb: float
    hidden_start_ms: float
    invocation_cpu_ms: float = 0.0


class Meter(Record, frozen=True, kw_only=True):
    """What only the emulator knows about an invocation (the x-lambdameter-* headers).

    Attributes:
        cpu_ms: CPU time of the whole environment during the invocation, without INIT; in time of a
            Lambda vCPU if this host is calibrated.
        throttled_ms: for how long the environment was held because of its quota; a count of the
            kernel's may add up several queues. None: not enforced.
        peak_memory_mb: peak resident size of the process tree, without AWS's base.
        disturbed_ms: CPU time lost because others used the same cores of this host, compared with a
            Lambda vCPU. None: not checked.
        init_disturbed_ms: the same for INIT, if the invocation had one.
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
    """One raw answer of a target."""

    status: int
    payload: bytes
    function_error: str | None
    log_tail: str
    headers: dict[str, str]
    client_ms: float


class SampleError(Record, frozen=True, kw_only=True):
    """Why a sample is not a measurement. A failed invocation is a sample, never an exception.

    Attributes:
        kind: "function": the function failed (function_error was set); "invoke": the target
            refused the call or the connection broke; "answer": the response does not follow
            workload.toml.
        log: the last log lines of the function and its runtime, as far as the log tail has them,
            without Lambda's own START, END and REPORT.
    """

    kind: Literal["function", "invoke", "answer"]
    type: str
    message: str
    log: str = ""


class FieldDifference(Record, frozen=True, kw_only=True):
    """One field that differs, with values in canonical form; None where the field is missing."""

    field: str
    expected: str | None
    actual: str | None


class RecordDifference(Record, frozen=True, kw_only=True):
    """One record that differs: its key, and every field that differs."""

    key: str
    fields: tuple[FieldDifference, ...]


class TrialEquality(Record, frozen=True, kw_only=True):
    """One trial's answer and table, compared with the generator's expected result.

    Attributes:
        write_units: DynamoDB write request units of the items in the table, each written once,
            without the items that were there before the call.
        differing: number of records that differ; `differences` holds the first of them.
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
    """One invocation: everything else is computed from samples.

    Attributes:
        started_at: UTC, ISO 8601.
        client_ms: from sending the request until the whole answer was read.
        response: the answer's JSON; None where the answer is not JSON.
        equality: None where nothing was verified, because of an error.
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
    """Which of Lambda's limits a host enforces, and how; empty strings where a limit is not.

    Attributes:
        by: "cgroup v1", "cgroup v2", "duty cycle" or "none".
        isolation: what separates the function from the host, in a few words.
        missing: why a limit is not enforced, with the next step; empty if all limits are.
        vcpus, memory_mb: the most that this host can grant, if less than Lambda's largest memory
            size has; None: every memory size fits, or nothing is enforced.
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
        enforcement: None on AWS, which enforces its own limits.
        engines: service -> engine and version, for instance {"dynamodb": "dynoxide-rs 3.2.0"}.
        runtimes: runtime -> the program that really runs, with the versions of its packages.
        latency_model: one line with the model's file and mode; None for real services.
        faults: one line with the injected faults; None where there were none.
        calibration: how this host was slowed to a Lambda vCPU's speed; None: this host's speed.
        overheads: name of the model of what AWS adds; None: nothing was added.
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
    """How a target is set up; a resumed run sets its target up the same way.

    Attributes:
        architecture: of the functions on AWS, and of the prices; local functions use the host's.
        latency, faults: as on the command line; None: the local services' defaults.
        seed: seed of the trials' order and of the local services' random numbers.
        speed: "lambda" for a Lambda vCPU's speed, "host" for this host's, or "auto" for a Lambda
            vCPU's if this host is calibrated.
        overheads: whether a model adds AWS's own share of Init Duration and memory.
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
    """The options, inputs, target and plan of a run.

    Attributes:
        schema: version of the run folder's format.
        copies: variant -> the variant that it is a copy of, in a run that compares copies; empty
            where the run compares variants.
        plan: every call; with a stopping rule, the largest possible number of calls.
        stopping_rule: None where the number of rounds is fixed.
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
