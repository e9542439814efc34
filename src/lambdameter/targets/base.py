"""The protocol of targets: AWS, the emulator and the fake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.sample import Invocation, TargetInfo
from lambdameter.model.workload import Table

# An item, or the key attributes of one, typed as DynamoDB's API types them.
Item = dict[str, dict[str, Any]]


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of a function to deploy."""

    name: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str] = {}


class Target(Protocol):
    """Every method raises TargetError if the target does not do what its API promises."""

    def info(self) -> TargetInfo:
        """The target's description of itself."""
        ...

    def deploy(self, artifact: Artifact, function: Function) -> Deployment:
        """Create a function and return when it can be invoked."""
        ...

    def remove(self, deployment: Deployment) -> None:
        """Delete a function."""
        ...

    def force_cold(self, deployment: Deployment, memory_mb: int, marker: str) -> None:
        """Set memory size and a unique environment variable, so the next call is a cold start."""
        ...

    def invoke(self, deployment: Deployment, payload: bytes) -> Invocation:
        """Invoke the function exactly once and wait for its answer, however long that takes.

        A refused call (status 4xx) and a broken connection (status 0) are invocations, too; their
        payload has the reason.
        """
        ...

    def rest(self) -> None:
        """Wait before a warm call, at least as long as a remote caller would.

        An environment that is called without pauses uses up its CPU quota.
        """
        ...

    def create_bucket(self, bucket: str) -> None:
        """Create an empty bucket."""
        ...

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Upload a file."""
        ...

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object, if it exists."""
        ...

    def remove_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        ...

    def create_table(self, name: str, table: Table) -> None:
        """Create an empty table and return when it can be written to."""
        ...

    def put_items(self, name: str, items: Iterable[Item]) -> None:
        """Write items into a table and return when all are stored."""
        ...

    def scan(self, name: str) -> Iterator[Item]:
        """All items of a table, in any order, by a consistent read."""
        ...

    def get_item(self, name: str, key: Item) -> Item | None:
        """One item, by a consistent read; None if it does not exist."""
        ...

    def delete_table(self, name: str) -> None:
        """Delete a table with its items."""
        ...

    def clear(self, prefix: str) -> tuple[str, ...]:
        """Remove every function, table and bucket (with its objects) whose name has this prefix.

        Returns:
            Kind and name of each removed resource.
        """
        ...
