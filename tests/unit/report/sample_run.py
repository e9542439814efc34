"""A run as this machine would make it, for tests of what is made of runs.

The figures are invented, near what such a machine gives: at 128 MB Python's JSON is OOM-killed.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from random import Random

import msgspec

from lambdameter.analysis.run import LatencySweep, Run
from lambdameter.claims import library
from lambdameter.cost import price_list
from lambdameter.cost.bill import bill_run
from lambdameter.model.artifact import Dataset, Expected
from lambdameter.model.base import Call
from lambdameter.model.sample import (
    Conditions,
    Enforcement,
    FieldDifference,
    Manifest,
    Meter,
    RecordDifference,
    Report,
    Sample,
    SampleError,
    ServiceTime,
    TargetInfo,
    Trial,
    TrialEquality,
)
from lambdameter.model.summary import CaseEquality
from lambdameter.model.sweep import Sweep, SweptRun
from lambdameter.model.workload import (
    AnswerMayDiffer,
    Calls,
    Case,
    EqualityRule,
    Phase,
    ResponseShape,
    ServiceUse,
    Table,
    TableKey,
    Variant,
    Workload,
)
from lambdameter.stats.summary import summarise

RECORDS = {"cold": 2_000, "warm": 50_000}
DIGEST = "9f2ab8813c07d0e4" * 4
# (variant, case, memory) -> warm S3, parse, write, CPU, throttled, modelled ms; peak MB; Init ms.
CELLS = {
    ("python", "csv", 1024): (231, 488, 20_080, 6_420, 1_310, 13_020, 92, 251),
    ("rust", "csv", 1024): (242, 61, 13_310, 640, 0, 12_930, 31, 8.4),
    ("python", "json", 1024): (297, 203, 18_610, 5_210, 1_120, 12_990, 171, 248),
    ("rust", "json", 1024): (288, 96, 14_320, 710, 0, 12_960, 44, 8.1),
    ("python", "csv", 128): (402, 4_120, 105_700, 6_980, 90_100, 12_400, 79, 252),
    ("rust", "csv", 128): (377, 420, 16_300, 690, 3_100, 12_800, 30, 8.6),
    ("rust", "json", 128): (452, 690, 14_350, 720, 2_870, 12_700, 43, 8.3),
}
OUT_OF_MEMORY = SampleError(
    kind="function",
    type="Runtime.OutOfMemory",
    message="RequestId: 7f2c Error: Runtime exited with error: signal: killed",
)


def workload() -> Workload:
    def variant(name: str, language: str) -> Variant:
        return Variant(
            name=name,
            title=name.capitalize(),
            language=language,
            runtime="python3.12" if language == "python" else "provided.al2023",
            handler="handler.handler",
            source=name,
            build="copy",
        )

    return Workload(
        name="etl",
        title="Event registrations, S3 to DynamoDB",
        root="/workloads/etl",
        timeout_s=900,
        parameters={"records": 50_000},
        calls=Calls(cold={"records": 2_000}),
        generator="generate.py",
        cases=tuple(
            Case(name=name, title=name.upper(), object=f"registrations.{name}", event={})
            for name in ("csv", "json")
        ),
        variants=(variant("python", "python"), variant("rust", "rust")),
        response=ResponseShape(
            count="records",
            unit="record",
            total="total_ms",
            phases=tuple(
                Phase(name=name, title=title, field=f"phases.{name}_ms")
                for name, title in (("s3", "S3"), ("parse", "parse"), ("write", "write"))
            ),
        ),
        table=Table(partition_key=TableKey(name="registration_id", type="S")),
        equality=EqualityRule(
            response=(
                AnswerMayDiffer(field="total_ms", reason="a measured time"),
                AnswerMayDiffer(field="phases", reason="measured times"),
                AnswerMayDiffer(
                    field="retried_items", reason="how often the service asks is chance"
                ),
            )
        ),
        service_use=(ServiceUse(service="s3", operation="GetObject", requests=1),),
    )


def target(*, enforced: bool = True) -> TargetInfo:
    by_cgroup = Enforcement(
        by="cgroup v1",
        cpu="memory / 1769 of a vCPU, 20 ms period",
        memory="the tier's limit, no swap",
        freeze="freezer",
        isolation="mount and pid namespaces, unprivileged user",
    )
    nothing = Enforcement(
        by="none",
        cpu="",
        memory="",
        freeze="",
        isolation="",
        missing="cgroups are read-only here; run as root",
    )
    return TargetInfo(
        name="local",
        region="us-east-1",
        architecture="x86_64",
        enforcement=by_cgroup if enforced else nothing,
        engines={"dynamodb": "dynoxide-rs 3.2.0", "s3": "s3s-fs 0.14.0"},
        runtimes={
            "python3.12": "CPython 3.12.1, awslambdaric 4.2.2, boto3 1.43.117, botocore 1.43.117",
            "provided.al2023": "Debian GNU/Linux 12",
        },
        latency_model="crates/services/latency.toml, mode total",
    )


def manifest(memory_mb: tuple[int, ...] = (1024,), *, enforced: bool = True) -> Manifest:
    cells = [
        (memory, case, variant)
        for memory in memory_mb
        for case in ("csv", "json")
        for variant in ("python", "rust")
    ]
    plan = tuple(
        Trial(
            index=2 * environment + (call == "warm"),
            round=0,
            environment=environment,
            workload="etl",
            variant=variant,
            case=case,
            memory_mb=memory,
            call=call,
        )
        for environment, (memory, case, variant) in enumerate(cells)
        for call in ("cold", "warm")
    )
    return Manifest(
        schema=1,
        run="2026-11-21T10-58-00Z",
        created_at="2026-11-21T10:58:00Z",
        lambdameter="0.1.0",
        host={"cpu": "x86_64, 2 cores"},
        target=target(enforced=enforced),
        workload=workload(),
        parameters={"cold": {"records": 2_000}, "warm": {"records": 50_000}},
        datasets={call: dataset(call) for call in ("cold", "warm")},
        artifacts=(),
        memory_mb=memory_mb,
        plan=plan,
        conditions=Conditions(
            target="local",
            region="us-east-1",
            architecture="arm64",
            role=None,
            latency=None,
            faults=None,
            sandbox="auto",
            seed=1,
        ),
    )


def dataset(call: Call) -> Dataset:
    return Dataset(
        folder="/data",
        parameters={"records": RECORDS[call]},
        object_bytes={"registrations.csv": 7_800_000},
        expected={case: Expected(count=RECORDS[call], digest=DIGEST) for case in ("csv", "json")},
    )


def sample(trial: Trial) -> Sample:
    """The sample that the trial would give: scaled down for cold, an OOM kill where that is so."""
    figures = CELLS.get((trial.variant, trial.case, trial.memory_mb))
    cold = trial.call == "cold"
    if figures is None and not cold:
        return dead(trial)
    s3, parse, write, cpu, throttled, modelled, peak, init = figures or (
        (402, 4_000, 90_000, 6_000, 70_000, 12_400, 121, 250)
    )
    scale = RECORDS[trial.call] / RECORDS["warm"]
    total = s3 + (parse + write) * scale
    duration = total + 12.34
    init_ms = float(init) if cold else None
    return Sample(
        trial=trial,
        started_at="2026-11-21T10:58:10Z",
        client_ms=duration + 3,
        report=Report(
            request_id="7f2c",
            duration_ms=duration,
            billed_ms=math.ceil(duration + (init_ms or 0)),
            memory_mb=trial.memory_mb,
            max_memory_mb=peak,
            init_ms=init_ms,
        ),
        meter=Meter(
            environment=str(trial.environment),
            cpu_ms=cpu * scale,
            throttled_ms=throttled * scale,
            service=ServiceTime(requests={}, modelled_ms=modelled * scale),
        ),
        response={
            "records": RECORDS[trial.call],
            "total_ms": total,
            "phases": {"s3_ms": s3, "parse_ms": parse * scale, "write_ms": write * scale},
        },
        equality=proof(RECORDS[trial.call]),
    )


def dead(trial: Trial) -> Sample:
    return Sample(
        trial=trial,
        started_at="2026-11-21T10:58:10Z",
        client_ms=2_500,
        error=OUT_OF_MEMORY,
        report=Report(
            request_id="7f2c",
            duration_ms=2_400.5,
            billed_ms=2_401,
            memory_mb=trial.memory_mb,
            max_memory_mb=trial.memory_mb,
            status="error",
            error_type="Runtime.OutOfMemory",
        ),
    )


def proof(count: int) -> TrialEquality:
    return TrialEquality(
        equal=True,
        expected_count=count,
        actual_count=count,
        expected_digest=DIGEST,
        actual_digest=DIGEST,
        write_units=count,
        differing=0,
    )


def planted_difference(one: Sample) -> Sample:
    """The same sample with one wrong type in one record of its table."""
    wrong = msgspec.structs.replace(
        proof(RECORDS[one.trial.call]),
        equal=False,
        actual_digest="0" * 64,
        differing=1,
        differences=(
            RecordDifference(
                key="reg-000017",
                fields=(
                    FieldDifference(
                        field="amount_paid", expected='{"N":"129.5"}', actual='{"S":"129.50"}'
                    ),
                ),
            ),
        ),
    )
    return msgspec.structs.replace(one, equality=wrong)


def case_equality(case: str, samples: list[Sample]) -> CaseEquality:
    mine = [one for one in samples if one.trial.case == case]
    unequal = {one.trial.variant for one in mine if one.equality and not one.equality.equal}
    proven = {one.trial.variant for one in mine if one.equality} - unequal
    died = {one.trial.variant: one.error.type for one in mine if one.error}
    return CaseEquality(
        case=case,
        proven=tuple(sorted(proven)),
        unequal=tuple(sorted(unequal)),
        died=died,
        agree=not unequal,
        records_compared=sum(one.equality.expected_count for one in mine if one.equality),
        digest=DIGEST if proven and not unequal else None,
    )


def report_input(
    of: Manifest | None = None, samples: list[Sample] | None = None, folder: str | Path = "runs/one"
) -> Run:
    """What a report is made from, by way of the real summary and the real bill."""
    of = manifest() if of is None else of
    samples = [sample(trial) for trial in of.plan] if samples is None else samples
    summary = summarise(
        of, samples, tuple(case_equality(case, samples) for case in ("csv", "json"))
    )
    return Run(
        manifest=of,
        summary=summary,
        bill=bill_run(of, summary, price_list.latest()),
        samples=tuple(samples),
        claims=library.sources(),
        folder=str(folder),
    )


def rounds_input(
    rounds: int, slowdown: float = 1.0, variant: str = "rust", spread: float = 0.05
) -> Run:
    """A run of many rounds, three warm calls an environment, noisy by a seeded chance.

    Args:
        rounds: environments of each cell.
        slowdown: what the variant's times are multiplied by.
        variant: whose.
        spread: log-sd of a call.
    """
    once, chance = manifest(), Random(1)  # noqa: S311 - noise, no secret
    plan: list[Trial] = []
    samples: list[Sample] = []
    for number, trial in product(range(rounds), once.plan):
        for _ in range(1 if trial.call == "cold" else 3):
            factor = chance.lognormvariate(0, spread)
            factor *= slowdown if trial.variant == variant else 1
            planned = msgspec.structs.replace(
                trial,
                index=len(plan),
                round=number,
                environment=number * len(once.plan) + trial.environment,
            )
            plan.append(planned)
            samples.append(slower(sample(planned), factor))
    return report_input(msgspec.structs.replace(once, plan=tuple(plan)), samples)


def slower(one: Sample, factor: float) -> Sample:
    assert one.report is not None
    duration_ms = one.report.duration_ms * factor
    response = {**one.response, "total_ms": one.response["total_ms"] * factor}
    report = msgspec.structs.replace(
        one.report,
        duration_ms=duration_ms,
        billed_ms=math.ceil(duration_ms + (one.report.init_ms or 0)),
    )
    return msgspec.structs.replace(one, report=report, response=response)


def sweep_input(*runs: Run) -> LatencySweep:
    """These runs, as if they were made at 0, 3, 6... ms."""
    swept = tuple(
        SweptRun(latency_ms=3.0 * index, folder=f"latency-{3 * index}")
        for index in range(len(runs))
    )
    return LatencySweep(
        record=Sweep(
            schema=1,
            run="2026-11-21T10-58-00Z",
            created_at="2026-11-21T10:58:00Z",
            workload="etl",
            seed=1,
            runs=swept,
        ),
        runs=tuple(
            msgspec.structs.replace(run, folder=f"runs/one/{one.folder}")
            for run, one in zip(runs, swept, strict=True)
        ),
        folder="runs/one",
    )


def planned(of: Manifest, plan: tuple[Trial, ...]) -> Manifest:
    return msgspec.structs.replace(of, plan=plan)
