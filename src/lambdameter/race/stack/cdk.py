"""`cdk deploy` of the app in `race/infra/`."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from lambdameter.errors import HostError, TargetError

# An exact version, because npm's `latest` is another major version.
CLI = "aws-cdk@2.1148.1"
# Runs a command in a folder, with these additional environment variables; returns its exit code.
Run = Callable[[Sequence[str], Path, Mapping[str, str]], int]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What `cdk deploy` deploys.

    Attributes:
        app: the folder with `app.py`.
        stack: the stack's name.
        region: the AWS region.
        packages: a function's name -> its zip file.
        architecture: of all functions.
        token_sha256: SHA-256 of the token that starts a race, hexadecimal.
    """

    app: Path
    stack: str
    region: str
    packages: Mapping[str, str]
    architecture: str
    token_sha256: str


def check() -> None:
    """Raises HostError if a tool is missing that deploying needs much later."""
    if shutil.which("npx") is None:
        raise HostError(
            "The stack is deployed by the CDK command line, which needs Node.js, "
            "and npx was not found",
            place="npx, on PATH",
            next_step="Install Node.js 22 or later (https://nodejs.org).",
        )
    if importlib.util.find_spec("aws_cdk") is None:
        raise HostError(
            "The stack is written with aws-cdk-lib, which is not installed",
            place=sys.prefix,
            next_step="Type `make setup`, or: uv sync --group infra",
        )


def deploy(settings: Settings, run: Run) -> dict[str, str]:
    """Create or update the stack; returns its outputs.

    Raises:
        TargetError: CDK failed; its own message is on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="lambdameter-cdk-") as temporary:
        folder = Path(temporary)
        packages, outputs = folder / "packages.json", folder / "outputs.json"
        packages.write_bytes(msgspec.json.encode(settings.packages))
        command = _command(settings, folder / "out", packages, outputs)
        region = {"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region}
        code = run(command, settings.app, region)
        if code:
            raise TargetError(
                f"CDK ended with {code}",
                place=f"stack {settings.stack}, {settings.region}",
                next_step="Read its output above. In an account that has never used CDK, "
                f"first type: npx {CLI} bootstrap",
            )
        by_stack = msgspec.json.decode(outputs.read_bytes(), type=dict[str, dict[str, str]])
    return by_stack[settings.stack]


def _command(settings: Settings, out: Path, packages: Path, outputs: Path) -> list[str]:
    context = {
        "packages": str(packages),
        "architecture": settings.architecture,
        "token_sha256": settings.token_sha256,
    }
    command = ["npx", "--yes", CLI, "deploy", settings.stack]
    command += ["--app", f"{shlex.quote(sys.executable)} app.py", "--output", str(out)]
    command += ["--outputs-file", str(outputs), "--require-approval", "never"]
    for name, value in context.items():
        command += ["--context", f"{name}={value}"]
    return command
