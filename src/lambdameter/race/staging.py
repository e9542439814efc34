"""Prepares a race: makes data and packages, and puts functions, tables and objects on a target."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lambdameter.build import function
from lambdameter.errors import BadInputError
from lambdameter.measure.inputs import digester
from lambdameter.model.artifact import Artifact, Dataset, Deployment
from lambdameter.model.base import Architecture, ParameterValue
from lambdameter.model.race_declaration import RaceDeclaration, RaceResources
from lambdameter.model.workload import Table, Workload
from lambdameter.race import declaration
from lambdameter.targets.base import Function, Target
from lambdameter.verify import table as tables
from lambdameter.verify import trial as verification
from lambdameter.workload import dataset

BUCKET = "lambdameter-race"
_TOKEN_BYTES = 32


class RaceWork(msgspec.Struct, frozen=True, kw_only=True):
    """How much a race does.

    Attributes:
        records: number of records that each lane writes.
        write_units: DynamoDB write request units for writing each record once.
        zip_bytes: lane -> package size.
    """

    records: int
    write_units: int
    zip_bytes: dict[str, int]


def new_token() -> str:
    """A token for starting races; the functions know only its hash."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_sha256(token: str) -> str:
    """The hash that the functions compare a token with, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_data(workload: Workload, parameters: Mapping[str, ParameterValue]) -> Dataset:
    """The records of a race, from the cache or generated."""
    return dataset.make(workload, parameters, digester(workload))


def objects(workload: Workload, data: Dataset) -> dict[str, Path]:
    """The objects in the race's bucket: key -> file."""
    folder = Path(data.folder)
    inputs = {
        declaration.object_key(case.name): folder / case.object
        for case in workload.cases
        if case.object
    }
    return inputs | {declaration.EXPECTED: folder / dataset.EXPECTED_ITEMS}


def make_packages(
    race: RaceDeclaration, architecture: Architecture, build: function.Build
) -> dict[str, Artifact]:
    """The package of each function, by the function's name.

    Raises:
        BadInputError: a package cannot be built.
        HostError: a source file cannot be read, or the cache cannot be written.
    """
    return {
        declared.name: function.make(declared, declaration.ROOT, architecture, build)
        for declared in race.functions
    }


def work(workload: Workload, data: Dataset, packages: Mapping[str, Artifact]) -> RaceWork:
    """How much a race with this data does. Raises BadInputError as `table` does."""
    rule = verification.rule(workload)
    if rule is None:
        raise _no_table(workload)
    expected = tables.digest(dataset.expected_items(data, workload.cases[0].name), rule)
    return RaceWork(
        records=expected.count,
        write_units=expected.write_units,
        zip_bytes={lane: packages[f"racer-{lane}"].zip_bytes for lane in declaration.LANES},
    )


def table(workload: Workload) -> Table:
    """The table that the workload writes. Raises BadInputError if there is none."""
    if workload.table is None:
        raise _no_table(workload)
    return workload.table


def _no_table(workload: Workload) -> BadInputError:
    return BadInputError(
        f"Workload {workload.name} has no table, and a race writes to a table",
        place="workload.toml",
        next_step="Choose a workload with a [table] in race/race.toml.",
    )


def set_up(
    target: Target, race: RaceDeclaration, workload: Workload, files: Mapping[str, Path]
) -> None:
    """Create the bucket with its objects, and a table for each lane."""
    target.create_bucket(BUCKET)
    for key, file in files.items():
        target.put_object(BUCKET, key, file)
    for lane in declaration.LANES:
        target.create_table(declaration.resource(race, lane), table(workload))


def deploy(
    target: Target, race: RaceDeclaration, name: str, package: Artifact, resources: RaceResources
) -> Deployment:
    """Create one of the race's functions on a target."""
    declared = race.function(name)
    return target.deploy(
        package,
        Function(
            name=declaration.resource(race, name),
            timeout_s=declared.timeout_s,
            memory_mb=declared.memory_mb,
            environment=declaration.environment(race, declared, resources),
        ),
    )
