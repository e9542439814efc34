from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Artifact, Dataset, Deployment, Expected
from lambdameter.model.sample import Invocation
from lambdameter.model.workload import Calls, Case, ResponseShape, Variant, Workload
from lambdameter.targets.base import Function
from lambdameter.targets.fake import FakeTarget, Request
from lambdameter.targets.provision import Requirements, provision


def silent(target: FakeTarget, request: Request) -> Invocation:
    raise AssertionError((target, request))


def needs(folder: Path, bucket: str | None = None) -> Requirements:
    (folder / "sums.csv").write_text("1,2")
    dataset = Dataset(
        folder=str(folder),
        parameters={},
        object_bytes={},
        expected={"csv": Expected(count=0, digest="")},
    )
    variant = Variant(
        name="rust",
        title="Rust",
        language="rust",
        runtime="provided.al2023",
        handler="bootstrap",
        source="rust",
        build="cargo",
        binary="sums",
        environment={"LEVEL": "info"},
    )
    return Requirements(
        prefix="lm-r1",
        workload=Workload(
            name="sums",
            title="Sums",
            root="/nowhere",
            timeout_s=7,
            parameters={},
            calls=Calls(),
            generator="generate.py",
            cases=(Case(name="csv", title="CSV", object="sums.csv", event={}),),
            variants=(variant,),
            response=ResponseShape(count="n", unit="sum", total="ms"),
        ),
        artifacts=[
            Artifact(
                variant="rust",
                path="/p.zip",
                sha256="s",
                zip_bytes=1,
                unzipped_bytes=1,
                runtime="provided.al2023",
                handler="bootstrap",
                architecture="x86_64",
            )
        ],
        datasets={"cold": dataset, "warm": dataset},
        memory_mb=512,
        bucket=bucket,
    )


def test_everything_that_a_run_needs_is_there(tmp_path: Path) -> None:
    target = FakeTarget(silent)
    with provision(target, needs(tmp_path)) as site:
        function = target.functions[site.deployments["rust"].function]
        assert (function.timeout_s, function.memory_mb) == (7, 512)
        assert function.environment == {"LEVEL": "info"}
        for call in ("cold", "warm"):
            assert target.buckets[site.bucket][site.objects[call]["csv"]] == b"1,2"
        assert site.objects["cold"]["csv"] != site.objects["warm"]["csv"]


def test_everything_is_removed_at_the_end(tmp_path: Path) -> None:
    target = FakeTarget(silent)
    with provision(target, needs(tmp_path)):
        pass
    assert (target.functions, target.buckets) == ({}, {})


def test_everything_is_removed_after_a_failure(tmp_path: Path) -> None:
    target = FakeTarget(silent)
    with pytest.raises(KeyboardInterrupt), provision(target, needs(tmp_path)):
        raise KeyboardInterrupt
    assert (target.functions, target.buckets) == ({}, {})


def test_what_was_made_before_a_failed_set_up_is_removed(tmp_path: Path) -> None:
    target = Full(silent)
    with pytest.raises(TargetError, match="no room"), provision(target, needs(tmp_path)):
        pass
    assert target.buckets == {}


def test_a_bucket_that_is_named_is_used_and_left(tmp_path: Path) -> None:
    target = FakeTarget(silent)
    target.create_bucket("ours")
    with provision(target, needs(tmp_path, "ours")) as site:
        assert site.bucket == "ours"
        assert len(target.buckets["ours"]) == 2
    assert target.buckets == {"ours": {}}


def test_a_dead_target_does_not_hide_why_the_run_ended(tmp_path: Path) -> None:
    target = FakeTarget(silent)

    def run() -> None:
        with provision(target, needs(tmp_path)):
            target.dead = True
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as ended:
        run()
    assert any("Left behind" in note for note in ended.value.__notes__)


class Full(FakeTarget):
    def deploy(self, artifact: Artifact, function: Function) -> Deployment:
        raise TargetError(f"no room for {artifact.sha256} as {function.name}", next_step="Delete.")


class Clinging(FakeTarget):
    def remove(self, deployment: Deployment) -> None:
        raise TargetError(f"{deployment.function} is in use", next_step="Wait.")


def test_what_cannot_be_removed_is_told_and_the_rest_is_removed(tmp_path: Path) -> None:
    target = Clinging(silent)
    with pytest.raises(TargetError, match="in use"), provision(target, needs(tmp_path)):
        pass
    assert target.buckets == {}


def test_a_name_too_long_for_lambda_is_cut_and_variants_stay_apart(tmp_path: Path) -> None:
    asked = needs(tmp_path)
    names = ("rust-" + "x" * 60, "rust-" + "x" * 61)
    asked = msgspec.structs.replace(
        asked,
        prefix="lambdameter-20260101t000000-orders-abcd",
        artifacts=[msgspec.structs.replace(asked.artifacts[0], variant=name) for name in names],
        workload=msgspec.structs.replace(
            asked.workload,
            variants=tuple(
                msgspec.structs.replace(asked.workload.variants[0], name=name) for name in names
            ),
        ),
    )
    target = FakeTarget(silent)
    with provision(target, asked) as site:
        functions = [site.deployments[name].function for name in names]
    assert len(set(functions)) == 2
    assert all(len(one) == 64 and one.startswith(asked.prefix) for one in functions)
