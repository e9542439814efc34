"""The live race, put on AWS as one CDK stack and taken off it."""

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


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """Where the race is, for the page: what `deploy` writes and `destroy` removes.

    Attributes:
        endpoint: the WebSocket API's, with its stage: wss://...
    """

    endpoint: str
    region: str
    architecture: Architecture
    stack: str
    work: staging.Work


def put(account: Account, architecture: Architecture, token: str, run: cdk.Run) -> Deployed:
    """Build, deploy, upload the data, and write down where it is.

    Args:
        account: where to.
        architecture: of the functions.
        token: what starting a race will need.
        run: starts cargo and npx.

    Raises:
        HostError: a tool or credentials are missing.
        BadInputError: a function cannot be built, or the region has no prices.
        TargetError: AWS refuses something.
    """
    the_race = declaration.load()
    task = loader.load(the_race.workload)
    bill.regional(price_list.latest(), account.region)
    cdk.check()
    cross.check(run, declaration.ROOT)
    account.check()

    def build(crate: Path, binary: str) -> bytes:
        return cross.build(crate, binary, architecture, run)

    packages = staging.make_packages(the_race, architecture, build)
    data = staging.make_data(task, apply_settings(task, {})["warm"])
    settings = cdk.Settings(
        app=declaration.ROOT / "race" / "infra",
        stack=the_race.name,
        region=account.region,
        packages={name: package.path for name, package in packages.items()},
        architecture=architecture,
        token_sha256=staging.token_sha256(token),
    )
    outputs = cdk.deploy(settings, run)
    account.upload(outputs["Bucket"], staging.objects(task, data))
    return _written(
        Deployed(
            endpoint=outputs["Endpoint"],
            region=account.region,
            architecture=architecture,
            stack=the_race.name,
            work=staging.work(task, data, packages),
        )
    )


def place() -> Path:
    """The file that tells the page where the race is."""
    return platformdirs.user_data_path("lambdameter") / "race.json"


def run(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
    """Run a tool in a folder; what it says goes to stderr. Raises HostError without the tool."""
    # cargo-lambda and its zig may be packages of our own environment, which need not be on PATH.
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


def deployed() -> Deployed:
    """What `deploy` wrote down.

    Raises:
        BadInputError: it wrote nothing, or another version did.
    """
    file = place()
    try:
        return msgspec.json.decode(file.read_bytes(), type=Deployed)
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


def _written(deployed: Deployed) -> Deployed:
    file = place()
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
    return deployed


def take(account: Account) -> str:
    """Remove the stack, and what tells the page of this one; what was done.

    Raises:
        HostError: there are no credentials.
        TargetError: AWS refuses something; what is left is in the message.
    """
    the_race = declaration.load()
    account.check()
    there = account.remove(the_race.name)
    if not there:
        return f"There is no stack {the_race.name} in {account.region}."
    _forget(account.region)
    return (
        f"The stack {the_race.name} was deleted from {account.region}, with its "
        "bucket, tables, functions and logs."
    )


def _forget(region: str) -> None:
    """Unless it is of another region: that race is still there."""
    with contextlib.suppress(BadInputError):
        if deployed().region == region:
            place().unlink()
