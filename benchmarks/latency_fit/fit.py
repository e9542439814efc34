"""Fits the latency model's DynamoDB defaults to claim C2's calls by the Rust SDK.

The text gives, for a Rust function at 128 MB, what each call took inside the function (means of
five). The client's own part of that is measured here, in the same setting on the local Lambda:
with a model that answers after exactly the current p50 (no spread), it is what the function
measured beyond it. What is left of the published mean is the service's. A log-normal's mean is
p50 * exp(sigma^2 / 2), and sigma = ln(p99 / p50) / 2.326, so p50 follows.

    .venv/bin/python benchmarks/latency_fit/fit.py

prints the lines for crates/services/latency.toml.
"""

from __future__ import annotations

import json
import math
import statistics
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import track

from lambdameter.build import cargo
from lambdameter.build.archive import Member, write
from lambdameter.emulator.options import Options as EmulatorOptions
from lambdameter.measure.local_lambda import local_lambda
from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.workload import Table, TableKey
from lambdameter.targets.base import Function
from lambdameter.targets.boto import BotoTarget, Options

HERE = Path(__file__).parent
MODEL = HERE.parents[1] / "crates" / "services" / "latency.toml"
# "AWS Lambda Rust x DynamoDB": sdk_call_ms of the Rust function, warm, 128 MB, means of five.
PUBLISHED_MS = {"GetItem": 2.9, "PutItem": 3.6, "Query": 2.6, "BatchWriteItem": 6.0}
EVENT = {"GetItem": "get", "PutItem": "put", "Query": "query", "BatchWriteItem": "batch"}
MEMORY_MB = 128
CALLS = 40
Z99 = 2.326
TABLE = Table(partition_key=TableKey(name="pk", type="S"), sort_key=TableKey(name="sk", type="S"))


def main() -> None:
    """Measure, then print."""
    console = Console(stderr=True)
    shipped = tomllib.loads(MODEL.read_text())["dynamodb"]["operations"]
    with tempfile.TemporaryDirectory() as scratch:
        fixed = Path(scratch) / "fixed.toml"
        fixed.write_text(without_spread(shipped))
        artifact = package(Path(scratch), console)
        with (
            local_lambda(EmulatorOptions(latency=str(fixed))) as endpoints,
            deployed(
                BotoTarget(
                    Options(
                        region="us-east-1", architecture=artifact.architecture, endpoints=endpoints
                    )
                ),
                artifact,
            ) as (target, deployment),
        ):
            call(target, deployment, "BatchWriteItem")  # fills the table, opens the connection
            took = {
                operation: [
                    call(target, deployment, operation)
                    for _ in track(range(CALLS), operation, console=console)
                ]
                for operation in PUBLISHED_MS
            }
    for operation, times in took.items():
        own = statistics.mean(times) - shipped[operation]["p50_ms"]
        ratio = shipped[operation]["p99_ms"] / shipped[operation]["p50_ms"]
        p50 = (PUBLISHED_MS[operation] - own) / math.exp((math.log(ratio) / Z99) ** 2 / 2)
        print(
            f"{operation} = {{ p50_ms = {p50:.2f}, p99_ms = {p50 * ratio:.2f} }}"
            f"  # published {PUBLISHED_MS[operation]}, the client's own {own:.2f}"
            f" (sd {statistics.stdev(times):.2f}, n = {len(times)})"
        )


def without_spread(operations: dict[str, dict[str, float]]) -> str:
    """A model with the shipped p50 of each operation and nothing else."""
    lines = [
        f"{name} = {{ p50_ms = {one['p50_ms']}, p99_ms = {one['p50_ms']} }}"
        for name, one in operations.items()
    ]
    return "\n".join(['as_of = "2026-11-21"', 'mode = "total"', "[dynamodb.operations]", *lines])


def package(scratch: Path, console: Console) -> Artifact:
    """The function, built and zipped."""
    manifest = HERE / "function" / "Cargo.toml"
    binary = cargo.executable(manifest, console, "latency-fit")
    archive = write({"bootstrap": Member(binary, runnable=True)}, scratch)
    return Artifact(
        variant="rust",
        path=str(archive.path),
        sha256=archive.sha256,
        zip_bytes=archive.zip_bytes,
        unzipped_bytes=archive.unzipped_bytes,
        runtime="provided.al2023",
        handler="bootstrap",
        architecture="x86_64",
    )


@contextmanager
def deployed(target: BotoTarget, artifact: Artifact) -> Iterator[tuple[BotoTarget, Deployment]]:
    """The function and its table."""
    target.create_table("fit", TABLE)
    deployment = target.deploy(
        artifact, Function(name="latency-fit", timeout_s=30, memory_mb=MEMORY_MB)
    )
    yield target, deployment


def call(target: BotoTarget, deployment: Deployment, operation: str) -> float:
    """One invocation; the SDK call's time, ms."""
    event = {"table": "fit", "operation": EVENT[operation]}
    answer = target.invoke(deployment, json.dumps(event).encode())
    return float(json.loads(answer.payload)["sdk_call_ms"])


if __name__ == "__main__":
    main()
