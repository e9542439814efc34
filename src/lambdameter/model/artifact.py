"""The inputs of a run: data, packages, and resources on a target."""

from __future__ import annotations

from typing import Any

from lambdameter.model.base import Architecture, Call, ParameterValue, Record


class Expected(Record, frozen=True, kw_only=True):
    """The expected result of one call of a case.

    Attributes:
        count, digest: number and digest of the items in the table after the call (digest as in
            verify/table.py).
        response: fields that every variant's response must have.
        initial_count, initial_digest: number and digest of the items before the call.
    """

    count: int
    digest: str
    response: dict[str, Any] = {}
    initial_count: int = 0
    initial_digest: str = ""


class Dataset(Record, frozen=True, kw_only=True):
    """A generator's output for one set of parameters.

    Attributes:
        folder: folder of the cases' objects and the tables' contents.
        object_bytes: size of each object.
        expected: expected result of each case.
    """

    folder: str
    parameters: dict[str, ParameterValue]
    object_bytes: dict[str, int]
    expected: dict[str, Expected]


class Artifact(Record, frozen=True, kw_only=True):
    """A variant's deployment package; the same source gives the same zip and `sha256`."""

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
    """The resources of a run on a target; they are removed after the run.

    Attributes:
        prefix: prefix of the names of all resources of this run.
        objects: call -> case -> S3 key of the case's object.
        deployments: the function of each variant.
    """

    prefix: str
    bucket: str
    objects: dict[Call, dict[str, str]]
    deployments: dict[str, Deployment]
