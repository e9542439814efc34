from __future__ import annotations

import pytest

from lambdameter.guard.authority import Authority, Origin, authority, host, origin, origin_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LocalHost.:1", Authority("localhost", 1, loopback=True)),
        ("a.localhost", Authority("a.localhost", None, loopback=True)),
        ("127.8.9.10", Authority("127.8.9.10", None, loopback=True)),
        ("[0:0::1]:2", Authority("::1", 2, loopback=True)),
        ("[::ffff:127.0.0.1]", Authority("::ffff:7f00:1", None, loopback=True)),
        ("lambda_1.test:65535", Authority("lambda_1.test", 65_535, loopback=False)),
        ("[fd00::7]", Authority("fd00::7", None, loopback=False)),
    ],
)
def test_a_host_has_one_form_however_it_is_spelled(text: str, found: Authority) -> None:
    assert authority(text) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "a b", "a..b", "-a", "a-", "a:", "a:x", "a:65536", "a:000001", "a:1:2"),
        *("u@a", "a/b", "::1", "[::1", "[::1%lo]", "[a]", "[::1]x", "127.1", "0x7f.0.0.1"),
        *("2130706433", "1.2.3.256", "é", "a%62", "a" * 64, "a." * 126 + "aa", "1" * 10_000),
    ],
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert authority(text) is None


def test_an_origin_has_its_default_port() -> None:
    assert origin("HTTP://localhost") == Origin("http", "localhost", 80)
    assert origin("https://localhost:443") == Origin("https", "localhost", 443)
    assert origin("ftp://localhost") == Origin("ftp", "localhost", None)
    server = authority("localhost")
    assert server is not None
    assert origin_of("https", server) == Origin("https", "localhost", 443)


@pytest.mark.parametrize("text", ["", "null", "localhost", "http://", "http://a/", "1http://a"])
def test_what_is_no_origin_is_none(text: str) -> None:
    assert origin(text) is None


def test_a_name_that_is_given_has_no_port_and_is_not_every_address() -> None:
    assert host("Box.test.") == "box.test"
    assert host("fd00::0:2") == host("[FD00::2]") == "fd00::2"
    for text in ("box:1", "0.0.0.0", "::", "::ffff:0:0", "http://box", "*.box", "", "[::1"):  # noqa: S104
        assert host(text) is None
