"""Sets up what a run needs on a target, and takes all of it down again, whatever happened."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from lambdameter.errors import TargetError
from lambdameter.model.artifact import Artifact, Dataset, Site
from lambdameter.model.base import Call
from lambdameter.model.workload import Workload
from lambdameter.targets.base import Function, Target

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_LONGEST_NAME = 64


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a run needs.

    Attributes:
        prefix: what every name begins with; lower-case letters, digits and hyphens, since it
            becomes part of a bucket's name.
        artifacts: the packages to deploy, one function each.
        datasets: whose objects are uploaded.
        memory_mb: the tier that functions start with.
        bucket: one that exists and is to be used; None: a bucket is made, and removed.
    """

    prefix: str
    workload: Workload
    artifacts: Sequence[Artifact]
    datasets: Mapping[Call, Dataset]
    memory_mb: int
    bucket: str | None = None


@contextmanager
def provision(target: Target, needs: Needs) -> Iterator[Site]:
    """Functions, bucket and objects for a run, for as long as the context lasts.

    What cannot be removed does not hide the failure that ended the run: it is added to it as
    a note. Without such a failure it is raised itself.

    Raises:
        TargetError: something could not be made or removed.
    """
    failed: BaseException | None = None
    leftovers: list[TargetError] = []

    def removing(remove: Callable[[], None]) -> Callable[[], None]:
        def tried() -> None:
            try:
                remove()
            except TargetError as leftover:
                leftovers.append(leftover)

        return tried

    try:
        with ExitStack() as stack:
            yield _set_up(target, needs, lambda remove: stack.callback(removing(remove)))
    except BaseException as failure:
        failed = failure
        raise
    finally:
        for leftover in leftovers:
            if failed is None:
                raise leftover
            failed.add_note(f"Left behind: {leftover}")


def _set_up(target: Target, needs: Needs, at_end: Callable[[Callable[[], None]], object]) -> Site:
    bucket = needs.bucket or needs.prefix
    if needs.bucket is None and any(case.object for case in needs.workload.cases):
        target.create_bucket(bucket)
        at_end(lambda: target.remove_bucket(bucket))
    objects: dict[Call, dict[str, str]] = {}
    for call, dataset in needs.datasets.items():
        objects[call] = {}
        for case in needs.workload.cases:
            if case.object is None:
                continue
            key = f"{needs.prefix}/{call}/{case.object}"
            target.put_object(bucket, key, Path(dataset.folder) / case.object)
            at_end(lambda key=key: target.delete_object(bucket, key))  # type: ignore[misc]
            objects[call][case.name] = key
    environments = {variant.name: variant.environment for variant in needs.workload.variants}
    deployments = {}
    for artifact in needs.artifacts:
        deployment = target.deploy(
            artifact,
            Function(
                name=_function_name(needs.prefix, artifact.variant),
                timeout_s=needs.workload.timeout_s,
                memory_mb=needs.memory_mb,
                environment=environments[artifact.variant],
            ),
        )
        at_end(lambda deployment=deployment: target.remove(deployment))  # type: ignore[misc]
        deployments[artifact.variant] = deployment
    return Site(prefix=needs.prefix, bucket=bucket, objects=objects, deployments=deployments)


def _function_name(prefix: str, variant: str) -> str:
    """The prefix and the variant; of a variant too long for that what tells it from others."""
    name = f"{prefix}-{variant}"
    if len(name) <= _LONGEST_NAME:
        return name
    told_apart = hashlib.sha256(variant.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - 9]}-{told_apart}"
