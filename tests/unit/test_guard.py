from __future__ import annotations

import pytest

from lambdameter.guard import allowed

LISTEN = (("http://page:1",), ("race.local",))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9002", "localhost:9002", "localhost", "[::1]:9002", "race.local:1"]
)
def test_an_address_localhost_and_the_names_told_are_ours(host: str):
    assert allowed({"host": host}, *LISTEN)


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example", "[", "localhost."])
def test_a_name_that_was_bent_to_point_here_is_not(host: str):
    assert not allowed({"host": host}, *LISTEN)


@pytest.mark.parametrize("origin", ["http://page:1", "http://127.0.0.1:9002"])
def test_pages_that_were_told_and_its_own_are_welcome(origin: str):
    assert allowed({"host": "127.0.0.1:9002", "origin": origin}, *LISTEN)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:8000", "null", "", "https://page:1"]
)
def test_any_other_page_is_not_even_one_of_this_machine(origin: str):
    assert not allowed({"host": "127.0.0.1:9002", "origin": origin}, *LISTEN)
