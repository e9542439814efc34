"""The port that dynoxide itself serves: it would answer any page that finds it."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

# What the kernel answers on loopback, it answers at once.
ENOUGH_S = 0.5


@pytest.fixture
def inner(plane: Any) -> tuple[str, int]:
    """The one listening socket that nobody is told of."""
    told = {urlsplit(plane.announced[name]).port for name in ("dynamodb", "s3", "admin")}
    (address,) = (
        (one.laddr.ip, one.laddr.port)
        for one in psutil.Process(plane.process.pid).net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port not in told
    )
    return address


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.2", "127.254.254.254"])
def test_nobody_else_gets_so_much_as_a_connection(
    plane: Any, inner: tuple[str, int], source: str
) -> None:
    with socket.socket() as client:
        client.settimeout(ENOUGH_S)
        client.bind((source, 0))
        with pytest.raises(TimeoutError):
            client.connect(inner)
    assert plane.client("dynamodb").list_tables()["TableNames"] == []


def test_two_processes_do_not_share_the_address_that_may(start: Any) -> None:
    sources = [inner_source(start("--latency", "off", "--seed", "1")) for _ in range(2)]
    assert sources[0] != sources[1]


def inner_source(plane: Any) -> str:
    """Where the services call dynoxide from: the first request makes the connection."""
    plane.client("dynamodb").list_tables()
    (source,) = {
        one.laddr.ip
        for one in psutil.Process(plane.process.pid).net_connections("tcp")
        if one.status == psutil.CONN_ESTABLISHED and not one.laddr.ip.startswith("127.0.0.")
    }
    return str(source)
