"""What a target does: the one protocol behind which AWS, the emulator and the fake stand."""

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
    """How a function is to be deployed."""

    name: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str] = {}


class Target(Protocol):
    """Every method raises TargetError where the target does not do what its API promises."""

    def info(self) -> TargetInfo:
        """What the target says of itself."""
        ...

    def deploy(self, artifact: Artifact, function: Function) -> Deployment:
        """Create a function, and return when it can be invoked."""
        ...

    def remove(self, deployment: Deployment) -> None:
        """Delete a function."""
        ...

    def force_cold(self, deployment: Deployment, memory_mb: int, marker: str) -> None:
        """Set the tier and a unique environment variable; the next call starts an environment."""
        ...

    def invoke(self, deployment: Deployment, payload: bytes) -> Invocation:
        """Call the function once and wait for its answer, however long; never a second time.

        What the target refuses (status 4xx) and a connection that breaks (status 0) are
        invocations too; the payload then says why.
        """
        ...

    def rest(self) -> None:
        """Wait before a warm call, as long as a caller takes at least who is not on its host.

        An environment that is called without a pause owes CPU time to its quota.
        """
        ...

    def create_bucket(self, bucket: str) -> None:
        """Create an empty bucket."""
        ...

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Upload a file."""
        ...

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object; one that is not there is no error."""
        ...

    def remove_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        ...

    def create_table(self, name: str, table: Table) -> None:
        """Create an empty table, and return when it can be written to."""
        ...

    def put_items(self, name: str, items: Iterable[Item]) -> None:
        """Write items into a table, and return when all are there."""
        ...

    def scan(self, name: str) -> Iterator[Item]:
        """All items of a table, consistently read, in any order."""
        ...

    def get_item(self, name: str, key: Item) -> Item | None:
        """One item, consistently read."""
        ...

    def delete_table(self, name: str) -> None:
        """Delete a table with all that is in it."""
        ...

    def clear(self, prefix: str) -> tuple[str, ...]:
        """Remove every function, table and bucket, with its objects, whose name begins so.

        Returns:
            What was removed: the kind and the name of each.
        """
        ...
