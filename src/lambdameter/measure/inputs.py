"""The data and packages of a run, from the cache or made now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console

from lambdameter.build.artifact import make as make_package
from lambdameter.model.artifact import Artifact, Dataset
from lambdameter.model.base import Architecture, Call, ParameterValue
from lambdameter.model.sample import Trial
from lambdameter.model.workload import Workload
from lambdameter.verify import table as tables
from lambdameter.verify import trial as verification
from lambdameter.workload import dataset


def make_datasets(
    workload: Workload,
    parameters: Mapping[Call, dict[str, ParameterValue]],
    trials: Sequence[Trial],
    console: Console,
) -> dict[Call, Dataset]:
    """The data of each call that the trials make, from the cache or generated."""
    with console.status("generating the data"):
        return {
            call: dataset.make(workload, parameters[call], digester(workload))
            for call in sorted({trial.call for trial in trials})
        }


def make_packages(
    workload: Workload, trials: Sequence[Trial], architecture: Architecture, console: Console
) -> tuple[Artifact, ...]:
    """The packages of the variants in the trials, built if necessary."""
    variants = {trial.variant for trial in trials}
    return tuple(
        make_package(workload, variant, architecture, console)
        for variant in workload.variants
        if variant.name in variants
    )


def digester(workload: Workload) -> dataset.Digester:
    """The digest of expected items, computed exactly as equality computes that of real tables."""
    rule = verification.rule(workload)
    if rule is None:
        return dataset.Digester(form="no table", digest=lambda _: (0, ""))

    def digest(items: Iterable[Any]) -> tuple[int, str]:
        table_digest = tables.digest(items, rule)
        return table_digest.count, table_digest.digest

    return dataset.Digester(form=rule.form, digest=digest)
