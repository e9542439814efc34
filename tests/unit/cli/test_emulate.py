from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

LAMBDAMETER = Path(sys.prefix) / "bin" / "lambdameter"


@pytest.fixture
def emulating(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The command, and what it told a shell to export."""
    process = subprocess.Popen(
        [LAMBDAMETER, "emulate", "--port", "0", "--sandbox", "none", "--region", "eu-west-1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stderr is not None
    assert process.stdout is not None
    assert process.stderr.readline() == (
        "The local Lambda is ready; only this machine can reach it. Press Ctrl-C to stop it.\n"
    )
    told = [process.stdout.readline() for _ in range(9)]
    exported = [re.fullmatch(r"export (\w+)=(\S+)\n", line) for line in told]
    yield process, {one[1]: one[2] for one in exported if one}
    process.kill()
    process.communicate()


def test_any_client_finds_it_by_what_it_tells_to_export(
    emulating: tuple[subprocess.Popen[str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, exported = emulating
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    assert boto3.client("lambda").list_functions()["Functions"] == []
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
    assert exported["AWS_REGION"] == exported["AWS_DEFAULT_REGION"] == "eu-west-1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_nothing_is_left(
    emulating: tuple[subprocess.Popen[str], dict[str, str]],
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    process, _ = emulating
    assert any(tmp_path.iterdir())
    process.send_signal(number)
    assert process.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def refused(*options: str) -> tuple[int, str]:
    done = subprocess.run(
        [LAMBDAMETER, "emulate", *options], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_the_hosts_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        exit_code, told = refused("--port", str(port), "--sandbox", "none")
    assert exit_code == 3
    assert told.splitlines() == [
        "error: The port is already in use",
        f"  where: 127.0.0.1:{port}",
        "  next:  Choose another port with --port, or 0 for a free port.",
    ]


def test_an_unknown_sandbox_is_the_users_fault() -> None:
    exit_code, told = refused("--sandbox", "cage")
    assert exit_code == 2
    assert told.splitlines() == [
        "error: There is no sandbox named 'cage'",
        "  where: --sandbox",
        "  next:  Choose from auto, cgroup-v2, cgroup-v1, duty-cycle, none.",
    ]


def test_a_declaration_that_is_not_valid_is_the_users_fault(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    file.write_text('name = "race"\nstage = "live"\n[routes]\n"$else" = "f"\n')
    exit_code, told = refused("--websocket-api", str(file))
    assert exit_code == 2
    assert told.splitlines() == [
        "error: '$else' is not a valid route",
        f"  where: {file}",
        "  next:  The predefined routes are $connect, $disconnect, $default.",
    ]


def test_a_websocket_api_is_told_to_the_shell_too(tmp_path: Path) -> None:
    file = tmp_path / "api.toml"
    file.write_text('name = "race"\nstage = "live"\n[routes]\nrun = "f"\n')
    process = subprocess.Popen(
        [LAMBDAMETER, "emulate", "--port", "0", "--sandbox", "none", "--websocket-api", file],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    told = dict(process.stdout.readline()[7:-1].split("=", 1) for _ in range(11))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    process.stdout.close()
    url = told["LAMBDAMETER_WEBSOCKET_URL"]
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/live", url)
    assert told["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"] == url.replace("ws:", "http:")


def test_a_port_beyond_all_ports_is_wrong_usage() -> None:
    exit_code, told = refused("--port", "70000")
    assert exit_code == 2
    assert "--port" in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            ("--host", "localhost"),
            ["error: 'localhost' is not an IP address", "  where: --host"],
        ),
        (
            ("--allow-host", "http://box"),
            [
                "error: 'http://box' is not a host name or IP address",
                "  where: --allow-host",
            ],
        ),
    ],
)
def test_an_address_or_a_name_that_is_none_is_the_users_fault(
    options: tuple[str, ...], told: list[str]
) -> None:
    exit_code, said = refused(*options, "--port", "0", "--sandbox", "none")
    assert exit_code == 2
    assert said.splitlines()[:2] == told
    assert "  next:  Give " in said


def test_an_address_of_another_machine_is_the_hosts_fault() -> None:
    exit_code, told = refused("--host", "203.0.113.1", "--port", "0", "--sandbox", "none")
    assert exit_code == 3
    assert told.splitlines() == [
        "error: 203.0.113.1 is not an address of this machine",
        "  where: --host",
        ("  next:  Give an address that `ip address` lists, or 0.0.0.0 or :: for all addresses."),
    ]


def test_it_says_who_can_reach_it_and_answers_to_the_names_that_are_allowed(tmp_path: Path) -> None:
    everywhere = ("--host", "0.0.0.0", "--allow-host", "Box.test")  # noqa: S104 - it is tested
    process = subprocess.Popen(
        [LAMBDAMETER, "emulate", "--port", "0", "--sandbox", "none", *everywhere],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    told = dict(process.stdout.readline()[7:-1].split("=", 1) for _ in range(9))
    statuses = []
    for host in ("box.test", "other.test"):
        for service in ("LAMBDA", "DYNAMODB", "S3"):
            url = urlsplit(told[f"AWS_ENDPOINT_URL_{service}"])
            connection = http.client.HTTPConnection(str(url.hostname), url.port)
            connection.request("GET", "/", headers={"Host": host})
            statuses.append(connection.getresponse().status == 403)
            connection.close()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert statuses == 3 * [False] + 3 * [True]
    assert told["AWS_ENDPOINT_URL_LAMBDA"].startswith("http://127.0.0.1:")
    assert said.splitlines()[:6] == [
        "warning: the Lambda API, DynamoDB and S3 listen on every address of this machine.",
        (
            "  who:   Anyone who can reach this address can run code as this user, and change "
            "stored data."
        ),
        "         No credentials are checked.",
        "  names: Requests are accepted for box.test.",
        "  next:  Name the other host names and addresses that clients use with --allow-host.",
        "The local Lambda is ready. Press Ctrl-C to stop it.",
    ]
