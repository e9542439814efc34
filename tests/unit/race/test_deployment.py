from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lambdameter.cli import main as command_line
from lambdameter.errors import BadInputError, HostError, TargetError
from lambdameter.model.artifact import Dataset
from lambdameter.race import declaration, deployment
from lambdameter.race.stack import cdk
from lambdameter.race.stack.account import Account
from lambdameter.workload import dataset

ARM64 = b"\x7fELF\x02\x01" + b"\0" * 12 + b"\xb7\x00"
X86_64 = b"\x7fELF\x02\x01" + b"\0" * 12 + b"\x3e\x00"
OUTPUTS = {"lambdameter-race": {"Endpoint": "wss://x/race", "Bucket": "b"}}


class FakeTools:
    """cargo and npx: what they were asked, and the files that they leave."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.bootstrap = ARM64
        self.codes: dict[str, int] = {}

    def __call__(self, command: Sequence[str], _folder: Path, _variables: Mapping[str, str]) -> int:
        self.asked.append(command)
        if "--lambda-dir" in command:
            built = Path(self.after(command, "--lambda-dir"), "race-racer", "bootstrap")
            built.parent.mkdir(parents=True, exist_ok=True)
            built.write_bytes(self.bootstrap)
        if "--outputs-file" in command:
            Path(self.after(command, "--outputs-file")).write_text(json.dumps(OUTPUTS))
        return self.codes.get(command[0], 0)

    @staticmethod
    def after(command: Sequence[str], flag: str) -> str:
        return command[command.index(flag) + 1]


class FakeAccount(Account):
    """An account that holds what is put there."""

    def __init__(self, region: str = "eu-west-1") -> None:
        super().__init__(region, lambda _: None)
        self.uploaded: dict[str, Path] = {}
        self.there = False
        self.refuses: Exception | None = None

    def check(self) -> None:
        if self.refuses:
            raise self.refuses

    def upload(self, bucket: str, files: Mapping[str, Path]) -> None:
        assert bucket == "b"
        self.uploaded |= files
        self.there = True

    def remove(self, stack: str) -> bool:
        assert stack == "lambdameter-race"
        was_there, self.there = self.there, False
        return was_there


@pytest.fixture
def tools() -> FakeTools:
    return FakeTools()


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount()


@pytest.fixture(autouse=True)
def _own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(cdk, "check", lambda: None)

    item = {"registration_id": {"S": "1"}, "notes": {"S": "x" * 1_100}}
    (tmp_path / "expected.ndjson").write_text(json.dumps(item) + "\n")

    def made(*_: Any) -> Dataset:
        return Dataset(folder=str(tmp_path), parameters={}, object_bytes={}, expected={})

    monkeypatch.setattr(dataset, "make", made)


def test_what_is_deployed_is_told_to_the_page_without_the_token(
    account: FakeAccount, tools: FakeTools
) -> None:
    deployed = deployment.deploy(account, "arm64", "secret", tools)
    assert deployed.endpoint == "wss://x/race"
    written = deployment.deployment_file().read_text()
    assert json.loads(written) == {
        "endpoint": "wss://x/race",
        "region": "eu-west-1",
        "architecture": "arm64",
        "stack": "lambdameter-race",
        "work": {"records": 1, "write_units": 2, "zip_bytes": deployed.work.zip_bytes},
    }
    assert deployed.work.zip_bytes.keys() == {"python", "rust"}
    assert min(deployed.work.zip_bytes.values()) > 0
    assert deployment.load() == deployed
    assert "secret" not in written


def test_a_race_that_was_not_deployed_is_bad_input() -> None:
    with pytest.raises(BadInputError, match="No race has been deployed from this machine") as error:
        deployment.load()
    assert error.value.place == str(deployment.deployment_file())


@pytest.mark.parametrize("text", ["", "{", '{"endpoint": "wss://x"}'])
def test_what_another_version_wrote_is_bad_input(text: str) -> None:
    deployment.deployment_file().parent.mkdir(parents=True)
    deployment.deployment_file().write_text(text)
    with pytest.raises(BadInputError, match="cannot be read"):
        deployment.load()


def test_cdk_gets_the_tokens_hash_alone(account: FakeAccount, tools: FakeTools) -> None:
    deployment.deploy(account, "arm64", "secret", tools)
    command = " ".join(tools.asked[-1])
    assert hashlib.sha256(b"secret").hexdigest() in command
    assert "secret " not in command


def test_the_data_is_uploaded_where_the_functions_look_for_it(
    account: FakeAccount, tools: FakeTools, tmp_path: Path
) -> None:
    deployment.deploy(account, "arm64", "secret", tools)
    assert account.uploaded == {
        "data/registrations.csv": tmp_path / "registrations.csv",
        "data/registrations.json": tmp_path / "registrations.json",
        "data/expected.ndjson": tmp_path / "expected.ndjson",
    }


def test_without_credentials_nothing_is_built(account: FakeAccount, tools: FakeTools) -> None:
    account.refuses = HostError("No AWS credentials were found", next_step="Configure.")
    with pytest.raises(HostError):
        deployment.deploy(account, "arm64", "secret", tools)
    assert tools.asked == [["cargo", "lambda", "--version"]]


def test_a_binary_for_another_machine_is_not_deployed(
    account: FakeAccount, tools: FakeTools
) -> None:
    tools.bootstrap = X86_64
    with pytest.raises(Exception, match="built for x86_64, and the function runs on arm64"):
        deployment.deploy(account, "arm64", "secret", tools)
    assert not [one for one in tools.asked if one[0] == "npx"]


def test_where_cdk_fails_nothing_is_uploaded_or_written(
    account: FakeAccount, tools: FakeTools
) -> None:
    tools.codes = {"npx": 1}
    with pytest.raises(TargetError):
        deployment.deploy(account, "arm64", "secret", tools)
    assert account.uploaded == {}
    assert not deployment.deployment_file().exists()


def test_destroy_takes_the_stack_and_the_pages_file(account: FakeAccount, tools: FakeTools) -> None:
    deployment.deploy(account, "arm64", "secret", tools)
    assert deployment.remove(account).startswith(
        "The stack lambdameter-race was deleted from eu-west-1"
    )
    assert not deployment.deployment_file().exists()


def test_destroying_in_another_region_forgets_nothing(
    account: FakeAccount, tools: FakeTools
) -> None:
    deployed = deployment.deploy(account, "arm64", "secret", tools)
    other = FakeAccount("us-east-1")
    other.there = True
    deployment.remove(other)
    assert deployment.load() == deployed


def test_destroying_where_it_is_not_found_forgets_nothing(
    account: FakeAccount, tools: FakeTools
) -> None:
    deployed = deployment.deploy(account, "arm64", "secret", tools)
    deployment.remove(FakeAccount())  # another account, perhaps
    assert deployment.load() == deployed


def test_destroying_what_was_not_deployed_from_here(account: FakeAccount) -> None:
    account.there = True
    assert deployment.remove(account).startswith("The stack lambdameter-race was deleted")


def test_a_region_without_prices_is_told_before_anything_is_built(tools: FakeTools) -> None:
    with pytest.raises(BadInputError, match="no prices for the region mars-north-1"):
        deployment.deploy(FakeAccount("mars-north-1"), "arm64", "secret", tools)
    assert tools.asked == []


def test_destroying_nothing_says_so(account: FakeAccount) -> None:
    assert deployment.remove(account) == ("There is no stack lambdameter-race in eu-west-1.")


def test_what_a_tool_says_goes_to_stderr(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = "import os; print(os.environ['NAME'], os.getcwd())"
    assert deployment.run([sys.executable, "-c", script], tmp_path, {"NAME": "told"}) == 0
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", f"told {tmp_path}\n")


def test_a_tool_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="no-such-tool cannot be started"):
        deployment.run(["no-such-tool"], tmp_path, {})


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_the_command_without_credentials_ends_with_3(
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(deployment, "run", FakeTools())
    monkeypatch.setattr(sys, "argv", ["lambdameter", command])
    with pytest.raises(SystemExit) as ended:
        command_line()
    assert ended.value.code == 3
    assert "No AWS credentials were found" in capsys.readouterr().err


def test_each_python_source_of_the_race_is_in_the_checkout() -> None:
    missing = [
        source
        for function in declaration.load().functions
        for source in function.sources
        if not (declaration.ROOT / source).is_dir()
    ]
    assert missing == []


def test_a_tool_may_be_one_of_our_own_environment(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = "import os; print(os.environ['PATH'].split(os.pathsep)[0])"
    deployment.run([sys.executable, "-c", script], tmp_path, {})
    assert capfd.readouterr().err == f"{Path(sys.executable).parent}\n"
