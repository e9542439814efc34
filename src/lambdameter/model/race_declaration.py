"""What `race/race.toml` declares, and what a target adds to it."""

from __future__ import annotations

from typing import Literal

from lambdameter.model.base import Record


class RaceFunction(Record, frozen=True, kw_only=True):
    """A function: where its code is, and how Lambda runs it.

    Attributes:
        name: without the race's name, which becomes a prefix on the target.
        title: what the function does, in a phrase.
        sources: folders, relative to the checkout's root; the package holds the files of all of
            them. For cargo, only the crate's folder.
        build: how the package is built, as for a variant.
        binary: the crate's binary target; for cargo only.
        environment: names of the environment variables that the function reads.
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


class RaceDeclaration(Record, frozen=True, kw_only=True):
    """The content of `race/race.toml`.

    Attributes:
        name: the stack's name, and the prefix of each function's and table's name.
        workload: the workload that the racers run.
    """

    schema: Literal[1]
    name: str
    workload: str
    functions: tuple[RaceFunction, ...]

    def function(self, name: str) -> RaceFunction:
        """The function with this name."""
        return next(function for function in self.functions if function.name == name)


class RaceResources(Record, frozen=True, kw_only=True):
    """The resources of a target that the functions use.

    Attributes:
        bucket: the bucket's name.
        connections_url: the URL that `/@connections` is appended to.
        token_sha256: SHA-256 of the token that starting a race needs, hexadecimal.
        table_key: the tables' partition key.
        functions_url: URL of the Lambda API; None on AWS.
    """

    bucket: str
    connections_url: str
    token_sha256: str
    table_key: str
    functions_url: str | None = None
