"""--target=aws, as far as it can be tested without AWS: the emulator stands for Lambda."""

from __future__ import annotations

import datetime as dt
import http.server
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from lambdameter.emulator.options import Options
from lambdameter.measure.local_lambda import local_lambda

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIDELITY = ROOT / "docs" / "fidelity.md"
ACCOUNT, ROLE = "123456789012", "arn:aws:iam::123456789012:role/nothing"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/somebody"
SAID = {"LAMBDAMETER_AWS_ACCOUNT": ACCOUNT, "LAMBDAMETER_AWS_ROLE": ROLE}
IDENTITY = f"""<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{CALLER}</Arn>
<UserId>u</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""


@pytest.fixture(scope="module")
def remote() -> ModuleType:
    spec = importlib.util.spec_from_file_location("remote", HERE / "remote.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class FakeAws:
    """A session whose clients are all this."""

    region_name: str | None = "eu-west-1"

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.done: list[str] = []
        self.refuses: str | None = None

    def client(self, _: str) -> FakeAws:
        return self

    def get_caller_identity(self) -> dict[str, str]:
        if self.refuses:
            raise NoCredentialsError
        return {"Account": ACCOUNT, "Arn": CALLER}

    def delete_function(self, **asked: str) -> None:
        name = asked["FunctionName"]
        self.done.append(f"function {name[-2:]}")
        if self.refuses and name.endswith(self.refuses):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Delete")
        if f"/aws/lambda/{name}" not in self.groups:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Delete")

    def get_paginator(self, _: str) -> FakeAws:
        return self

    def paginate(self, **asked: str) -> Iterator[dict[str, Any]]:
        ours = [one for one in self.groups if one.startswith(asked["logGroupNamePrefix"])]
        yield {"logGroups": [{"logGroupName": name} for name in sorted(ours)]}

    def delete_log_group(self, **asked: str) -> None:
        self.groups.remove(asked["logGroupName"])
        self.done.append(f"group {asked['logGroupName'][-2:]}")


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


def test_the_account_of_the_credentials_is_used_where_it_was_named(
    remote: ModuleType, aws: FakeAws
) -> None:
    there = remote.admitted(SAID, aws)
    assert there.role == ROLE
    assert re.fullmatch(
        rf"target: AWS account {ACCOUNT} in eu-west-1, as {CALLER}; makes the functions "
        r"(lambdameter-conformance-[0-9a-f]{8})-1, -2, ... and their log groups /aws/lambda/\1-\*, "
        "and removes all of them at the end",
        there.about,
    )


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({}, "LAMBDAMETER_AWS_ACCOUNT does not name one"),
        (SAID | {"LAMBDAMETER_AWS_ACCOUNT": ""}, "LAMBDAMETER_AWS_ACCOUNT does not name one"),
        ({"LAMBDAMETER_AWS_ACCOUNT": ACCOUNT}, "LAMBDAMETER_AWS_ROLE does not name one"),
        (SAID | {"LAMBDAMETER_AWS_ACCOUNT": "210987654321"}, f"for the account {ACCOUNT}"),
    ],
)
def test_any_other_account_is_refused(
    remote: ModuleType, aws: FakeAws, said: dict[str, str], complaint: str
) -> None:
    with pytest.raises(remote.RefusedError, match=complaint):
        remote.admitted(said, aws)


def test_without_credentials_or_a_region_it_is_refused(remote: ModuleType, aws: FakeAws) -> None:
    aws.refuses = "all"
    with pytest.raises(remote.RefusedError, match="Unable to locate credentials"):
        remote.admitted(SAID, aws)
    aws.region_name = None
    with pytest.raises(remote.RefusedError, match="set AWS_DEFAULT_REGION"):
        remote.admitted(SAID, aws)


def test_all_that_was_made_goes_and_nothing_else(remote: ModuleType, aws: FakeAws) -> None:
    there = remote.admitted(SAID, aws)
    aws.groups = {f"/aws/lambda/{there.name()}", "/aws/lambda/theirs-1"}
    never_made = there.name()
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        if not slept:  # Lambda writes what it still had
            aws.groups.add(f"/aws/lambda/{never_made}")
        slept.append(seconds)

    there.remove_all(60, sleep)
    assert aws.done == ["function -1", "function -2", "group -1", "group -2"]
    assert aws.groups == {"/aws/lambda/theirs-1"}
    assert sum(slept) == 60


def test_what_cannot_be_removed_is_named_with_the_command(remote: ModuleType, aws: FakeAws) -> None:
    there = remote.admitted(SAID, aws)
    aws.groups = {f"/aws/lambda/{there.name()}", f"/aws/lambda/{there.name()}"}
    aws.refuses = "-1"
    with pytest.raises(remote.LeftError) as left:
        there.remove_all(0)
    (_, command) = str(left.value).splitlines()
    assert command.startswith(f"aws lambda delete-function --function-name {there.prefix}-1  # ")
    assert aws.groups == set()


def test_what_speaks_the_public_api_alone_is_for_aws_too(remote: ModuleType) -> None:
    assert remote.local_only(["deploy", "runtime"], None) is None
    assert remote.local_only(["deploy"], "it reads a meter") == "local only: it reads a meter"
    assert remote.local_only(["doors"], None).startswith("local only: ")


def test_a_row_is_dated_when_its_tests_have_passed(remote: ModuleType) -> None:
    x = "../tests/conformance/test_x.py"
    page = f"""
