from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.sample import Invocation, Report
from lambdameter.model.workload import Table, TableKey
from lambdameter.targets import answer
from lambdameter.targets.base import Function, Target
from lambdameter.targets.fake import FakeTarget, Request, answered, failed

TABLE = Table(partition_key=TableKey(name="id", type="S"))
ARTIFACT = Artifact(
    variant="rust",
    path="/p.zip",
    sha256="s",
    zip_bytes=1,
    unzipped_bytes=1,
    runtime="provided.al2023",
    handler="bootstrap",
    architecture="x86_64",
)
REPORT = Report(request_id="r", duration_ms=2.5, billed_ms=3, memory_mb=128, max_memory_mb=20)


def echo(_: FakeTarget, request: Request) -> Invocation:
    shown = [request.variant, request.memory_mb, request.event, request.cold, request.number]
    return answered(shown, REPORT)


def deployed(target: Target) -> Deployment:
    return target.deploy(ARTIFACT, Function(name="f", timeout_s=3, memory_mb=128))


def test_a_script_is_told_what_it_is_asked() -> None:
    target = FakeTarget(echo)
    deployment = deployed(target)
    target.force_cold(deployment, 512, "m")
    payloads = [target.invoke(deployment, b'{"x":1}').payload for _ in range(2)]
    assert payloads == [b'["rust",512,{"x":1},true,0]', b'["rust",512,{"x":1},false,1]']


def test_forcing_cold_makes_the_next_call_cold_again() -> None:
    target = FakeTarget(echo)
    deployment = deployed(target)
    target.invoke(deployment, b"{}")
    target.force_cold(deployment, 128, "m")
    assert b"true" in target.invoke(deployment, b"{}").payload


def test_answers_carry_a_report_that_can_be_read() -> None:
    assert answer.read(answered({}, REPORT)) == (REPORT, None)


def test_failures_are_worded_as_lambda_does() -> None:
    invocation = failed("Runtime.ExitError", "exit status 1", REPORT)
    assert invocation.status == 200
    assert invocation.function_error == "Unhandled"
    assert invocation.payload == b'{"errorType":"Runtime.ExitError","errorMessage":"exit status 1"}'


def test_items_are_put_scanned_and_got() -> None:
    target = FakeTarget(echo)
    target.create_table("t", TABLE)
    target.put_item("t", {"id": {"S": "a"}, "n": {"N": "1"}})
    target.put_item("t", {"id": {"S": "a"}, "n": {"N": "2"}})
    assert list(target.scan("t")) == [{"id": {"S": "a"}, "n": {"N": "2"}}]
    assert target.get_item("t", {"id": {"S": "a"}}) == {"id": {"S": "a"}, "n": {"N": "2"}}
    assert target.get_item("t", {"id": {"S": "b"}}) is None


def test_a_table_is_made_once() -> None:
    target = FakeTarget(echo)
    target.create_table("t", TABLE)
    with pytest.raises(TargetError, match="ResourceInUse"):
        target.create_table("t", TABLE)


def test_a_bucket_with_objects_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    target = FakeTarget(echo)
    target.create_bucket("b")
    target.put_object("b", "k", file)
    with pytest.raises(TargetError, match="BucketNotEmpty"):
        target.remove_bucket("b")
    target.delete_object("b", "k")
    target.remove_bucket("b")
    assert target.buckets == {}


def test_a_dead_target_answers_nothing() -> None:
    target = FakeTarget(echo)
    deployment = deployed(target)
    target.dead = True
    with pytest.raises(TargetError):
        target.invoke(deployment, b"{}")
    with pytest.raises(TargetError):
        target.info()
