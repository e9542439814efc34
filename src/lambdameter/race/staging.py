"""What the live race needs, made here and put on a target: data, packages, functions, tables."""

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
from lambdameter.model.race import Race, RaceSite
from lambdameter.model.workload import Workload
from lambdameter.race import declaration
from lambdameter.targets.base import Function, Target
from lambdameter.verify import table as tables
from lambdameter.verify import trial as verification
from lambdameter.workload import dataset

BUCKET = "lambdameter-race"
_TOKEN_BYTES = 32


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What is raced.

    Attributes:
        records: that each lane writes.
        write_units: what writing each of them once costs, in DynamoDB's write request units.
        zip_bytes: lane -> the size of its package.
    """

    records: int
    write_units: int
    zip_bytes: dict[str, int]


def new_token() -> str:
    """What starting a race will need; the functions know its hash alone."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def token_sha256(token: str) -> str:
    """What the functions know of it, hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_data(task: Workload, parameters: Mapping[str, ParameterValue]) -> Dataset:
    """The records of a race, from the cache or generated."""
    return dataset.make(task, parameters, digester(task))


def objects(task: Workload, data: Dataset) -> dict[str, Path]:
    """What is in the race's bucket: key -> file."""
    folder = Path(data.folder)
    held = {
        declaration.object_key(one.name): folder / one.object for one in task.cases if one.object
    }
    return held | {declaration.EXPECTED: folder / dataset.EXPECTED_ITEMS}


def make_packages(
    the_race: Race, architecture: Architecture, build: function.Build
) -> dict[str, Artifact]:
    """The package of each function, by its own name.

    Raises:
        BadInputError: one cannot be built.
        HostError: a source cannot be read, or the cache not written.
    """
    return {
        one.name: function.make(one, declaration.ROOT, architecture, build)
        for one in the_race.functions
    }


def work(task: Workload, data: Dataset, packages: Mapping[str, Artifact]) -> Work:
    """What a race of this data comes to."""
    case = task.cases[0].name
    rule = verification.rule(task)
    if rule is None:
        raise no_table(task)
    written = tables.digest(dataset.expected_items(data, case), rule)
    return Work(
        records=written.count,
        write_units=written.write_units,
        zip_bytes={lane: packages[f"racer-{lane}"].zip_bytes for lane in declaration.LANES},
    )


def no_table(task: Workload) -> BadInputError:
    """Of a workload that cannot be raced."""
    return BadInputError(
        f"Workload {task.name} has no table, and a race writes to a table",
        place="workload.toml",
        next_step="Choose a workload with a [table] in race/race.toml.",
    )


def set_up(target: Target, the_race: Race, task: Workload, held: Mapping[str, Path]) -> None:
    """Make the bucket with its objects, and a table for each lane."""
    target.create_bucket(BUCKET)
    for key, file in held.items():
        target.put_object(BUCKET, key, file)
    for lane in declaration.LANES:
        if task.table is not None:
            target.create_table(declaration.resource(the_race, lane), task.table)


def deploy(
    target: Target, the_race: Race, name: str, package: Artifact, site: RaceSite
) -> Deployment:
    """Make one of the race's functions."""
    about = the_race.function(name)
    return target.deploy(
        package,
        Function(
            name=declaration.resource(the_race, name),
            timeout_s=about.timeout_s,
            memory_mb=about.memory_mb,
            environment=declaration.environment(the_race, about, site),
        ),
    )
