"""Creates the resources of a run on a target, and removes all of them again in any case."""

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


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """The resources that a run needs.

    Attributes:
        prefix: prefix of every name; lower-case letters, digits and hyphens, since it becomes part
            of a bucket's name.
        artifacts: the packages to deploy, one function each.
        datasets: their objects are uploaded.
        memory_mb: the memory size that functions are created with.
        bucket: an existing bucket to use; None: a bucket is created and removed.
    """

    prefix: str
    workload: Workload
    artifacts: Sequence[Artifact]
    datasets: Mapping[Call, Dataset]
    memory_mb: int
    bucket: str | None = None


@contextmanager
def provision(target: Target, requirements: Requirements) -> Iterator[Site]:
    """Functions, bucket and objects of a run, while the context lasts.

    An error while removing never hides the error that ended the run: it becomes a note of that
    error. Without such an error it is raised itself.

    Raises:
        TargetError: a resource could not be created or removed.
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
            yield _set_up(target, requirements, lambda remove: stack.callback(removing(remove)))
    except BaseException as failure:
        failed = failure
        raise
    finally:
        for leftover in leftovers:
            if failed is None:
                raise leftover
            failed.add_note(f"Left behind: {leftover}")


def _set_up(
    target: Target, requirements: Requirements, at_end: Callable[[Callable[[], None]], object]
) -> Site:
    bucket = requirements.bucket or requirements.prefix
    if requirements.bucket is None and any(case.object for case in requirements.workload.cases):
        target.create_bucket(bucket)
        at_end(lambda: target.remove_bucket(bucket))
    objects: dict[Call, dict[str, str]] = {}
    for call, dataset in requirements.datasets.items():
        objects[call] = {}
        for case in requirements.workload.cases:
            if case.object is None:
                continue
            key = f"{requirements.prefix}/{call}/{case.object}"
            target.put_object(bucket, key, Path(dataset.folder) / case.object)
            at_end(lambda key=key: target.delete_object(bucket, key))  # type: ignore[misc]
            objects[call][case.name] = key
    environments = {variant.name: variant.environment for variant in requirements.workload.variants}
    deployments = {}
    for artifact in requirements.artifacts:
        deployment = target.deploy(
            artifact,
            Function(
                name=_function_name(requirements.prefix, artifact.variant),
                timeout_s=requirements.workload.timeout_s,
                memory_mb=requirements.memory_mb,
                environment=environments[artifact.variant],
            ),
        )
        at_end(lambda deployment=deployment: target.remove(deployment))  # type: ignore[misc]
        deployments[artifact.variant] = deployment
    return Site(prefix=requirements.prefix, bucket=bucket, objects=objects, deployments=deployments)


def _function_name(prefix: str, variant: str) -> str:
    """Prefix and variant, cut and with a hash of the variant if too long for Lambda."""
    name = f"{prefix}-{variant}"
    if len(name) <= _LONGEST_NAME:
        return name
    told_apart = hashlib.sha256(variant.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - 9]}-{told_apart}"
