from __future__ import annotations

import pytest

from lambdameter.emulator.http.binding import Binding, binding
from lambdameter.errors import BadInputError

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - that is what is tested


def test_by_default_this_machine_alone_reaches_it() -> None:
    where = binding()
    assert where == Binding(host="127.0.0.1", names=frozenset())
    assert (where.local, where.everywhere) == (True, False)


@pytest.mark.parametrize("host", ["127.0.0.9", "::1"])
def test_every_address_of_loopback_is_this_machines_alone(host: str) -> None:
    assert binding(host).local


@pytest.mark.parametrize("host", EVERYWHERE)
def test_who_listens_everywhere_is_called_by_what_he_says(host: str) -> None:
    where = binding(host, ("Box.test.", "[fd00:0::7]"))
    assert where.names == {"box.test", "fd00::7"}
    assert (where.local, where.everywhere) == (False, True)


def test_who_binds_an_address_is_called_by_it() -> None:
    assert binding("192.0.2.7").names == {"192.0.2.7"}
    assert binding("FD00:0::7").names == {"fd00::7"}


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        *zip(EVERYWHERE, ("127.0.0.1:1", "[::1]:1"), strict=True),
        ("fd00::7", "[fd00::7]:1"),
        ("192.0.2.7", "192.0.2.7:1"),
    ],
)
def test_a_client_on_this_machine_is_told_an_address_that_it_can_call(
    host: str, reached: str
) -> None:
    assert binding(host).reached(1) == reached


@pytest.mark.parametrize(
    "host", ["", "localhost", "127.1", "127.0.0.1:80", "[::1]", "::1%lo", "::ffff:127.0.0.1", "0"]
)
def test_what_is_no_address_is_bad_input(host: str) -> None:
    with pytest.raises(BadInputError, match="is not an IP address") as error:
        binding(host)
    assert (error.value.exit_code, error.value.place) == (2, "--host")


@pytest.mark.parametrize("name", ["", "a:1", "http://a", "a/b", "*.a", "u@a", "a b", *EVERYWHERE])
def test_what_no_client_could_call_is_bad_input(name: str) -> None:
    with pytest.raises(BadInputError, match="is not a host name or IP address") as error:
        binding(allowed=("fine", name))
    assert (error.value.exit_code, error.value.place) == (2, "--allow-host")
