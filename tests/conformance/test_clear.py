"""What a killed run left is found and removed through AWS's own APIs, on the real data plane."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lambdameter.emulator.options import Options
from lambdameter.measure.local_lambda import local_lambda
from lambdameter.model.artifact import Artifact
from lambdameter.model.workload import Table, TableKey
from lambdameter.targets.base import Function
from lambdameter.targets.boto import BotoTarget
from lambdameter.targets.boto import Options as Where


def test_all_that_bears_the_runs_name_goes_and_the_rest_stays(
    tmp_path: Path,
    package: Callable[..., bytes],
    require_launcher: None,  # noqa: ARG001
) -> None:
    (tmp_path / "package.zip").write_bytes(package(handler_py=""))
    table = Table(partition_key=TableKey(name="id", type="S"))
    with local_lambda(Options(sandbox="none", latency="off")) as endpoints:
        region = "us-east-1"
        target = BotoTarget(Where(region=region, architecture="arm64", endpoints=endpoints))
        artifact = Artifact(
            variant="python",
            path=str(tmp_path / "package.zip"),
            sha256="s",
            zip_bytes=1,
            unzipped_bytes=1,
            runtime="python3.12",
            handler="handler.handler",
            architecture=target.info().architecture,
        )
        for name in ("lm-r1", "theirs"):
            target.deploy(artifact, Function(name=f"{name}-python", timeout_s=3, memory_mb=128))
            target.create_table(f"{name}-0", table)
            target.create_bucket(name)
            for key in ("cold/sums.csv", "warm/sums.csv"):
                target.put_object(name, f"{name}/{key}", tmp_path / "package.zip")
        removed = ("function lm-r1-python", "table lm-r1-0", "bucket lm-r1")
        assert target.clear("lm-r1") == removed
        assert target.clear("lm-r1") == ()
        assert target.clear("the") == ("function theirs-python", "table theirs-0", "bucket theirs")
