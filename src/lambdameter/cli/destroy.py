"""`lambdameter destroy`: nothing of the live race is left on AWS."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from lambdameter import race
from lambdameter.cli.deploy import deployed, place
from lambdameter.errors import BadInputError
from lambdameter.stack.account import Account


def destroy(
    *, region: Annotated[str, typer.Option(help="Where it was deployed.")] = "us-east-1"
) -> None:
    """Take the live race off AWS: the bucket is emptied, the stack deleted."""
    sys.stdout.write(f"{take(Account(region))}\n")


def take(account: Account) -> str:
    """Remove the stack, and what tells the page of this one; what was done.

    Raises:
        HostError: there are no credentials.
        TargetError: AWS refuses something; what is left is in the message.
    """
    the_race = race.load()
    account.check()
    there = account.remove(the_race.name)
    if not there:
        return f"There is no stack {the_race.name} in {account.region}."
    _forget(account.region)
    return (
        f"The stack {the_race.name} is gone from {account.region}, and its bucket, tables,"
        " functions and logs with it."
    )


def _forget(region: str) -> None:
    """Unless it is of another region: that race is still there."""
    with contextlib.suppress(BadInputError):
        if deployed().region == region:
            place().unlink()
