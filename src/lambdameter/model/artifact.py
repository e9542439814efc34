"""What is made of a workload before anything runs."""

from __future__ import annotations

from typing import Any

from lambdameter.model.base import Architecture, Call, ParameterValue, Record


class Expected(Record, frozen=True, kw_only=True):
    """What must be after one call of a case.

    Attributes:
        count, digest: of what must stand in the table (digest as in verify/table.py).
        response: fields that every variant's response must have.
        initial_count, initial_digest: of what stands in the table before the call.
    """

    count: int
    digest: str
    response: dict[str, Any] = {}
    initial_count: int = 0
    initial_digest: str = ""


class Dataset(Record, frozen=True, kw_only=True):
    """What a generator made for one set of parameters.

    Attributes:
        folder: where the cases' objects and the tables' contents lie.
        expected: by case.
    """

    folder: str
    parameters: dict[str, ParameterValue]
    object_bytes: dict[str, int]
    expected: dict[str, Expected]


class Artifact(Record, frozen=True, kw_only=True):
    """A variant as a deployment package; `sha256` is of the zip (the same source, the same zip)."""

    variant: str
    path: str
    sha256: str
    zip_bytes: int
    unzipped_bytes: int
    runtime: str
    handler: str
    architecture: Architecture


class Deployment(Record, frozen=True, kw_only=True):
    """A function on a target."""

    function: str
    variant: str
    artifact_sha256: str


class Site(Record, frozen=True, kw_only=True):
    """What a run set up on a target, and takes down again.

    Attributes:
        prefix: what the names of everything made for this run begin with.
        objects: call -> case -> the S3 key of that case's object.
        deployments: by variant.
    """

    prefix: str
    bucket: str
    objects: dict[Call, dict[str, str]]
    deployments: dict[str, Deployment]
