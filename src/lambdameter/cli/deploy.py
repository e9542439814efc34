"""`lambdameter deploy`: deploy the live race to AWS as one CDK stack."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from lambdameter.model.base import Architecture
from lambdameter.race import deployment, staging
from lambdameter.race.stack.account import Account


def deploy(
    *,
    region: Annotated[str, typer.Option(help="AWS region to deploy to.")] = "us-east-1",
    architecture: Annotated[
        Architecture, typer.Option(help="CPU architecture of the functions.")
    ] = "arm64",
) -> None:
    """Deploy the live race to AWS (five functions, two tables, a bucket, a WebSocket API)."""
    token = staging.new_token()
    deployed = deployment.deploy(Account(region), architecture, token, deployment.run)
    sys.stdout.write(f"endpoint: {deployed.endpoint}\ntoken:    {token}\n")
    console = Console(stderr=True, highlight=False)
    console.print(
        "Anyone with this token can start races, and you pay for them. The token "
        "is not stored anywhere."
    )
    console.print("Type `lambdameter destroy` to remove the race from AWS.")
