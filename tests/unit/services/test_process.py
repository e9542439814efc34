"""How the data plane starts, refuses to start, and ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_it_announces_itself_with_the_engines_that_were_built_in(plane: Any) -> None:
    announced = plane.announced

    assert re.fullmatch(r"https://127\.0\.0\.1:\d+", announced["dynamodb"])
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+", announced["s3"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", announced["admin"])
    assert Path(announced["ca_bundle"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    lock = (Path(__file__).parents[3] / "Cargo.lock").read_text()
    for engine in announced["engines"].values():
        *_, name, version = engine.split()
        assert f'name = "{name}"\nversion = "{version}"' in lock


def test_it_prints_exactly_one_line_on_stdout(plane: Any) -> None:
    plane.process.stdin.close()

    assert plane.process.stdout.read() == ""


def test_it_ends_with_its_standard_input(plane: Any) -> None:
    plane.process.stdin.close()

    assert plane.process.wait(timeout=30) == 0


def test_it_ends_on_sigterm(plane: Any) -> None:
    plane.process.send_signal(signal.SIGTERM)

    assert plane.process.wait(timeout=30) == 0


@pytest.fixture
def refuse(binary: str) -> Callable[..., tuple[int, str]]:
    """Starts a data plane that cannot start: its exit code, and the one line that it says."""

    def refused(*flags: str) -> tuple[int, str]:
        ended = subprocess.run(
            [binary, *flags], check=False, capture_output=True, text=True, timeout=30
        )
        assert ended.stdout == ""
        lines = ended.stderr.splitlines()
        assert len(lines) == 1
        return ended.returncode, lines[0]

    return refused


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ([], "--state"),
        (["--state", "x", "--seed", "many"], "'many'"),
        (["--state", "x", "--s3-port", "70000"], "70000"),
        (["--state", "x", "--unheard"], "--unheard"),
        (["--state", "x", "--host", "localhost"], "'localhost'"),
        (["--state", "x", "--allow-host", "box:80"], "'box:80'"),
        (["--state", "x", "--allow-host", "::"], "'::'"),
        (["--state", "x", "--faults", "fire=0.1"], "'fire' is not a kind of fault"),
        (
            ["--state", "x", "--faults", "cut=2"],
            "'2' is not a probability from 0 to 1",
        ),
        (["--state", "x", "--faults", "cut=0.6,5xx=0.6"], "add up to more than 1"),
    ],
)
def test_a_bad_flag_is_bad_input(refuse: Any, flags: list[str], said: str) -> None:
    code, line = refuse(*flags)

    assert code == 2
    assert said in line
    assert "--help" in line


def test_an_absent_latency_file_is_bad_input(refuse: Any, tmp_path: Path) -> None:
    code, line = refuse("--state", str(tmp_path), "--latency", str(tmp_path / "absent.toml"))

    assert code == 2
    assert "absent.toml" in line
    assert "--latency" in line


def test_a_malformed_latency_file_is_bad_input_named_with_its_line(
    refuse: Any, tmp_path: Path, latency_file: Any
) -> None:
    path = latency_file("[dynamodb]\ndefualt = { p50_ms = 1.0, p99_ms = 1.0 }\n")

    code, line = refuse("--state", str(tmp_path), "--latency", path)

    assert code == 2
    assert "line 4" in line
    assert "defualt" in line
    assert path in line


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("p50_ms = 38.0", "line 3: missing field `p99_ms`"),
        ("p50_ms = 38.0, p99_ms = 19.0", "connection: p99_ms must not be below p50_ms"),
        ("p50_ms = -1.0, p99_ms = 19.0", "connection: p50_ms must be above 0"),
        ("p50_ms = 1.0, p99_ms = 2.0, mb_per_s = 3.0", "line 3: unknown field `mb_per_s`"),
    ],
)
def test_a_malformed_connection_is_bad_input(
    refuse: Any, tmp_path: Path, latency_file: Any, table: str, told: str
) -> None:
    path = latency_file(f"connection = {{ {table} }}\n")
    code, line = refuse("--state", str(tmp_path), "--latency", path)
    assert code == 2
    assert told in line


def test_a_taken_port_is_a_matter_of_the_host(refuse: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, line = refuse("--state", str(tmp_path), "--dynamodb-port", str(port))

    assert code == 3
    assert f"port {port} is already in use" in line
    assert "--dynamodb-port" in line


def test_an_address_that_is_not_this_machines_is_a_matter_of_the_host(
    refuse: Any, tmp_path: Path
) -> None:
    code, line = refuse("--state", str(tmp_path), "--host", "203.0.113.1")

    assert code == 3
    assert "203.0.113.1 is not an address of this machine (--host)" in line


def test_one_that_listens_everywhere_is_found_on_loopback_and_at_its_address(start: Any) -> None:
    plane = start("--latency", "off", "--host", "0.0.0.0", "--allow-host", "box.test")  # noqa: S104

    assert plane.announced["dynamodb"].startswith("https://127.0.0.1:")
    assert plane.client("s3").list_buckets()["Buckets"] == []


def test_one_at_an_address_of_ipv6_is_found_there(start: Any) -> None:
    plane = start("--latency", "off", "--host", "::1")

    assert plane.announced["dynamodb"].startswith("https://[::1]:")
    assert plane.client("dynamodb").list_tables()["TableNames"] == []
    assert plane.announced["admin"].startswith("http://127.0.0.1:")


def test_a_state_folder_that_cannot_be_made_is_a_matter_of_the_host(
    refuse: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    code, line = refuse("--state", str(tmp_path / "file" / "state"))

    assert code == 3
    assert str(tmp_path / "file" / "state") in line
    assert "--state" in line
