from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from lambdameter.errors import HostError, TargetError
from lambdameter.race.stack import cdk

OUTPUTS = {"race": {"Endpoint": "wss://x/race", "Bucket": "b"}}


class FakeCli:
    """`npx aws-cdk deploy`: writes the outputs that it is asked for, and ends with `code`."""

    def __init__(self, code: int = 0) -> None:
        self._code = code
        self.command: Sequence[str] = ()
        self.folder = Path()
        self.variables: Mapping[str, str] = {}
        self.packages: dict[str, str] = {}

    def __call__(self, command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> int:
        self.command, self.folder, self.variables = command, folder, variables
        context = dict(one.split("=", 1) for one in self.after("--context"))
        self.packages = json.loads(Path(context["packages"]).read_text())
        if not self._code:
            Path(self.after("--outputs-file")[0]).write_text(json.dumps(OUTPUTS))
        return self._code

    def after(self, flag: str) -> list[str]:
        return [
            value
            for name, value in zip(self.command, self.command[1:], strict=False)
            if name == flag
        ]


@pytest.fixture
def settings(tmp_path: Path) -> cdk.Settings:
    return cdk.Settings(
        app=tmp_path,
        stack="race",
        region="eu-west-1",
        packages={"runner": "/x.zip"},
        architecture="arm64",
        token_sha256="ab",
    )


def test_the_stacks_outputs_come_back(settings: cdk.Settings) -> None:
    assert cdk.deploy(settings, FakeCli()) == OUTPUTS["race"]


def test_the_cli_is_that_one_version_and_asks_nothing(settings: cdk.Settings) -> None:
    cli = FakeCli()
    cdk.deploy(settings, cli)
    assert cli.command[:5] == ["npx", "--yes", "aws-cdk@2.1148.1", "deploy", "race"]
    assert cli.after("--require-approval") == ["never"]
    assert cli.folder == settings.app


def test_the_region_is_the_one_that_was_asked_for(settings: cdk.Settings) -> None:
    cli = FakeCli()
    cdk.deploy(settings, cli)
    assert set(cli.variables.values()) == {"eu-west-1"}


def test_the_app_learns_packages_architecture_and_the_tokens_hash(settings: cdk.Settings) -> None:
    cli = FakeCli()
    cdk.deploy(settings, cli)
    assert cli.packages == {"runner": "/x.zip"}
    assert {"architecture=arm64", "token_sha256=ab"} < set(cli.after("--context"))


def test_a_failure_of_cdk_tells_how_an_account_is_made_ready(settings: cdk.Settings) -> None:
    with pytest.raises(TargetError) as failure:
        cdk.deploy(settings, FakeCli(code=1))
    assert "aws-cdk@2.1148.1 bootstrap" in failure.value.next_step


def test_without_node_it_is_said_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(HostError, match=r"needs Node.js, and npx.*Install Node"):
        cdk.check()


def test_without_aws_cdk_lib_it_is_said_how_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: tool)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(HostError, match=r"aws-cdk-lib.*uv sync --group infra"):
        cdk.check()
