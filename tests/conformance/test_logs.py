"""`lambdameter emulate` tells on stderr what functions write whose callers see no log."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"
CODE = """
def handler(event, context):
    print("doing it")
    if event:
        raise ValueError(event)
"""

ERROR = "f | [ERROR] ValueError: no\n"


def told_of_retry(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("f, asynchronous")]


def with_function(line: str, code: bytes) -> Any:
    """A client of the emulator that said where it is, and one function there."""
    client = boto3.client(
        "lambda",
        endpoint_url=line.strip().removeprefix("export AWS_ENDPOINT_URL_LAMBDA="),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="handler.handler",
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": code},
    )
    return client


def test_an_asynchronous_invocation_is_heard_of_and_so_is_its_failure_to_the_end(
    tmp_path: Path, package: Callable[..., bytes]
) -> None:
    process = subprocess.Popen(
        [LAMBDAMETER, "emulate", "--port", "0", "--sandbox", "none", "--no-overheads"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stderr.readline() == (
        "The local Lambda is ready; only this machine can reach it. Press Ctrl-C to stop it.\n"
    )
    client = with_function(process.stdout.readline(), package(handler_py=CODE))
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    client.invoke(FunctionName="f", InvocationType="Event")
    told = [process.stderr.readline() for _ in range(4)]
    client.invoke(FunctionName="f", InvocationType="Event", Payload=b'"no"')
    # The function's own last words come by another way than the emulator's: either may be first.
    while not (ERROR in told and told_of_retry(told)):
        told.append(process.stderr.readline())
        assert told[-1], "the emulator ended"
    client.close()
    process.send_signal(signal.SIGINT)
    told += process.communicate(timeout=30)[1].splitlines(keepends=True)
    assert process.returncode == 0
    assert [line[:11] for line in told[:4]] == [
        "f | START R",
        "f | doing i",
        "f | END Req",
        "f | REPORT ",
    ]
    (retried,) = told_of_retry(told)
    assert re.fullmatch(
        r'f, asynchronous, RequestId: \S+, retried in 60 s: \{"errorMessage":.*"no".*\}\n',
        retried,
    )
    assert "1 asynchronous invocation(s) dropped because the emulator stops\n" in told
