"""All variants of a workload, deployed on a local Lambda that enforces nothing: answers alone."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.console import Console

from lambdameter.build.artifact import make
from lambdameter.emulator.options import Options as EmulatorOptions
from lambdameter.measure import runner
from lambdameter.measure.local_lambda import local_lambda
from lambdameter.model.artifact import Artifact, Site
from lambdameter.model.workload import Workload
from lambdameter.targets.boto import BotoTarget, Options
from lambdameter.targets.provision import Requirements, provision
from lambdameter.workload import loader

REGION = "us-east-1"


class Said(NamedTuple):
    """What a function answered; `document` has the JSON that a body holds in its place."""

    error: str | None
    document: Any


class Refused(NamedTuple):
    """What came of bytes that may be no event."""

    status: int
    error: str | None
    document: Any


class Variants:
    """Every variant of a workload, ready to be invoked."""

    def __init__(
        self, of: Workload, target: BotoTarget, site: Site, artifacts: Iterable[Artifact]
    ) -> None:
        self.workload = of
        self.names = tuple(site.deployments)
        self.packages = {one.variant: Path(one.path) for one in artifacts}
        self.target = target
        self._site = site
        self._tables = (f"parity-{number}" for number in itertools.count(1))

    def invoke(self, variant: str, event: Any) -> Said:
        payload = json.dumps(event).encode()
        answer = self.target.invoke(self._site.deployments[variant], payload)
        document = json.loads(answer.payload)
        if answer.function_error is None:
            document, wrong = runner.parse_json_strings(
                document, self.workload.response.json_strings
            )
            assert wrong is None
        return Said(answer.function_error, document)

    def log(self, variant: str, event: Any) -> str:
        """The end of what an invocation logged."""
        payload = json.dumps(event).encode()
        return self.target.invoke(self._site.deployments[variant], payload).log_tail

    def invoke_raw(self, variant: str, payload: bytes) -> Refused:
        """What Lambda and the function make of any bytes."""
        answer = self.target.invoke(self._site.deployments[variant], payload)
        return Refused(answer.status, answer.function_error, json.loads(answer.payload))

    def event(self, case: str, table: str = "") -> Any:
        (template,) = (one.event for one in self.workload.cases if one.name == case)
        return json.loads(json.dumps(template).replace("{table}", table))

    @contextmanager
    def table(self, items: Iterable[Any] = ()) -> Iterator[str]:
        name = next(self._tables)
        assert self.workload.table is not None
        self.target.create_table(name, self.workload.table)
        self.target.put_items(name, items)
        yield name
        self.target.delete_table(name)


def deployed(name: str) -> Iterator[Variants]:
    loaded = loader.load(name)
    with local_lambda(EmulatorOptions(sandbox="none", latency="off")) as endpoints:
        options = Options(region=REGION, architecture="arm64", endpoints=endpoints)
        target = BotoTarget(options)
        console = Console(file=io.StringIO())
        architecture = target.info().architecture
        artifacts = [make(loaded, one, architecture, console) for one in loaded.variants]
        needs = Requirements(
            prefix=f"parity-{name}",
            workload=loaded,
            artifacts=artifacts,
            datasets={},
            memory_mb=1769,
        )
        with provision(target, needs) as site:
            yield Variants(loaded, target, site, artifacts)


@pytest.fixture(scope="session")
def squares(require_launcher: None) -> Iterator[Variants]:  # noqa: ARG001
    yield from deployed("squares")


@pytest.fixture(scope="session")
def dynamodb_ops(require_launcher: None) -> Iterator[Variants]:  # noqa: ARG001
    yield from deployed("dynamodb-ops")


@pytest.fixture(scope="session")
def light(require_launcher: None) -> Iterator[Variants]:  # noqa: ARG001
    yield from deployed("light")
