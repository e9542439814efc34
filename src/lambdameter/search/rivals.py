"""Deployed variants that are called with the same event, one after the other."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
from rich.console import Console

from lambdameter.build.artifact import make as make_package
from lambdameter.interruption import interruption
from lambdameter.measure import runner
from lambdameter.model.artifact import Deployment
from lambdameter.model.sample import Conditions, Invocation
from lambdameter.model.search import Disagreement
from lambdameter.model.workload import Variant, Workload
from lambdameter.targets import answer
from lambdameter.targets.base import Target
from lambdameter.targets.provision import Requirements, provision
from lambdameter.verify import outcome
from lambdameter.verify.outcome import Outcome

REGION = "us-east-1"
_BROKEN = 0  # the status of a connection that broke

Outcomes = Mapping[str, Outcome]


class Rivals:
    """Deployed variants of one workload.

    Attributes:
        differed: outcomes of the last event on which the variants differed.
    """

    def __init__(
        self, workload: Workload, deployments: Mapping[str, Deployment], target: Target
    ) -> None:
        self.workload = workload
        self.names = tuple(deployments)
        self.differed: Outcomes = {}
        self._deployments = deployments
        self._target = target

    def call(self, event: Any) -> Outcomes:
        """The outcome of each variant on an event.

        Raises:
            TargetError: the target failed. A failing function is an outcome.
        """
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        return {
            name: self._outcome(self._target.invoke(deployment, payload))
            for name, deployment in self._deployments.items()
        }

    def differ(self, event: Any) -> bool:
        """Whether the variants differ on an event."""
        outcomes = self.call(event)
        if not self.disagreements(outcomes):
            return False
        self.differed = outcomes
        return True

    def disagreements(self, outcomes: Outcomes) -> tuple[Disagreement, ...]:
        """The variants that differ from the first."""
        first, *others = self.names
        compared = [
            (name, outcome.compare(outcomes[first], outcomes[name], self.workload.equality))
            for name in others
        ]
        return tuple(
            Disagreement(variant=name, fields=fields) for name, fields in compared if fields
        )

    def _outcome(self, invocation: Invocation) -> Outcome:
        if invocation.status == _BROKEN:
            self._target.info()  # raises if the target died, which is not the function's fault
        report, _ = answer.read(invocation)
        response, error = runner.answer_of(invocation, report, self.workload.response)
        if error is None:
            return Outcome(answer=response)
        if error.kind == "answer":
            # The whole text: answers that are not JSON are compared as text.
            text = invocation.payload.decode(errors="backslashreplace")
            error = msgspec.structs.replace(error, message=text)
        return Outcome(error=error)


def conditions(sandbox: str) -> Conditions:
    """The conditions of a search: nothing is measured, so nothing is slowed or added."""
    return Conditions(
        target="local",
        region=REGION,
        architecture="arm64",
        role=None,
        latency="off",
        faults=None,
        sandbox=sandbox,
        seed=1,
        speed="host",
        overheads=False,
    )


@contextmanager
def deployed(
    target: Target,
    workload: Workload,
    variants: Sequence[Variant],
    memory_mb: int,
    console: Console,
) -> Iterator[Rivals]:
    """The variants on a target, built if necessary, while the context lasts."""
    architecture = target.info().architecture
    requirements = Requirements(
        prefix=f"lambdameter-search-{secrets.token_hex(4)}",
        workload=workload,
        artifacts=[make_package(workload, variant, architecture, console) for variant in variants],
        datasets={},
        memory_mb=memory_mb,
    )
    with ExitStack() as until_all_is_down, provision(target, requirements) as site:
        try:
            yield Rivals(workload, site.deployments, target)
        finally:
            until_all_is_down.enter_context(interruption.held())
