"""Deploys the live race to AWS as one CDK stack, and removes it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import platformdirs

from lambdameter.build import cross
from lambdameter.cost import bill, price_list
from lambdameter.errors import BadInputError, HostError
from lambdameter.model.base import Architecture
from lambdameter.race import declaration, staging
from lambdameter.race.stack import cdk
from lambdameter.race.stack.account import Account
from lambdameter.workload import loader
from lambdameter.workload.parameters import apply_settings


class DeployedRace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the deployed race is: `deploy` writes it for `lambdameter live`, `remove` deletes it.

    Attributes:
        endpoint: URL of the WebSocket API with its stage: wss://...
    """

    endpoint: str
    region: str
    architecture: Architecture
    stack: str
    work: staging.RaceWork


def deploy(account: Account, architecture: Architecture, token: str, run: cdk.Run) -> DeployedRace:
    """Build and deploy the race, upload its data, and store where it is.

    Args:
        account: where to deploy.
        architecture: of the functions.
        token: what starting a race will need.
        run: starts cargo and npx.

    Raises:
        HostError: a tool or the credentials are missing.
        BadInputError: a function cannot be built, or the region has no prices.
        TargetError: AWS refuses a request.
    """
    race = declaration.load()
    workload = loader.load(race.workload)
    bill.regional(price_list.latest(), account.region)
    cdk.check()
    cross.check(run, declaration.ROOT)
    account.check()

    def build(crate: Path, binary: str) -> bytes:
        return cross.build(crate, binary, architecture, run)

    packages = staging.make_packages(race, architecture, build)
    data = staging.make_data(workload, apply_settings(workload, {})["warm"])
    settings = cdk.Settings(
        app=declaration.ROOT / "race" / "infra",
        stack=race.name,
        region=account.region,
        packages={name: package.path for name, package in packages.items()},
        architecture=architecture,
        token_sha256=staging.token_sha256(token),
    )
    outputs = cdk.deploy(settings, run)
    account.upload(outputs["Bucket"], staging.objects(workload, data))
    deployed = DeployedRace(
        endpoint=outputs["Endpoint"],
        region=account.region,
        architecture=architecture,
        stack=race.name,
        work=staging.work(workload, data, packages),
    )
    _store(deployed)
    return deployed


def deployment_file() -> Path:
    """The file in which `deploy` stores where the race is."""
    return platformdirs.user_data_path("lambdameter") / "race.json"


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
    """Run a tool in a folder, its output on stderr. Raises HostError if it cannot be started."""
    # cargo-lambda and zig may be packages of our own environment, which need not be on PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"PATH": path} | dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            check=False,
        ).returncode
    except OSError as failure:
        raise HostError(
            f"{command[0]} cannot be started: {failure.strerror}",
            place=f"{command[0]}, on PATH",
            next_step=f"Install {command[0]}, and check PATH.",
        ) from failure


def load() -> DeployedRace:
    """Read what `deploy` stored.

    Raises:
        BadInputError: nothing is deployed, or another version of lambdameter deployed it.
    """
    file = deployment_file()
    try:
        return msgspec.json.decode(file.read_bytes(), type=DeployedRace)
    except FileNotFoundError as failure:
        raise BadInputError(
            "No race has been deployed from this machine",
            place=str(file),
            next_step="Deploy the race to AWS with `lambdameter deploy`.",
        ) from failure
    except (OSError, msgspec.MsgspecError) as failure:
        raise BadInputError(
            f"The file that `lambdameter deploy` wrote cannot be read: {failure}",
            place=str(file),
            next_step="Deploy again with `lambdameter deploy`.",
        ) from failure


def _store(deployed: DeployedRace) -> None:
    file = deployment_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.encode(deployed))
    except OSError as failure:
        raise HostError(
            f"The endpoint cannot be stored: {failure.strerror}",
            place=str(file),
            next_step=f"The race is deployed, at {deployed.endpoint}; make the folder "
            "writable and deploy again.",
        ) from failure


def remove(account: Account) -> str:
    """Remove the stack and the stored endpoint; returns what was done, as a sentence.

    Raises:
        HostError: the credentials are missing.
        TargetError: AWS refuses a request; the message says what is left.
    """
    race = declaration.load()
    account.check()
    if not account.remove(race.name):
        return f"There is no stack {race.name} in {account.region}."
    # The stored endpoint may belong to another region, whose race still exists.
    with contextlib.suppress(BadInputError):
        if load().region == account.region:
            deployment_file().unlink()
    return (
        f"The stack {race.name} was deleted from {account.region}, with its "
        "bucket, tables, functions and logs."
    )
