"""A scripted target: a script gives every answer, and tables are in memory.

The fake does not imitate Lambda. It runs the measuring side end to end without an emulator: in
tests, and to try a report or a script on known figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from lambdameter.errors import TargetError
from lambdameter.model import report_line
from lambdameter.model.artifact import Artifact, Deployment
from lambdameter.model.sample import Enforcement, Invocation, Report, TargetInfo
from lambdameter.model.workload import Table
from lambdameter.targets.base import Function, Item


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a script.

    Attributes:
        cold: whether this is the first call since a new environment was forced.
        number: number of earlier calls of all functions.
    """

    variant: str
    memory_mb: int
    event: Any
    cold: bool
    number: int


Script = Callable[["FakeTarget", Request], Invocation]


class FakeTarget:
    """See base.Target. Its state is public: scripts change it and tests read it.

    Attributes:
        tables: name -> items, in the order of writing.
        buckets: bucket -> key -> content.
        functions: name -> current configuration.
        dead: whether every further request fails.
    """

    def __init__(self, script: Script) -> None:
        self.tables: dict[str, list[Item]] = {}
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.functions: dict[str, Function] = {}
        self.dead = False
        self._script = script
        self._cold: dict[str, bool] = {}
        self._keys: dict[str, list[str]] = {}
        self._calls = 0

    def info(self) -> TargetInfo:
        """A local target that enforces nothing."""
        self._check()
        nothing = Enforcement(
            by="none", cpu="", memory="", freeze="", isolation="", missing="a script runs nothing"
        )
        return TargetInfo(
            name="local",
            region="us-east-1",
            architecture="x86_64",
            enforcement=nothing,
            engines={"lambda": "scripted"},
        )

    def deploy(self, artifact: Artifact, function: Function) -> Deployment:
        """Store the function's configuration."""
        self._check()
        self.functions[function.name] = function
        return Deployment(
            function=function.name, variant=artifact.variant, artifact_sha256=artifact.sha256
        )

    def remove(self, deployment: Deployment) -> None:
        """Remove it from memory."""
        self._check()
        del self.functions[deployment.function]

    def force_cold(self, deployment: Deployment, memory_mb: int, marker: str) -> None:
        """The next request is cold."""
        self._check()
        deployed = self.functions[deployment.function]
        self.functions[deployment.function] = msgspec.structs.replace(
            deployed, memory_mb=memory_mb, environment={**deployed.environment, "MARKER": marker}
        )
        self._cold[deployment.function] = True

    def invoke(self, deployment: Deployment, payload: bytes) -> Invocation:
        """Ask the script."""
        self._check()
        request = Request(
            variant=deployment.variant,
            memory_mb=self.functions[deployment.function].memory_mb,
            event=msgspec.json.decode(payload),
            cold=self._cold.get(deployment.function, True),
            number=self._calls,
        )
        self._calls += 1
        self._cold[deployment.function] = False
        return self._script(self, request)

    def rest(self) -> None:
        """A script takes no time."""

    def create_bucket(self, bucket: str) -> None:
        """An empty dictionary."""
        self._check()
        self.buckets[bucket] = {}

    def put_object(self, bucket: str, key: str, file: Path) -> None:
        """Keep the file's content."""
        self._check()
        self.buckets[bucket][key] = file.read_bytes()

    def delete_object(self, bucket: str, key: str) -> None:
        """Remove the object."""
        self._check()
        self.buckets[bucket].pop(key, None)

    def remove_bucket(self, bucket: str) -> None:
        """Refuse like S3 while the bucket has objects."""
        self._check()
        if self.buckets[bucket]:
            raise _failure(f"BucketNotEmpty: {bucket}")
        del self.buckets[bucket]

    def create_table(self, name: str, table: Table) -> None:
        """An empty list."""
        self._check()
        if name in self.tables:
            raise _failure(f"ResourceInUseException: {name}")
        self.tables[name] = []
        keys = (table.partition_key, table.sort_key)
        self._keys[name] = [key.name for key in keys if key is not None]

    def put_item(self, name: str, item: Item) -> None:
        """Write an item, for scripts; an item with the same key is replaced."""
        key = {attribute: item[attribute] for attribute in self._keys[name]}
        rest = [other for other in self.tables[name] if not _has(other, key)]
        self.tables[name] = [*rest, item]

    def put_items(self, name: str, items: Iterable[Item]) -> None:
        """Put one after the other."""
        self._check()
        for item in items:
            self.put_item(name, item)

    def scan(self, name: str) -> Iterator[Item]:
        """All items of a table."""
        self._check()
        yield from self.tables[name]

    def get_item(self, name: str, key: Item) -> Item | None:
        """The item whose key attributes are these."""
        self._check()
        return next((item for item in self.tables[name] if _has(item, key)), None)

    def delete_table(self, name: str) -> None:
        """Remove it from memory."""
        self._check()
        del self.tables[name]

    def clear(self, prefix: str) -> tuple[str, ...]:
        """Remove them from memory."""
        self._check()
        kinds: dict[str, dict[str, Any]] = {
            "function": self.functions,
            "table": self.tables,
            "bucket": self.buckets,
        }
        matching = [(kind, name) for kind, names in kinds.items() for name in names]
        matching = [pair for pair in matching if pair[1].startswith(prefix)]
        for kind, name in matching:
            del kinds[kind][name]
        return tuple(f"{kind} {name}" for kind, name in matching)

    def _check(self) -> None:
        if self.dead:
            raise _failure("the script ended the target")


def answered(response: Any, report: Report, client_ms: float | None = None) -> Invocation:
    """The answer of a function that succeeded."""
    return Invocation(
        status=200,
        payload=msgspec.json.encode(response),
        function_error=None,
        log_tail=report_line.format_report(report),
        headers={},
        client_ms=report.duration_ms if client_ms is None else client_ms,
    )


def failed(error_type: str, message: str, report: Report) -> Invocation:
    """The answer of a function that failed, in Lambda's words."""
    return Invocation(
        status=200,
        payload=msgspec.json.encode({"errorType": error_type, "errorMessage": message}),
        function_error="Unhandled",
        log_tail=report_line.format_report(report),
        headers={},
        client_ms=report.duration_ms,
    )


def _has(item: Item, key: Item) -> bool:
    return all(item.get(attribute) == typed for attribute, typed in key.items())


def _failure(cause: str) -> TargetError:
    return TargetError(cause, place="scripted target", next_step="Read the script.")
