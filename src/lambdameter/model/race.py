"""The functions of the live race."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Record


class RaceFunction(Record, frozen=True, kw_only=True):
    """One function: where its code is, and how Lambda runs it.

    Attributes:
        name: without the race's name, which is put before it.
        title: what it does, in a phrase.
        sources: folders from the checkout's root, whose files make up the package together; for
            cargo the crate's alone.
        build: as a variant's.
        binary: the crate's target; for cargo alone.
        environment: the names of the variables that it reads.
    """

    name: str
    title: str
    sources: tuple[str, ...]
    build: Literal["copy", "cargo"]
    runtime: str
    handler: str
    memory_mb: int
    timeout_s: int
    environment: tuple[str, ...]
    binary: str | None = None


class Race(Record, frozen=True, kw_only=True):
    """What `race/race.toml` describes.

    Attributes:
        name: of the stack, and the first part of each function's and table's name.
        workload: what is raced.
    """

    schema: Literal[1]
    name: str
    workload: str
    functions: tuple[RaceFunction, ...]

    def function(self, name: str) -> RaceFunction:
        """One of them, by its own name."""
        return next(one for one in self.functions if one.name == name)


class RaceSite(Record, frozen=True, kw_only=True):
    """Where a race is held.

    Attributes:
        bucket: its name.
        connections_url: what `@connections` is below, without a slash at the end.
        token_sha256: of the token that starting a race needs, hexadecimal.
        table_key: the tables' partition key.
        functions_url: where Lambda's API is; None: on AWS.
    """

    bucket: str
    connections_url: str
    token_sha256: str
    table_key: str
    functions_url: str | None = None
