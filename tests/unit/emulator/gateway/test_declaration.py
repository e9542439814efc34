from __future__ import annotations

from pathlib import Path

import pytest

from lambdameter.emulator.gateway.declaration import (
    Listen,
    WebSocketApi,
    hosts,
    load,
    origins,
)
from lambdameter.errors import BadInputError
from lambdameter.guard.authority import Origin

GOOD = """
name = "race"
stage = "live"
[routes]
"$connect" = "connection"
run = "runner"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "api.toml"


def test_a_declaration_is_read_and_listens_on_loopback_where_nothing_is_said(file: Path) -> None:
    file.write_text(GOOD)
    routes = {"$connect": "connection", "run": "runner"}
    assert load(file) == WebSocketApi(name="race", stage="live", routes=routes)
    assert load(file).listen == Listen(host="127.0.0.1", port=0)


def test_where_it_listens_and_whose_pages_are_welcome_can_be_told(file: Path) -> None:
    file.write_text(GOOD + '[listen]\nhost = "0.0.0.0"\nport = 9002\norigins = ["http://p:1"]\n')
    assert load(file).listen == Listen(host="0.0.0.0", port=9_002, origins=("http://p:1",))  # noqa: S104


def test_who_binds_an_address_is_called_by_it() -> None:
    assert hosts(Listen(host="192.0.2.7", hosts=("Race.test",))) == {"192.0.2.7", "race.test"}
    assert hosts(Listen(host="fd00:0::7")) == {"fd00::7"}
    assert hosts(Listen(host="0.0.0.0")) == frozenset()  # noqa: S104 - that is what is tested
    assert hosts(Listen(host="box.test")) == frozenset()


def test_origins_are_compared_as_what_they_are() -> None:
    assert origins(Listen(origins=("HTTP://Page.test",))) == {Origin("http", "page.test", 80)}


def test_one_name_has_one_api_id_of_ten_characters() -> None:
    ids = {WebSocketApi(name=name, stage="s", routes={}).api_id for name in ("a", "a", "b")}
    assert {len(api_id) for api_id in ids} == {10}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("name = ", "This file is not valid TOML: Invalid value"),
        (GOOD + "[more]\nx = 1\n", "The declaration is not valid: Object contains unknown field"),
        ('name = "race"\nstage = "live"\n', "missing required field `routes`"),
        (GOOD + "save = 3\n", "Expected `str`, got `int`"),
        (GOOD.replace("live", "a/b"), "'a/b' is not a valid stage"),
        (GOOD + '"$other" = "f"\n', "'$other' is not a valid route"),
        ('name = "race"\nstage = "live"\n[routes]\n', "The API has no route"),
        (GOOD + "[listen]\nport = 70000\n", "70000 is not a port number"),
        (GOOD + '[listen]\nhosts = ["race.test:80"]\n', "'race.test:80' in `hosts` is not"),
        (GOOD + '[listen]\nhosts = ["0.0.0.0"]\n', "'0.0.0.0' in `hosts` is not"),
        (GOOD + '[listen]\norigins = ["http://a/"]\n', "'http://a/' in `origins` is not"),
        (GOOD + '[listen]\norigins = ["null"]\n', "'null' in `origins` is not the origin"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(file: Path, text: str, cause: str) -> None:
    file.write_text(text)
    with pytest.raises(BadInputError) as error:
        load(file)
    assert cause in error.value.cause
    assert error.value.place == str(file)


def test_a_declaration_that_is_not_there_is_bad_input(file: Path) -> None:
    with pytest.raises(BadInputError, match="cannot be read: No such file"):
        load(file)


def test_what_is_not_utf_8_is_bad_input(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(BadInputError, match="is not valid TOML"):
        load(file)
