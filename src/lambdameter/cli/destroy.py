"""`lambdameter destroy`: remove the live race from AWS."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lambdameter.race.deployment import remove
from lambdameter.race.stack.account import Account


def destroy(
    *, region: Annotated[str, typer.Option(help="AWS region of the deployed race.")] = "us-east-1"
) -> None:
    """Remove the live race from AWS: empty its bucket and delete its stack."""
    sys.stdout.write(f"{remove(Account(region))}\n")