| A | exact | never | [`test_a`]({x}), [`test_u`](../tests/unit/u.py) |
| B | exact | 2026-11-30 | [`test_a`]({x}), [`test_b`]({x}) |
| C | exact | never | [`test_c`]({x}) |
| D | exact | never | [`test_a`](../tests/unit/x.py) |
"""
    told = remote.dated(page, {"test_a": True, "test_b": False}, dt.date(2026, 12, 1))
    dates = [line.split(" | ")[2] for line in told.strip().splitlines()]
    assert dates == ["2026-12-01", "2026-11-30", "never", "never"]
    assert told.replace("2026-12-01", "never") == page


class Services(http.server.BaseHTTPRequestHandler):
    """STS, and CloudWatch Logs without a group."""

    def do_POST(self) -> None:
        is_logs = self.headers.get("X-Amz-Target", "").startswith("Logs_")
        body = (json.dumps({"logGroups": []}) if is_logs else IDENTITY).encode()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody needs to hear of it."""


@pytest.fixture
def services() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Run = Callable[..., SimpleNamespace]


@pytest.fixture
def run(services: str, tmp_path: Path) -> Run:
    """pytest, as who has an account would start it."""
    page = tmp_path / "fidelity.md"
    page.write_text(FIDELITY.read_text())

    def start(*words: str, **environment: str) -> SimpleNamespace:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--target=aws"]
        mine = {
            "HOME": str(tmp_path),
            "CI": "",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_ENDPOINT_URL": services,
        }
        ended = subprocess.run(
            [*command, "--late-logs=0", f"--fidelity={page}", *words],
            cwd=ROOT,
            env=os.environ | mine | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return SimpleNamespace(ended=ended, page=page.read_text())

    return start


def test_without_the_account_nothing_is_run(run: Run) -> None:
    ended = run("tests/conformance/test_invoke.py").ended
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "LAMBDAMETER_AWS_ACCOUNT does not name one" in ended.stderr
    assert "collected" not in ended.stdout


def test_tests_that_can_only_be_local_are_skipped_with_a_reason(run: Run) -> None:
    told = run("tests/conformance", "--setup-plan", "-rs", **SAID)
    assert told.ended.returncode == 0, told.ended.stdout
    skipped = dict.fromkeys(re.findall(r"(?m)^SKIPPED .*?: (.*)$", told.ended.stdout))
    assert list(skipped) != []
    assert all(reason.startswith("local only: ") for reason in skipped)
    assert "local only: it reads the emulator's meter" in skipped
    assert "test_the_log_tail_is_awss_to_the_letter[aws]" in told.ended.stdout
    assert told.page == FIDELITY.read_text()


def test_what_is_run_is_dated_and_its_functions_are_removed(
    run: Run,
    require_launcher: None,  # noqa: ARG001
) -> None:
    with local_lambda(Options(sandbox="none", latency="off")) as endpoints:
        told = run(
            *(
                "tests/conformance/test_invoke.py",
                "-k",
                "large or megabytes or cpu_time or deleted",
            ),
            **SAID,
            AWS_ENDPOINT_URL_LAMBDA=endpoints.functions,
        )
        here = boto3.client(
            "lambda",
            endpoint_url=endpoints.functions,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )
        left = here.list_functions()["Functions"]
        here.close()
    assert told.ended.returncode == 0, told.ended.stdout
    assert "3 passed, 1 skipped" in told.ended.stdout
    assert f"target: AWS account {ACCOUNT} in us-east-1" in told.ended.stdout
    assert left == []
    today = dt.datetime.now(dt.UTC).date().isoformat()
    (row,) = (line for line in told.page.splitlines() if line.startswith("| 6 MB of event"))
    assert row.split(" | ")[2] == today
